"""Runs that are trained stacked tell what they tell alone, and go on from where they were."""

import gc
import weakref

import pytest
import torch

from configs.run_paths import RunPaths
from workers.interval_keeper import IntervalKeeper
from workers.points import pass_by
from workers.publication import CheckpointPart, publish_interval, set_aside
from workers.records import Completed, Damage, FailureCause, IntervalRecord, ProgressSample, RunId, SeedFailure, Stopped
from workers.stack.open_trainer import open_stacked_trainer
from workers.stack.runs import StackedRuns

pytestmark = pytest.mark.usefixtures("one_thread")

RUNS = [RunId("base", 1), RunId("base", 2)]


@pytest.fixture
def stack(tiny_experiment, tiny_corpus, worker_place, make_clock):
    """A function from a run directory to the stack of some runs in it."""

    def make(root, *overrides, runs=RUNS, attempt=1, stack_runs=2, **changes):
        config = tiny_experiment(f"placement.stack_runs={stack_runs}", *overrides)
        keepers = [
            IntervalKeeper(
                config,
                run=run,
                attempt=attempt,
                corpus=tiny_corpus,
                paths=RunPaths(root),
                place=worker_place,
            )
            for run in runs
        ]
        return StackedRuns(config, keepers=keepers, corpus=tiny_corpus, clock=make_clock(tick_s=0.01), **changes)

    return make


def heard(stack, root, *, attempt=1, is_published=lambda record: True):
    """What a stack tells to a listener who publishes each record before he asks for more."""
    paths, told = RunPaths(root), []
    for value in stack:
        told.append(value)
        if isinstance(value, IntervalRecord) and is_published(value):
            publish_interval(paths, run=value.run, interval=value.interval, attempt=attempt, reach=pass_by)
        elif isinstance(value, Damage):
            set_aside(paths, run=value.run, interval=value.interval, part=CheckpointPart(value.part))
    return told


def learning_of(told, run):
    return [value.learning() for value in told if isinstance(value, IntervalRecord) and value.run == run]


def unique(records):
    return list({record["interval"]: record for record in records}.values())


def assert_alike(actual, expected):
    """All learning fields but the hash agree up to rounding."""
    assert len(actual) == len(expected)
    for ours, theirs in zip(actual, expected, strict=True):
        for name in ours.keys() - {"weights_sha256", "tokens_file_sha256"}:
            same = pytest.approx(theirs[name], rel=2e-5) if isinstance(theirs[name], float) else theirs[name]
            assert ours[name] == same, name


def test_each_run_tells_what_it_tells_alone(stack, seed_run, tmp_path):
    told = heard(stack(tmp_path / "stack"), tmp_path / "stack")

    for run in RUNS:
        alone = list(seed_run(tmp_path / f"alone-{run.seed}", seed=run.seed))
        assert_alike(learning_of(told, run), learning_of(alone, run))
        outcome = next(value for value in told if isinstance(value, Completed) and value.run == run)
        assert outcome.data_order_sha256 == alone[-1].data_order_sha256
    assert [type(value) for value in told[-2:]] == [Completed, Completed]


def test_initial_checkpoints_hold_the_bits_of_a_run_alone(stack, seed_run, tmp_path):
    told = heard(stack(tmp_path / "stack"), tmp_path / "stack")

    for run in RUNS:
        alone = learning_of(list(seed_run(tmp_path / f"alone-{run.seed}", seed=run.seed)), run)
        assert learning_of(told, run)[0]["weights_sha256"] == alone[0]["weights_sha256"]


def test_no_bit_depends_on_who_else_is_in_the_stack(stack, tmp_path):
    both = heard(stack(tmp_path / "both"), tmp_path / "both")
    one = heard(stack(tmp_path / "one", runs=RUNS[1:]), tmp_path / "one")

    assert learning_of(one, RUNS[1]) == learning_of(both, RUNS[1])


