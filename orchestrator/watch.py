"""Follow an experiment that another process runs."""

import time
from pathlib import Path

from orchestrator.lease import is_held
from orchestrator.ledger import Ledger, reading_ledger
from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress_tracker import ProgressTracker
from orchestrator.run_directory import RunDirectory, open_run_directory

__all__ = ["watch_experiment"]

_POLL_S = 0.5


def watch_experiment(root: Path, *, view: AbstractView) -> None:
    """Show what the ledger of `root` says until nobody writes to it any more.

    Args:
        root: A run directory.
        view: Where progress is shown.

    Raises:
        RunDirectoryError: If `root` is not a run directory.
    """
    directory = open_run_directory(root)
    with reading_ledger(directory.paths.ledger_file) as ledger, view:
        _follow(ledger, directory=directory, view=view)


def _follow(ledger: Ledger, *, directory: RunDirectory, view: AbstractView) -> None:
    tracker = ProgressTracker(directory.config, num_slots=len(directory.manifest["slots"]))
    began_s = time.monotonic()
    while True:
        # Looked at before the news: what its holder wrote last is then part of them.
        is_going_on = is_held(directory.paths.lease_file)
        events = tracker.absorb(ledger.news(after=tracker.changes))
        # The totals first: lines that tell of an interval need them.
        view.update(tracker.snapshot(elapsed_s=time.monotonic() - began_s, is_finished=not is_going_on))
        for event in events:
            view.show(event)
        if not is_going_on:
            return
        time.sleep(_POLL_S)
