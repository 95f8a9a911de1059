"""Say a repeated-measures analysis in one line, after the American Psychological Association's conventions."""

from analysis.apa_numbers import floor_text, p_relation, share_relation, share_text
from analysis.few_seeds import is_only_described, why_no_p
from analysis.mauchly import Mauchly
from analysis.rm_anova import RmAnova
from analysis.sign_flip import SignFlip
from analysis.sign_patterns import FlipMethod
from analysis.undefined import Undefined

__all__ = ["apa_line"]


def apa_line(anova: RmAnova | Undefined, *, sign_flip: SignFlip | Undefined) -> str | Undefined:
    """F with uncorrected degrees of freedom, the epsilons, the headline p, the sign-flip p and the effect size.

    Of seeds that are too few to infer anything from, F and sizes alone, and why there is no p.

    Args:
        anova: The analysis.
        sign_flip: The omnibus test on the same grid.

    Returns:
        One line, or the reason why there is no F.
    """
    if isinstance(anova, Undefined):
        return anova
    num_seeds = anova.df_error // anova.df_effect + 1
    f, effect_size = f"F({anova.df_effect}, {anova.df_error}) = {anova.F:,.2f}", f"ges {share_relation(anova.ges)}"
    if is_only_described(num_seeds):
        return f"{f}, {_gg(anova)}, {effect_size}; {why_no_p(num_seeds)}"
    tests = f"eps_CM {_share(anova.epsilon.cm)}, p_GG {p_relation(anova.p.gg)}, {_flip(sign_flip)}"
    return f"{f}, {_gg(anova)}, {tests}, {effect_size}; {_mauchly(anova.mauchly)}"


def _gg(anova: RmAnova) -> str:
    ceiling = anova.epsilon.gg_ceiling
    return f"eps_GG {share_relation(anova.epsilon.gg)}" + (f" [ceiling {share_text(ceiling)}]" if ceiling < 1 else "")


def _flip(sign_flip: SignFlip | Undefined) -> str:
    if isinstance(sign_flip, Undefined):
        return "sign-flip p undefined"
    name = "exact" if sign_flip.method is FlipMethod.EXACT else "Monte Carlo"
    return f"{name} sign-flip p {p_relation(sign_flip.p)} (floor {floor_text(sign_flip.p_floor)})"


def _mauchly(mauchly: Mauchly | Undefined) -> str:
    if isinstance(mauchly, Undefined):
        reason, _, _ = mauchly.reason.partition(":")
        return f"Mauchly undefined ({reason})"
    return f"Mauchly W {share_relation(mauchly.W)}, p {p_relation(mauchly.p)}"


def _share(value: float | Undefined) -> str:
    return "undefined" if isinstance(value, Undefined) else share_relation(value)
