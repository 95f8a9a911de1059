"""Repeat the omnibus tests without the initial state."""

from dataclasses import dataclass

from analysis.apa import apa_line
from analysis.grid import Grid
from analysis.levels import Label
from analysis.rm_anova import RmAnova, rm_anova
from analysis.sign_flip import SignFlip, flip_levels
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["WithoutFirstLevel", "without_first_level"]

NOTE = (
    "A loss starts near ln(vocabulary), so that an F over all levels mostly says that training began. The first level "
    "is left out here for every experiment, never because of what the data show."
)


@dataclass(frozen=True, slots=True)
class WithoutFirstLevel:
    """The omnibus tests over every level but the first."""

    left_out: Label
    rm_anova: RmAnova | Undefined
    sign_flip: SignFlip | Undefined
    apa: str | Undefined
    note: str


def without_first_level(grid: Grid) -> WithoutFirstLevel | Undefined:
    """The analysis of variance and the sign-flip test of a complete grid, shape (num_seeds, num_levels), less level 0.

    Formulas, assumptions and what is undefined: as `rm_anova` and `flip_levels`.
    """
    if grid.num_levels < 3:
        return Undefined(f"{counted(max(grid.num_levels - 1, 0), 'level')} left without the first one")
    values = grid.values[:, 1:]
    anova, sign_flip = rm_anova(values), flip_levels(values)
    return WithoutFirstLevel(
        left_out=grid.levels[0],
        rm_anova=anova,
        sign_flip=sign_flip,
        apa=apa_line(anova, sign_flip=sign_flip),
        note=NOTE,
    )
