"""Which runs a table has room for, and one line about the rest."""

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.progress.formatting import loss
from orchestrator.progress.glyphs import Glyphs
from orchestrator.progress.snapshot import RunView
from orchestrator.run_state import RunState

__all__ = ["RunChoice", "choose_runs", "count_by_state", "summaries"]

# From what a reader must see to what can wait.
_URGENCY = (
    RunState.FAILED,
    RunState.TRAINING,
    RunState.STARTING,
    RunState.STOPPED,
    RunState.COMPLETED,
    RunState.WAITING,
)


@dataclass(frozen=True, slots=True)
class RunChoice:
    """The runs of an experiment, parted; both in the experiment's order."""

    shown: tuple[RunView, ...]
    hidden: tuple[RunView, ...]


def choose_runs(runs: tuple[RunView, ...], *, num_lines: int) -> RunChoice:
    """The most urgent runs that fit `num_lines`, of which the last is kept for the rest where not all fit."""
    num_shown = len(runs) if len(runs) <= num_lines else max(0, num_lines - 1)
    by_urgency = sorted(range(len(runs)), key=lambda index: _URGENCY.index(runs[index].state))
    chosen = frozenset(by_urgency[:num_shown])
    return RunChoice(
        shown=tuple(run for index, run in enumerate(runs) if index in chosen),
        hidden=tuple(run for index, run in enumerate(runs) if index not in chosen),
    )


def count_by_state(runs: Iterable[RunView], *, glyphs: Glyphs) -> str:
    """How many runs are in each state, the most urgent first: `1 failed · 2 training · 3 waiting`."""
    return f" {glyphs.dot} ".join(f"{len(group)} {state}" for state, group in _by_state(runs).items())


def summaries(hidden: tuple[RunView, ...], *, glyphs: Glyphs) -> tuple[str, ...]:
    """Lines about the runs that are not shown, from the most to the least that can be told."""
    groups = _by_state(hidden)
    parts = [f"{len(group)} {state}{_best_range(group)}" for state, group in groups.items()]
    return (
        f"not shown: {f' {glyphs.dot} '.join(parts)}",
        f"not shown: {count_by_state(hidden, glyphs=glyphs)}",
        f"{len(hidden)} runs not shown",
        f"+{len(hidden)}",
    )


def _by_state(runs: Iterable[RunView]) -> dict[RunState, list[RunView]]:
    groups: dict[RunState, list[RunView]] = {state: [] for state in _URGENCY}
    for run in runs:
        groups[run.state].append(run)
    return {state: group for state, group in groups.items() if group}


def _best_range(group: list[RunView]) -> str:
    if group[0].state is not RunState.COMPLETED:
        return ""
    best = [run.best_val_loss for run in group if run.best_val_loss is not None]
    return f", best val {loss(min(best))} to {loss(max(best))}" if best else ""
