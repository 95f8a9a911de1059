"""The controller brings every experiment to the same end, whatever runs its seeds."""

import json
import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import pytest

from configs.checkpoints import IN_RUN_DIRECTORY, CheckpointsConfig
from configs.experiment import ExperimentConfig
from configs.placement import PlacementConfig
from configs.run_paths import RunPaths
from orchestrator.executor import AbstractExecutor
from orchestrator.launch import Finish, resume_experiment, start_experiment
from orchestrator.ledger import reading_ledger
from orchestrator.machine import inspect_machine
from orchestrator.probes.executor import AbstractProbeExecutor
from orchestrator.progress.events import IntervalDone, RunFailed, Warned
from orchestrator.run_directory import open_run_directory
from orchestrator.run_state import RunState
from orchestrator.sites import AbstractSite, InlineSite
from orchestrator.slots import Slot
from orchestrator.stop_signal import StopRequest
from workers.checkpoint_store import AbstractCheckpointStore
from workers.points import Reach, pass_by

INLINE = pytest.param(("inline", "auto"), id="inline")
RAY_WITH_ONE_SLOT = pytest.param(("ray", 1), id="ray-1-slot", marks=pytest.mark.slow)
RAY = pytest.param(("ray", "auto"), id="ray", marks=pytest.mark.slow)
# Long enough that a stop meets a run on its way: 25 steps per interval, 21 intervals.
LONG = {"budget_tokens": 32_000, "every_tokens": 1_600, "tokens_per_step": 64}
DIVERGES = {"optimization.learning_rate": 1e30}

MakeConfig = Callable[..., ExperimentConfig]
MakeSite = Callable[[str], AbstractSite]


@final
class EnteredRaySite(AbstractSite):
    """A Ray that is started already and serves all tests here; `RaySite` itself is tested as a command."""

    @contextmanager
    def opened(
        self, run_dir: Path, *, checkpoints: CheckpointsConfig = IN_RUN_DIRECTORY, readable: tuple[Path, ...] = ()
    ) -> Iterator[None]:
        """See the base class."""
        yield

    def slots(self, placement: PlacementConfig) -> tuple[Slot, ...]:
        """See the base class."""
        from orchestrator.ray_nodes import RayNodes, slots_of

        return slots_of(RayNodes.of_own_ray().usable(), placement=placement)

    def executor(
        self, paths: RunPaths, *, store: AbstractCheckpointStore, placement: PlacementConfig, reach: Reach = pass_by
    ) -> AbstractExecutor:
        """See the base class."""
        from orchestrator.ray_executor import RayExecutor
        from orchestrator.ray_nodes import RayNodes

        return RayExecutor(paths, store=store, nodes=RayNodes.of_own_ray(), placement=placement, reach=reach)

    def require_threads(self, threads_per_task: int) -> None:
        """See the base class."""

    def probe_executor(self, *, threads_per_task: int) -> AbstractProbeExecutor:
        """See the base class."""
        from orchestrator.probes.ray_executor import RayProbeExecutor
        from orchestrator.ray_nodes import RayNodes

        return RayProbeExecutor(RayNodes.of_own_ray().usable(), threads_per_task=threads_per_task)


@pytest.fixture(scope="module")
def make_site(request: pytest.FixtureRequest) -> MakeSite:
    """A function from an executor's name to its site; Ray starts when it is first asked for."""

    def make(name: str) -> AbstractSite:
        if name == "inline":
            return InlineSite()
        request.getfixturevalue("local_ray")
        return EnteredRaySite()

    return make


def _start(
    config: ExperimentConfig, *, out: Path, cache_dir: Path, site: AbstractSite, view: Any, stop: StopRequest
) -> Finish:
    return start_experiment(config, out=out, cache_dir=cache_dir, site=site, view=view, stop=stop)


@pytest.fixture(scope="module")
def undisturbed(
    tiny_config: MakeConfig, run_inline: Callable[..., Finish], tmp_path_factory: pytest.TempPathFactory
) -> Finish:
    """The tiny experiment, once through."""
    return run_inline(tiny_config(), tmp_path_factory.mktemp("undisturbed") / "out")


