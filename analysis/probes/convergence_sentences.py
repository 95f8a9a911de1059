"""Say in sentences what a convergence study found."""

from collections.abc import Sequence

from analysis.probes.convergence_summary import ConditionConvergence
from analysis.probes.phases import CONVERGENCE, DIVERGENCE, RECONVERGENCE, UNIFORM
from analysis.t_interval import t_critical

__all__ = ["convergence_sentences"]

_ALL_PHASES = (UNIFORM, CONVERGENCE, DIVERGENCE, RECONVERGENCE)


def convergence_sentences(
    conditions: Sequence[ConditionConvergence], *, seed_controls: Sequence[str]
) -> tuple[str, ...]:
    """Two or three sentences for each condition.

    Args:
        conditions: What was found.
        seed_controls: What a seed changes; empty where nothing tells.
    """
    changes = " and ".join(control.replace("_", " ") for control in seed_controls)
    opening = (f"A seed changes {changes}: convergence answers for nothing else.",) if changes else ()
    return (*opening, *(sentence for one in conditions for sentence in _of_condition(one)))


def _of_condition(one: ConditionConvergence) -> list[str]:
    first, last = one.estimates[0], one.estimates[-1]
    num_seeds = one.groups[0].num_seeds
    interval = f" +- {t_critical(num_seeds - 1) * last.jackknife_se:.4f}" if num_seeds > 2 else ""
    sentences = [
        f"{one.condition}: the convergence of {num_seeds} seeds goes from {first.convergence_nats:.4f} at step "
        f"{one.groups[0].step:,} to {last.convergence_nats:.4f}{interval} nats at step {one.groups[-1].step:,} "
        f"({last.num_contexts:,} contexts; 0 = all seeds predict the same)."
    ]
    phases = "; ".join(
        f"{phase.name} from step {one.step(phase.start):,} to {one.step(phase.end):,} ({phase.change_nats:+.3f} nats)"
        for phase in one.phases
    )
    missing = [name for name in _ALL_PHASES if name not in {phase.name for phase in one.phases}]
    not_there = f"Not there: {', '.join(missing)}." if missing else ""
    sentences.append(f"{one.condition}: {phases or 'no phase was detected'}. {not_there}".strip())
    return sentences
