"""Say in sentences what a convergence study found."""

from collections.abc import Sequence

from analysis.probes.convergence_summary import ConditionConvergence
from analysis.probes.phases import CONVERGENCE, DIVERGENCE, RECONVERGENCE, UNIFORM
from analysis.t_interval import t_critical
from configs.counted import counted

__all__ = ["convergence_sentences"]

_ALL_PHASES = (UNIFORM, CONVERGENCE, DIVERGENCE, RECONVERGENCE)


def convergence_sentences(
    conditions: Sequence[ConditionConvergence], *, seed_controls: Sequence[str]
) -> tuple[str, ...]:
    """One or two sentences for each condition.

    Args:
        conditions: What was found.
        seed_controls: What a seed changes; empty where nothing tells.
    """
    changes = " and ".join(control.replace("_", " ") for control in seed_controls)
    opening = (f"A seed changes {changes}: convergence answers for nothing else.",) if changes else ()
    return (*opening, *(sentence for one in conditions for sentence in _of_condition(one)))


def _of_condition(one: ConditionConvergence) -> list[str]:
    num_seeds, last = one.groups[0].num_seeds, one.estimates[-1]
    opening = f"{one.condition}: the convergence of {num_seeds} seeds"
    end = (
        f"{_with_interval(one)} nats at step {one.groups[-1].step:,} ({counted(last.num_contexts, 'context')}; 0 = all "
        "seeds predict the same)"
    )
    if len(one.groups) == 1:
        return [f"{opening} is {end}; one interval shows no change."]
    first = f"{one.estimates[0].convergence_nats:z.4f} at step {one.groups[0].step:,}"
    return [f"{opening} goes from {first} to {end}.", _phase_sentence(one)]


def _with_interval(one: ConditionConvergence) -> str:
    """The last convergence with its 95 % t interval over seeds, which needs three of them."""
    num_seeds, last = one.groups[0].num_seeds, one.estimates[-1]
    if num_seeds < 3:
        return f"{last.convergence_nats:z.4f}"
    half_width = t_critical(num_seeds - 1) * last.jackknife_se
    low, high = last.convergence_nats - half_width, last.convergence_nats + half_width
    return f"{last.convergence_nats:z.4f} [{low:z.4f}, {high:z.4f}]"


def _phase_sentence(one: ConditionConvergence) -> str:
    phases = "; ".join(
        f"{phase.name} from step {one.step(phase.start):,} to {one.step(phase.end):,} ({phase.change_nats:+z.4f} nats)"
        for phase in one.phases
    )
    missing = [name for name in _ALL_PHASES if name not in {phase.name for phase in one.phases}]
    not_there = f"Not there: {', '.join(missing)}." if missing and phases else ""
    return f"{one.condition}: {phases or 'no phase was detected'}. {not_there}".strip()
