"""Correct the p of an F for a departure from sphericity."""

from dataclasses import dataclass

from scipy import stats

from analysis.epsilons import Epsilons
from analysis.undefined import Undefined

__all__ = ["CorrectedP", "corrected_p"]


@dataclass(frozen=True, slots=True)
class CorrectedP:
    """Upper tails of F(e df_effect, e df_error), one per estimate e of epsilon."""

    uncorrected: float
    gg: float
    hf: float
    cm: float | Undefined
    lb: float


def corrected_p(f: float, *, df_effect: int, df_error: int, epsilon: Epsilons) -> CorrectedP:
    """The p of `f` with both degrees of freedom multiplied by each epsilon; undefined where the epsilon is."""

    def upper_tail(estimate: float) -> float:
        return float(stats.f.sf(f, df_effect * estimate, df_error * estimate))

    cm = epsilon.cm
    return CorrectedP(
        uncorrected=upper_tail(1.0),
        gg=upper_tail(epsilon.gg),
        hf=upper_tail(epsilon.hf),
        cm=cm if isinstance(cm, Undefined) else upper_tail(cm),
        lb=upper_tail(epsilon.lb),
    )
