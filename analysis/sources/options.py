"""What the user says about a source: which columns, and which rules where it is not plain."""

from dataclasses import dataclass
from enum import StrEnum

from analysis.audit import Missing
from analysis.simultaneous import Reference

__all__ = ["Align", "Duplicates", "SourceOptions", "Wide"]


class Align(StrEnum):
    """What happens to seeds that were measured at different levels."""

    REFUSE = "refuse"
    INTERSECT = "intersect"
    """Only the levels that every seed has."""
    INTERPOLATE = "interpolate"
    """The levels of the coarsest seed, inside the range that all share, read off straight lines."""


class Duplicates(StrEnum):
    """What happens to a cell that is there more than once, as after the restart of a run."""

    REFUSE = "refuse"
    FIRST = "first"
    LAST = "last"


class Wide(StrEnum):
    """What the columns of a wide table stand for."""

    LEVELS = "levels"
    """One row per seed, one column per level."""
    SEEDS = "seeds"
    """One row per level, one column per seed."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Names and rules; None or nothing where the source itself is to tell."""

    subject: str | None = None
    """Column that names the seeds."""
    within: str | None = None
    """Column that names the levels."""
    metrics: tuple[str, ...] = ()
    subject_from: str | None = None
    """Pattern that takes the seed out of a file's path or a run's name, such as `run-{seed}`."""
    align: Align = Align.REFUSE
    duplicates: Duplicates = Duplicates.REFUSE
    wide: Wide | None = None
    missing: Missing = Missing.DROP_SEEDS
    reference: Reference = Reference.LAST
    """The level with which the others are compared."""
    every: int | None = None
    """Each n-th level is analysed; None takes all, unless there are very many."""
    higher_is_better: tuple[str, ...] = ()
    """Metrics that are analysed with the opposite sign, since everything here looks for the lowest value."""

    def __post_init__(self) -> None:
        """Take a rule's name for the rule; a ValueError says which names there are none of."""
        rules = {
            "align": Align(self.align),
            "duplicates": Duplicates(self.duplicates),
            "missing": Missing(self.missing),
            "reference": Reference(self.reference),
        }
        if self.wide is not None:
            rules["wide"] = Wide(self.wide)
        for name, rule in rules.items():
            object.__setattr__(self, name, rule)

    @property
    def subject_name(self) -> str:
        """What the seeds' column is called where the source has none."""
        return self.subject or "seed"
