"""Cut rows into pieces of equal size."""

__all__ = ["largest_divisor"]


def largest_divisor(number: int, *, at_most: int) -> int:
    """The largest divisor of `number` that is no larger than `at_most`; both at least 1."""
    return next(divisor for divisor in range(min(number, at_most), 0, -1) if number % divisor == 0)
