"""Follow an experiment that another process runs."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.ending import ExitCode
from orchestrator.lease import Holder, holder_of
from orchestrator.ledger import Ledger, reading_ledger
from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress.events import Event
from orchestrator.progress_tracker import ProgressTracker
from orchestrator.run_directory import RunDirectory, open_run_directory
from orchestrator.run_state import RunState

__all__ = ["watch_experiment"]

_POLL_S = 0.5


def watch_experiment(root: Path, *, view: AbstractView) -> int:
    """Show what the ledger of `root` says until nobody writes to it any more.

    Args:
        root: A run directory.
        view: Where progress is shown.

    Returns:
        The exit code with which the command that trained has ended, as far as the ledger tells.

    Raises:
        RunDirectoryError: If `root` is not a run directory.
    """
    directory = open_run_directory(root)
    with reading_ledger(directory.paths.ledger_file) as ledger, view:
        return _exit_code(_follow(ledger, directory=directory, view=view))


def _follow(ledger: Ledger, *, directory: RunDirectory, view: AbstractView) -> set[RunState]:
    tracker = ProgressTracker(directory.config, num_slots=len(directory.manifest["slots"]))
    elapsed_s = None
    is_first_look = True
    while True:
        # Looked at before the news: what its holder wrote last is then part of them.
        holder = holder_of(directory.paths.lease_file)
        elapsed_s = elapsed_s if holder is None else _held_s(holder)
        events = tracker.absorb(ledger.news(after=tracker.changes))
        # The totals first: lines that tell of an interval need them.
        view.update(tracker.snapshot(elapsed_s=elapsed_s, is_finished=holder is None))
        if is_first_look:
            view.look_back(events)
        else:
            _show(events, view=view)
        if holder is None:
            return set(tracker.states().values())
        is_first_look = False
        time.sleep(_POLL_S)


def _show(events: Sequence[Event], *, view: AbstractView) -> None:
    for event in events:
        view.show(event)


def _held_s(holder: Holder) -> float | None:
    return None if holder.since is None else max(0.0, (datetime.now(UTC) - holder.since).total_seconds())


def _exit_code(states: set[RunState]) -> int:
    if RunState.FAILED in states:
        return ExitCode.FAILED_RUNS
    return ExitCode.DONE if states == {RunState.COMPLETED} else ExitCode.STOPPED
