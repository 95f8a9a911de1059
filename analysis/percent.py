"""Write a share as a percentage."""

__all__ = ["percent"]


def percent(share: float, *, digits: int | None = None) -> str:
    """A share such as `53.9 %`.

    Args:
        share: 1 is all.
        digits: Decimals; without it as many as the share needs, such as `12.5 %`.
    """
    value = 100 * share
    return f"{value:g} %" if digits is None else f"{value:z.{digits}f} %"