def test_a_stopped_stack_goes_on_to_the_same_bits(stack, tmp_path):
    expected = heard(stack(tmp_path / "whole"), tmp_path / "whole")
    root, first = tmp_path / "stopped", stack(tmp_path / "stopped")
    told = []
    for value in first:
        told.append(value)
        if isinstance(value, IntervalRecord):
            publish_interval(RunPaths(root), run=value.run, interval=value.interval, attempt=1, reach=pass_by)
        if isinstance(value, ProgressSample) and value.step > 4:
            first.request_stop()

    resumed = heard(stack(root, attempt=2), root, attempt=2)

    assert [type(value) for value in told[-2:]] == [Stopped, Stopped]
    for run in RUNS:
        assert unique(learning_of(told, run) + learning_of(resumed, run)) == learning_of(expected, run)


def test_runs_that_differ_by_an_interval_go_on_from_the_common_one(stack, tmp_path):
    expected = heard(stack(tmp_path / "whole"), tmp_path / "whole")
    root, first = tmp_path / "torn", iter(stack(tmp_path / "torn"))
    # The second run's record of interval 2 was never published: the process died between the two.
    for value in first:
        if isinstance(value, IntervalRecord):
            if (value.run, value.interval) == (RUNS[1], 2):
                break
            publish_interval(RunPaths(root), run=value.run, interval=value.interval, attempt=1, reach=pass_by)

    resumed = heard(stack(root, attempt=2), root, attempt=2)

    for run in RUNS:
        assert unique(learning_of(resumed, run)) == learning_of(expected, run)


def test_a_run_that_goes_wrong_ends_the_stack_and_the_others_can_go_on(stack, tmp_path):
    def poisoned(*arguments, **options):
        trainer = open_stacked_trainer(*arguments, **options)
        broken = {name: tensor * float("nan") for name, tensor in trainer.weights_of(1).items()}
        trainer.restore(weights=[trainer.weights_of(0), broken], optimizers=[{}, {}], num_steps=0)
        return trainer

    told = heard(stack(tmp_path, open_trainer=poisoned), tmp_path)
    failures = {value.run: value for value in told if isinstance(value, SeedFailure)}
    alone = heard(stack(tmp_path, runs=RUNS[:1], attempt=2), tmp_path, attempt=2)

    assert failures[RUNS[1]].cause is FailureCause.NON_FINITE
    assert failures[RUNS[0]].cause is FailureCause.LOST_WORKER
    assert "base/seed-2" in failures[RUNS[0]].message
    expected = heard(stack(tmp_path / "sound"), tmp_path / "sound")
    assert unique(learning_of(told, RUNS[0]) + learning_of(alone, RUNS[0])) == learning_of(expected, RUNS[0])


def test_a_loss_that_is_not_finite_while_training_names_its_step(stack, tmp_path):
    told = heard(stack(tmp_path, "optimization.learning_rate=1e30"), tmp_path)

    failures = [value for value in told if isinstance(value, SeedFailure)]
    assert [failure.run for failure in failures] == RUNS
    for failure in failures:
        assert failure.cause is FailureCause.NON_FINITE
        assert failure.step is not None
        assert f"step {failure.step} gave" in failure.message or "validation loss" in failure.message


def test_nothing_holds_a_stack_that_has_ended(stack, tmp_path):
    trainers = []

    def watched(*arguments, **options):
        trainer = open_stacked_trainer(*arguments, **options)
        trainers.append(weakref.ref(trainer))
        return trainer

    gc.disable()
    try:
        told = heard(stack(tmp_path, open_trainer=watched), tmp_path)
        is_held = trainers[0]() is not None
    finally:
        gc.enable()

    assert isinstance(told[-1], Completed)
    assert not is_held  # the next one would not fit beside it


def test_a_stack_without_a_gpu_says_so(stack, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")

    told = heard(stack(tmp_path, "placement.device=cuda"), tmp_path)

    assert [value.message for value in told] == [
        "placement.device=cuda, but torch finds no GPU here; set placement.device=cpu"
    ] * 2