@pytest.fixture(scope="module", params=[INLINE, RAY_WITH_ONE_SLOT, RAY])
def finish(
    request: pytest.FixtureRequest,
    tiny_config: MakeConfig,
    cache_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    silent_view: Callable[[], Any],
    make_site: MakeSite,
) -> Finish:
    """The tiny experiment, run by each executor."""
    executor, most = request.param
    return _start(
        tiny_config(placement={"max_concurrent_runs": most}),
        out=tmp_path_factory.mktemp("finish") / "out",
        cache_dir=cache_dir,
        site=make_site(executor),
        view=silent_view(),
        stop=StopRequest(),
    )


def test_learning_columns_are_the_same_bit_for_bit(
    finish: Finish, undisturbed: Finish, learning_columns: Callable[[Path], Any]
) -> None:
    assert learning_columns(finish.directory.paths.table_csv) == learning_columns(undisturbed.directory.paths.table_csv)


def test_every_cell_is_there_once(finish: Finish, learning_columns: Callable[[Path], Any]) -> None:
    cells = [row[:3] for row in learning_columns(finish.directory.paths.table_csv).rows]

    assert cells == [("base", str(seed), str(interval)) for seed in (1, 2) for interval in range(3)]


def test_every_run_is_completed_at_its_first_attempt(finish: Finish) -> None:
    with reading_ledger(finish.directory.paths.ledger_file) as ledger:
        assert [(row.state, row.attempt) for row in ledger.runs()] == [(RunState.COMPLETED, 1)] * 2


def test_complete_experiment_ends_with_zero(finish: Finish) -> None:
    assert (finish.exit_code, finish.aggregation.is_complete) == (0, True)


def test_ledger_is_one_file_and_the_lease_is_gone(finish: Finish) -> None:
    names = {path.name for path in finish.directory.paths.root.iterdir()}

    assert {name for name in names if name.startswith(("ledger", "lease", "."))} == {"ledger.sqlite"}


def test_every_run_has_the_threads_asked_for(finish: Finish) -> None:
    with reading_ledger(finish.directory.paths.ledger_file) as ledger:
        assert {(record.threads, record.interop_threads) for record in ledger.records()} == {(1, 1)}


@pytest.fixture(scope="module", params=[INLINE, RAY])
def stacked(
    request: pytest.FixtureRequest,
    tiny_config: MakeConfig,
    cache_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    silent_view: Callable[[], Any],
    make_site: MakeSite,
) -> Finish:
    """The tiny experiment with both seeds in one process, run by each executor."""
    return _start(
        tiny_config(placement={"stack_runs": 2}),
        out=tmp_path_factory.mktemp("stacked") / "out",
        cache_dir=cache_dir,
        site=make_site(request.param[0]),
        view=silent_view(),
        stop=StopRequest(),
    )


def test_stacked_seeds_learn_what_they_learn_one_by_one(
    stacked: Finish, undisturbed: Finish, learning_columns: Callable[[Path], Any]
) -> None:
    ours, theirs = (learning_columns(finish.directory.paths.table_csv).rows for finish in (stacked, undisturbed))

    assert stacked.exit_code == 0
    for our_row, their_row in zip(ours, theirs, strict=True):
        assert [_number(value) for value in our_row] == pytest.approx(
            [_number(value) for value in their_row], rel=1e-3, abs=1e-5, nan_ok=True
        )


def test_stacks_of_several_conditions_take_turns(
    tiny_config: MakeConfig, run_inline: Callable[..., Finish], tmp_path: Path
) -> None:
    conditions = {"small": {"model.width": 16}, "base": {}}

    # Four places, but two runs of each condition: both stacks are handed over at once.
    finish = run_inline(tiny_config(conditions=conditions, placement={"stack_runs": 4}), tmp_path / "out")

    assert (finish.exit_code, finish.aggregation.is_complete) == (0, True)


def test_stacked_seeds_share_a_slot(stacked: Finish) -> None:
    with reading_ledger(stacked.directory.paths.ledger_file) as ledger:
        slots = [row.slot for row in ledger.runs()]

    assert slots[0] is not None
    assert slots[1] == f"{slots[0]}.1"


def _number(value: str) -> float:
    return float(value) if value.replace(".", "").replace("-", "").replace("e", "").isdigit() else math.nan


