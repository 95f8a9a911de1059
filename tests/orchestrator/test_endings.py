"""What went wrong inside the runs decides how the command ends, and the experiment goes on from there."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from configs.errors import NonFiniteLossError
from configs.experiment import ExperimentConfig
from orchestrator.ending import EndingKind
from orchestrator.launch import Finish, resume_experiment, start_experiment
from orchestrator.ledger import reading_ledger
from orchestrator.progress.events import ExperimentFinished
from orchestrator.run_directory import open_run_directory
from orchestrator.run_state import RunState
from orchestrator.sites import InlineSite
from orchestrator.stop_signal import StopRequest
from workers.points import Point, Reach

SHORT_PATIENCE = {"max_attempts": 2, "backoff_s": 0.0}
NO_SPACE = OSError(28, "No space left on device")
SQLITE_IS_FULL = sqlite3.OperationalError("database or disk is full")


def _raises(error: BaseException, *, at: Point, from_time: int = 1, num_times: int = 1_000_000) -> Reach:
    """Raises at a point from some time on."""
    times = 0

    def reach(point: Point) -> None:
        nonlocal times
        if point is at:
            times += 1
            if from_time <= times < from_time + num_times:
                raise error

    return reach


@pytest.fixture
def end(
    tiny_config: Callable[..., ExperimentConfig], cache_dir: Path, tmp_path: Path, silent_view: Callable[[], Any]
) -> Callable[[Reach], Finish]:
    """A function that runs the tiny experiment in this process with a fault in it."""

    def run(reach: Reach) -> Finish:
        return start_experiment(
            tiny_config(recovery=SHORT_PATIENCE),
            out=tmp_path / "out",
            cache_dir=cache_dir,
            site=InlineSite(),
            view=silent_view(),
            stop=StopRequest(),
            reach=reach,
        )

    return run


def _states(finish: Finish) -> list[RunState]:
    with reading_ledger(finish.directory.paths.ledger_file) as ledger:
        return [row.state for row in ledger.runs()]


FAULTS = {
    "disk full while training": (_raises(NO_SPACE, at=Point.STEP_TAKEN, from_time=5), 3, "full disk"),
    "disk full while staging": (_raises(NO_SPACE, at=Point.CHECKPOINT_STAGED, from_time=2), 3, "full disk"),
    "disk full while publishing": (_raises(NO_SPACE, at=Point.RESUME_PUBLISHED, from_time=2), 3, "full disk"),
    "ledger full": (_raises(SQLITE_IS_FULL, at=Point.COMMITTING, from_time=2), 3, "full disk"),
    "disk full at the end of a run": (_raises(NO_SPACE, at=Point.OUTCOME_NOTED), 3, "the disk is full"),
    "disk full at the beginning of an attempt": (_raises(NO_SPACE, at=Point.ATTEMPT_BEGUN), 3, "the disk is full"),
    "disk full once a run was started": (_raises(NO_SPACE, at=Point.RUN_STARTED), 3, "the disk is full"),
    "defect": (_raises(KeyError("a slip of ours"), at=Point.STEP_TAKEN, from_time=5), 1, "defect (KeyError: "),
    "defect while publishing": (_raises(ValueError("a slip"), at=Point.RECORD_CHECKED), 1, "defect (ValueError: "),
}
PASSING = {
    "not enough memory, once": _raises(MemoryError(), at=Point.STEP_TAKEN, from_time=5, num_times=1),
    "not enough memory, once per interval": _raises(MemoryError(), at=Point.EVALUATED, from_time=3, num_times=1),
}


@pytest.mark.parametrize(("reach", "exit_code", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_fault_has_its_exit_code_and_its_reason(
    reach: Reach, exit_code: int, reason: str, end: Callable[[Reach], Finish]
) -> None:
    finish = end(reach)

    assert finish.exit_code == exit_code
    assert reason in finish.reason
    assert not finish.aggregation.is_complete


@pytest.mark.parametrize(
    "error", [NonFiniteLossError("the loss is nan"), MemoryError()], ids=lambda error: type(error).__name__
)
def test_experiment_whose_runs_are_all_given_up_ends_with_three(
    error: Exception, end: Callable[[Reach], Finish]
) -> None:
    finish = end(_raises(error, at=Point.STEP_TAKEN, from_time=5))

    assert (finish.exit_code, _states(finish), finish.reason) == (3, [RunState.FAILED] * 2, "")


@pytest.mark.parametrize("reach", PASSING.values(), ids=PASSING.keys())
def test_fault_that_passes_leaves_no_trace_but_the_attempt(
    reach: Reach,
    end: Callable[[Reach], Finish],
    learning_columns: Callable[[Path], Any],
    tmp_path: Path,
    tiny_config: Callable[..., ExperimentConfig],
    run_inline: Callable[..., Finish],
) -> None:
    finish = end(reach)

    undisturbed = run_inline(tiny_config(), tmp_path / "undisturbed")
    assert (finish.exit_code, _states(finish)) == (0, [RunState.COMPLETED] * 2)
    assert learning_columns(finish.directory.paths.table_csv) == learning_columns(undisturbed.directory.paths.table_csv)


@pytest.mark.parametrize("reach", [fault[0] for fault in FAULTS.values()], ids=FAULTS.keys())
def test_experiment_goes_on_once_the_fault_is_gone(
    reach: Reach,
    end: Callable[[Reach], Finish],
    silent_view: Callable[[], Any],
    learning_columns: Callable[[Path], Any],
    tiny_config: Callable[..., ExperimentConfig],
    run_inline: Callable[..., Finish],
    tmp_path: Path,
) -> None:
    root = end(reach).directory.paths.root

    finish = resume_experiment(open_run_directory(root), site=InlineSite(), view=silent_view(), stop=StopRequest())

    undisturbed = run_inline(tiny_config(), tmp_path / "undisturbed")
    assert (finish.exit_code, finish.reason) == (0, "")
    assert learning_columns(finish.directory.paths.table_csv) == learning_columns(undisturbed.directory.paths.table_csv)


def test_view_is_told_the_same_exit_code(
    tiny_config: Callable[..., ExperimentConfig], cache_dir: Path, tmp_path: Path, silent_view: Callable[[], Any]
) -> None:
    view = silent_view()

    finish = start_experiment(
        tiny_config(),
        out=tmp_path / "out",
        cache_dir=cache_dir,
        site=InlineSite(),
        view=view,
        stop=StopRequest(),
        reach=_raises(NO_SPACE, at=Point.STEP_TAKEN, from_time=5),
    )

    assert isinstance(view.events[-1], ExperimentFinished)
    assert view.events[-1].exit_code == finish.exit_code == 3


def test_stop_that_comes_after_the_last_step_of_the_last_run_ends_with_zero(
    tiny_config: Callable[..., ExperimentConfig], cache_dir: Path, tmp_path: Path, silent_view: Callable[[], Any]
) -> None:
    stop = StopRequest()
    ended = 0

    def reach(point: Point) -> None:
        nonlocal ended
        ended += point is Point.OUTCOME_NOTED
        stop.is_made = ended == 2

    finish = start_experiment(
        tiny_config(),
        out=tmp_path / "out",
        cache_dir=cache_dir,
        site=InlineSite(),
        view=silent_view(),
        stop=stop,
        reach=reach,
    )

    assert finish.exit_code == 0


def test_every_ending_is_a_word_for_the_reader() -> None:
    assert [str(kind) for kind in EndingKind] == ["finished", "stopped by the user", "paused", "stopped at once"]
