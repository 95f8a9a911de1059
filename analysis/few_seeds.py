"""Say from how many seeds on anything is inferred."""

from configs.counted import counted

__all__ = ["MIN_SEEDS_TO_INFER", "is_only_described", "why_no_p"]

# The exact test of three seeds cannot give a p below .25, and the t-tests rest on an SD of two degrees of freedom.
MIN_SEEDS_TO_INFER = 4


def is_only_described(num_seeds: int) -> bool:
    """Whether there are so few seeds that reports and sentences show no p; statistics.json keeps it."""
    return num_seeds < MIN_SEEDS_TO_INFER


def why_no_p(num_seeds: int) -> str:
    """The reason, to stand in the place of a p: `no p: 3 seeds are only described`."""
    return f"no p: {counted(num_seeds, 'seed')} {'is' if num_seeds == 1 else 'are'} only described"