@pytest.mark.slow
def test_every_thread_of_a_worker_stays_on_the_cores_of_its_slot(
    tiny_config: MakeConfig, cache_dir: Path, tmp_path: Path, silent_view: Callable[[], Any], make_site: MakeSite
) -> None:
    finish = _start(
        tiny_config(),
        out=tmp_path / "out",
        cache_dir=cache_dir,
        site=make_site("ray"),
        view=silent_view(),
        stop=StopRequest(),
    )

    with reading_ledger(finish.directory.paths.ledger_file) as ledger:
        slots = {row.run: row.slot.rpartition(":")[2] for row in ledger.runs()}
        cores = {record.run: record.cores for record in ledger.records()}
    assert cores == {run: (int(core),) for run, core in slots.items()}
    assert set(slots.values()) <= set(map(str, inspect_machine().cores))


@pytest.fixture(scope="module", params=[INLINE, RAY])
def partly_failed(
    request: pytest.FixtureRequest,
    tiny_config: MakeConfig,
    cache_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    silent_view: Callable[[], Any],
    make_site: MakeSite,
) -> tuple[Finish, Any]:
    """An experiment of which one condition diverges, and what its view was shown."""
    view = silent_view()
    finish = _start(
        tiny_config(conditions={"diverging": DIVERGES, "sound": {}}),
        out=tmp_path_factory.mktemp("partly") / "out",
        cache_dir=cache_dir,
        site=make_site(request.param[0]),
        view=view,
        stop=StopRequest(),
    )
    return finish, view


def test_failed_runs_do_not_sink_the_others(partly_failed: tuple[Finish, Any]) -> None:
    with reading_ledger(partly_failed[0].directory.paths.ledger_file) as ledger:
        states = {(row.run.condition, row.run.seed): row.state for row in ledger.runs()}

    assert states == {
        ("diverging", 1): RunState.FAILED,
        ("diverging", 2): RunState.FAILED,
        ("sound", 1): RunState.COMPLETED,
        ("sound", 2): RunState.COMPLETED,
    }


def test_failed_run_is_told_with_its_kind_and_step(partly_failed: tuple[Finish, Any]) -> None:
    failures = [event for event in partly_failed[1].events if isinstance(event, RunFailed)]

    assert [event.kind for event in failures] == ["NonFiniteLossError"] * 2
    assert all(event.message.startswith("step ") for event in failures)


def test_experiment_with_failed_runs_ends_with_three(partly_failed: tuple[Finish, Any]) -> None:
    assert partly_failed[0].exit_code == 3


def test_partial_table_says_so_first(partly_failed: tuple[Finish, Any]) -> None:
    aggregation = partly_failed[0].aggregation

    assert not aggregation.is_complete
    assert aggregation.sentences[0].startswith(f"PARTIAL: {aggregation.num_rows} of 12 cells")


def test_sound_condition_learns_as_if_alone(
    partly_failed: tuple[Finish, Any], undisturbed: Finish, learning_columns: Callable[[Path], Any]
) -> None:
    # Telemetry's stable phases are reckoned per condition, so that every learning column is comparable.
    rows = learning_columns(partly_failed[0].directory.paths.table_csv).rows
    alone = learning_columns(undisturbed.directory.paths.table_csv).rows

    assert [row[1:] for row in rows if row[0] == "sound"] == [row[1:] for row in alone]


@pytest.fixture(scope="module", params=[INLINE, RAY])
def stopped(
    request: pytest.FixtureRequest,
    tiny_config: MakeConfig,
    cache_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    silent_view: Callable[[], Any],
    make_site: MakeSite,
) -> tuple[Finish, Finish, int]:
    """An experiment that was stopped on its way, then resumed; its rows at the stop."""
    stop, out = StopRequest(), tmp_path_factory.mktemp("stopped") / "out"

    def request_stop(event: object) -> None:
        stop.is_made = stop.is_made or (isinstance(event, IntervalDone) and event.record.interval >= 1)

    view = silent_view()
    view.after_event = request_stop
    executor = request.param[0]
    first = _start(
        tiny_config(schedule=LONG), out=out, cache_dir=cache_dir, site=make_site(executor), view=view, stop=stop
    )
    num_rows = len(first.directory.paths.table_csv.read_text().splitlines()) - 1
    second = resume_experiment(
        open_run_directory(out), site=make_site(executor), view=silent_view(), stop=StopRequest()
    )
    return first, second, num_rows


