"""Orders in which the levels of an experiment are gone through, one order per block."""

import random
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import TypeVar

__all__ = ["blocked_orders"]

_MOST_PERMUTED = 6  # 720 orders; of more levels each order is drawn by itself

Level = TypeVar("Level")


def blocked_orders(levels: Sequence[Level], *, num_blocks: int, rng: random.Random) -> Iterator[tuple[Level, ...]]:
    """One random order of the levels per block; none comes again before all have come, where they can be listed.

    Args:
        levels: For example the conditions that every seed goes through.
        num_blocks: For example the number of seeds.
        rng: Draws the orders.
    """
    every = list(permutations(levels)) if len(levels) <= _MOST_PERMUTED else []
    for block in range(num_blocks):
        if not every:
            yield tuple(rng.sample(levels, len(levels)))
            continue
        if block % len(every) == 0:
            rng.shuffle(every)
        yield every[block % len(every)]
