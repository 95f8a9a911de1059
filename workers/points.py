"""The moments at which a crash would meet half-done work, each with a name."""

from collections.abc import Callable
from enum import StrEnum

__all__ = ["Point", "Reach", "pass_by"]


class Point(StrEnum):
    """Where a process is; whoever is given a `Reach` calls it there."""

    STEP_TAKEN = "a step was taken"
    EVALUATED = "an interval was evaluated"
    RESUME_STAGED = "the resume state was staged"
    WEIGHTS_WRITTEN = "the weights of a checkpoint were written, and nothing else of it"
    CHECKPOINT_STAGED = "a checkpoint was staged"
    RECORD_CHECKED = "a record was checked, and nothing of it published"
    RESUME_PUBLISHED = "the resume state has its final name"
    CHECKPOINT_PUBLISHED = "the checkpoint has its final name"
    COMMITTING = "a record is about to be committed"
    COMMITTED = "a record was committed"
    DIRECTORY_MADE = "the run directory was made"
    ATTEMPT_BEGUN = "the ledger knows of a new attempt"
    RUN_STARTED = "a run was started"
    OUTCOME_NOTED = "the ledger knows how an attempt ended"
    RUNS_ENDED = "no run is going any more"
    TABLE_WRITTEN = "the table was written, and no statistics"


Reach = Callable[[Point], None]


def pass_by(point: Point) -> None:
    """Do nothing at any point, as always outside of tests."""
    del point