def test_stopped_experiment_ends_with_130_and_a_partial_table(stopped: tuple[Finish, Finish, int]) -> None:
    first, _, num_rows = stopped

    assert first.exit_code == 130
    assert 2 <= num_rows == first.aggregation.num_rows < 42
    assert first.aggregation.sentences[0].startswith(f"PARTIAL: {num_rows} of 42 cells")


def test_resumed_experiment_equals_the_undisturbed_one(
    stopped: tuple[Finish, Finish, int],
    tiny_config: MakeConfig,
    run_inline: Callable[..., Finish],
    learning_columns: Callable[[Path], Any],
    tmp_path: Path,
) -> None:
    undisturbed = run_inline(tiny_config(schedule=LONG), tmp_path / "out")

    assert stopped[1].exit_code == 0
    assert learning_columns(stopped[1].directory.paths.table_csv) == learning_columns(
        undisturbed.directory.paths.table_csv
    )


@pytest.mark.parametrize("executor", [INLINE, RAY])
def test_training_that_is_not_deterministic_stops_the_experiment_at_once(
    executor: tuple[str, Any],
    tiny_config: MakeConfig,
    tmp_path: Path,
    run_inline: Callable[..., Finish],
    silent_view: Callable[[], Any],
    make_site: MakeSite,
) -> None:
    run_inline(tiny_config(), tmp_path / "out")
    _pretend_another_measurement(tmp_path / "out" / "ledger.sqlite", seed=1, interval=1)
    view = silent_view()

    finish = resume_experiment(
        open_run_directory(tmp_path / "out"), site=make_site(executor[0]), view=view, stop=StopRequest()
    )

    failure = next(event for event in view.events if isinstance(event, RunFailed))
    said = "base/seed-1 interval 1 was measured before with other values of val_loss;"
    assert (finish.exit_code, failure.kind) == (1, "ConflictingRecordError")
    assert failure.message.startswith(said)
    assert finish.reason.startswith(f"base/seed-1 attempt 2: defect (ConflictingRecordError: {said}")
    assert finish.reason.endswith("; the experiment stops at once.")
    assert Warned(finish.reason) in view.events


@pytest.mark.parametrize("executor", [INLINE, RAY])
def test_runs_that_wait_are_not_begun_after_a_defect(
    executor: tuple[str, Any],
    tiny_config: MakeConfig,
    tmp_path: Path,
    run_inline: Callable[..., Finish],
    silent_view: Callable[[], Any],
    make_site: MakeSite,
) -> None:
    run_inline(tiny_config(placement={"max_concurrent_runs": 1}), tmp_path / "out")
    _pretend_another_measurement(tmp_path / "out" / "ledger.sqlite", seed=1, interval=1)
    connection = sqlite3.connect(tmp_path / "out" / "ledger.sqlite")
    with connection:
        connection.execute("UPDATE runs SET state = 'waiting' WHERE seed = 2")
    connection.close()

    resume_experiment(
        open_run_directory(tmp_path / "out"), site=make_site(executor[0]), view=silent_view(), stop=StopRequest()
    )

    with reading_ledger(tmp_path / "out" / "ledger.sqlite") as ledger:
        assert [(row.run.seed, row.state, row.attempt) for row in ledger.runs()] == [
            (1, RunState.FAILED, 2),
            (2, RunState.WAITING, 1),
        ]


def _pretend_another_measurement(ledger_file: Path, *, seed: int, interval: int) -> None:
    connection = sqlite3.connect(ledger_file)
    with connection:
        key = (seed, interval)
        (text,) = connection.execute("SELECT record FROM records WHERE seed = ? AND interval = ?", key).fetchone()
        changed = json.dumps(json.loads(text) | {"val_loss": 1.0})
        connection.execute("UPDATE records SET record = ? WHERE seed = ? AND interval = ?", (changed, *key))
        connection.execute("UPDATE runs SET state = 'stopped' WHERE seed = ?", (seed,))
    connection.close()
