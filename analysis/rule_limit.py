"""Say of a rule whether it can ever fire."""

from dataclasses import dataclass

__all__ = ["RuleLimit"]


@dataclass(frozen=True, slots=True)
class RuleLimit:
    """What a rule asks for, and whether anything could meet it: a count of zero may be arithmetic and not calm."""

    rule: str
    can_fire: bool
    why: str
    """The proof where it cannot fire; what it takes where it can."""
