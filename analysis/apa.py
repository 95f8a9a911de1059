"""Say a repeated-measures analysis in one line, after the American Psychological Association's conventions."""

from analysis.mauchly import Mauchly
from analysis.rm_anova import RmAnova
from analysis.sign_flip import SignFlip
from analysis.sign_patterns import FlipMethod
from analysis.undefined import Undefined

__all__ = ["apa_line"]


def apa_line(anova: RmAnova | Undefined, *, sign_flip: SignFlip | Undefined) -> str | Undefined:
    """F with uncorrected degrees of freedom, the epsilons, the headline p, the sign-flip p and the effect size.

    Args:
        anova: The analysis.
        sign_flip: The omnibus test on the same grid.

    Returns:
        One line, or the reason why there is no F.
    """
    if isinstance(anova, Undefined):
        return anova
    parts = [
        f"F({anova.df_effect}, {anova.df_error}) = {anova.F:,.2f}",
        _gg(anova),
        f"eps_CM {_share(anova.epsilon.cm)}",
        f"p_GG {_p(anova.p.gg)}",
        _flip(sign_flip),
        f"ges {_share(anova.ges)}",
    ]
    return f"{', '.join(parts)}; {_mauchly(anova.mauchly)}"


def _gg(anova: RmAnova) -> str:
    ceiling = anova.epsilon.gg_ceiling
    return f"eps_GG {_share(anova.epsilon.gg)}" + (f" [ceiling {_bare(ceiling, digits=2)}]" if ceiling < 1 else "")


def _flip(sign_flip: SignFlip | Undefined) -> str:
    if isinstance(sign_flip, Undefined):
        return "sign-flip p undefined"
    name = "exact" if sign_flip.method is FlipMethod.EXACT else "Monte Carlo"
    floor = sign_flip.p_floor
    return f"{name} sign-flip p {_p(sign_flip.p)} (floor {_bare(floor, digits=3 if floor >= 0.001 else 4)})"


def _mauchly(mauchly: Mauchly | Undefined) -> str:
    if isinstance(mauchly, Undefined):
        reason, _, _ = mauchly.reason.partition(":")
        return f"Mauchly undefined ({reason})"
    return f"Mauchly W {_share(mauchly.W)}, p {_p(mauchly.p)}"


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"= {_bare(value, digits=3)}"


def _share(value: float | Undefined) -> str:
    if isinstance(value, Undefined):
        return "undefined"
    if value < 1 and round(value, 2) == 1:
        return "> .99"
    if 0 < value < 0.005:
        return "< .01"
    return f"= {_bare(value, digits=2)}"


def _bare(value: float, *, digits: int) -> str:
    """A number of at most 1 without its leading zero."""
    return f"{value:.{digits}f}".removeprefix("0") if value < 1 else f"{value:.{digits}f}"
