"""A run yields its records and its outcome, and a run that was stopped or damaged ends as if it had not been."""

import hashlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from configs.run_paths import RunPaths
from workers.model import build_model
from workers.points import Point
from workers.records import Completed, FailureCause, IntervalRecord, ProgressSample, RunId, SeedFailure, Stopped
from workers.seed_controls import data_order_of

pytestmark = pytest.mark.usefixtures("one_thread")

RUN = RunId("base", 1)


@pytest.fixture(scope="module")
def undisturbed_dir(tmp_path_factory):
    """The directory of a run from start to end, which nobody changes."""
    return tmp_path_factory.mktemp("undisturbed")


@pytest.fixture(scope="module")
def undisturbed(seed_run, undisturbed_dir, one_thread):
    """What that run tells."""
    return list(seed_run(undisturbed_dir))


def steps_files_of(root) -> list[bytes]:
    """The losses of the steps of each interval, as they lie on disk."""
    return [RunPaths(root).steps_file("base", 1, interval).read_bytes() for interval in range(4)]


def records_of(told) -> list[IntervalRecord]:
    return [value for value in told if isinstance(value, IntervalRecord)]


def learning_of(told) -> list[dict]:
    return [record.learning() for record in records_of(told)]


def initial_weights_of(told) -> str:
    return records_of(told)[0].weights_sha256


def stop_at(run, step: int) -> list:
    """What a run tells that is asked to stop while it takes its step number `step`."""
    told = []
    for value in run:
        told.append(value)
        if isinstance(value, ProgressSample) and value.step == step:
            run.request_stop()
    return told


def test_complete_run_tells_every_interval_and_its_end(undisturbed):
    assert [type(value) for value in undisturbed] == [IntervalRecord] * 4 + [Completed]
    assert [record.interval for record in records_of(undisturbed)] == [0, 1, 2, 3]


def test_intervals_end_at_their_steps_and_tokens(undisturbed):
    records = records_of(undisturbed)

    # 384 tokens in intervals of 128, 32 a step, over a stream of 500
    assert [record.step for record in records] == [0, 4, 8, 12]
    assert [record.tokens for record in records] == [0, 128, 256, 384]
    assert [record.target_tokens for record in records] == [0, 128, 256, 384]
    assert [record.passes for record in records] == [0.0, 0.256, 0.512, 0.768]


def test_interval_ends_at_the_first_step_past_its_target(seed_run, tmp_path):
    records = records_of(seed_run(tmp_path, "schedule.every_tokens=48", "schedule.budget_tokens=144"))

    # 48, 96 and 144 tokens at 32 a step
    assert [record.step for record in records] == [0, 2, 3, 5]
    assert [record.tokens for record in records] == [0, 64, 96, 160]
    assert [record.target_tokens for record in records] == [0, 48, 96, 144]


def test_initial_record_has_no_training_in_it(undisturbed):
    initial = records_of(undisturbed)[0]

    assert (initial.learning_rate, initial.train_loss, initial.grad_norm, initial.tokens_per_s) == (None,) * 4
    assert initial.val_loss == pytest.approx(math.log(260), abs=0.1)


def test_rate_is_that_of_the_last_step(undisturbed, tiny_experiment):
    rate_at = tiny_experiment().optimization.rate_at

    assert [record.learning_rate for record in records_of(undisturbed)[1:]] == [rate_at(96), rate_at(224), rate_at(352)]


def test_perplexity_is_the_exponential_of_the_loss(undisturbed):
    for record in records_of(undisturbed):
        assert record.val_ppl == math.exp(record.val_loss)


def test_outcome_names_the_order(undisturbed, tiny_experiment):
    completed = undisturbed[-1]

    assert completed.run == RUN
    assert completed.attempt == 1
    order = data_order_of(tiny_experiment(), seed=1, num_train_tokens=500)
    assert completed.data_order_sha256 == order.sha256(num_steps=12)


def test_initial_record_names_the_weights_of_the_seed(undisturbed, seed_run, tmp_path):
    list(seed_run(tmp_path))

    content = RunPaths(tmp_path).weights_file("base", 1, 0).read_bytes()
    assert initial_weights_of(undisturbed) == hashlib.sha256(content).hexdigest()


def test_record_is_durable_before_the_next_step(seed_run, tmp_path, make_clock):
    paths = RunPaths(tmp_path)

    for value in seed_run(tmp_path, clock=make_clock(tick_s=10.0)):
        if isinstance(value, IntervalRecord):
            assert paths.record_file("base", 1, value.interval).is_file()
            assert not paths.checkpoint_dir("base", 1, value.interval + 1).exists()


def test_record_is_told_when_its_interval_is_staged_and_no_step_is_taken_since(unheard_run, tmp_path):
    paths = RunPaths(tmp_path)
    steps = []

    for value in unheard_run(tmp_path, attempt=4, reach=steps.append):
        if isinstance(value, IntervalRecord):
            final = paths.checkpoint_dir("base", 1, value.interval)
            staged = paths.staged_dir(final, attempt=4)
            assert json.loads((staged / "record.json").read_text()) == value.to_dict()
            assert not final.exists()
            assert steps.count(Point.STEP_TAKEN) == value.step


def test_run_that_nobody_publishes_has_no_final_name(unheard_run, tmp_path):
    list(unheard_run(tmp_path))

    assert list(tmp_path.rglob("interval-*")) == []


def test_what_was_staged_and_not_published_is_trained_again(undisturbed, unheard_run, seed_run, tmp_path):
    list(unheard_run(tmp_path))

    again = list(seed_run(tmp_path, attempt=2))

    assert [record.attempt for record in records_of(again)] == [2] * 4
    assert learning_of(again) == learning_of(undisturbed)


def test_same_run_elsewhere_learns_the_same_bits(undisturbed, seed_run, tmp_path):
    again = list(seed_run(tmp_path, attempt=3))

    assert learning_of(again) == learning_of(undisturbed)
    assert again[-1] == replace(undisturbed[-1], attempt=3)


def test_seeds_learn_differently(undisturbed, seed_run, tmp_path):
    other = list(seed_run(tmp_path, seed=2))

    assert {record.seed for record in records_of(other)} == {2}
    assert initial_weights_of(other) != initial_weights_of(undisturbed)
    assert other[-1].data_order_sha256 != undisturbed[-1].data_order_sha256


@pytest.mark.parametrize(("controls", "same"), [("[initialization]", "order"), ("[data_order]", "weights")])
def test_what_a_seed_does_not_control_is_shared(seed_run, tmp_path, controls, same):
    one, other = (list(seed_run(tmp_path / str(seed), f"seed_controls={controls}", seed=seed)) for seed in (1, 2))

    is_same = {
        "weights": initial_weights_of(one) == initial_weights_of(other),
        "order": one[-1].data_order_sha256 == other[-1].data_order_sha256,
    }
    assert [name for name, same_hash in is_same.items() if same_hash] == [same]


def test_shared_seed_is_the_seed_of_what_is_shared(seed_run, tmp_path, undisturbed):
    shared = list(seed_run(tmp_path, "seed_controls=[data_order]", "shared_seed=1", seed=2))

    assert initial_weights_of(shared) == initial_weights_of(undisturbed)


def test_step_reads_as_many_windows_as_its_tokens_fill(tiny_experiment):
    config = tiny_experiment()

    assert data_order_of(config, seed=1, num_train_tokens=500).starts(0).shape == (4,)  # 32 tokens in windows of 8


@pytest.mark.parametrize("step", [1, 3, 4, 5, 8, 11])
def test_stopped_run_goes_on_to_the_same_bits(undisturbed, undisturbed_dir, seed_run, make_clock, tmp_path, step):
    # The clock makes every step long enough for a progress sample, so that the run can be stopped at any step.
    stopped = stop_at(seed_run(tmp_path, clock=make_clock(tick_s=10.0)), step)
    resumed = list(seed_run(tmp_path, attempt=2))

    assert stopped[-1] == Stopped(RUN, 1, step)
    assert learning_of(resumed) == learning_of(undisturbed)
    assert resumed[-1] == replace(undisturbed[-1], attempt=2)
    assert steps_files_of(tmp_path) == steps_files_of(undisturbed_dir)


def test_resumed_run_tells_the_records_that_are_on_disk_first(seed_run, make_clock, tmp_path):
    stopped = stop_at(seed_run(tmp_path, clock=make_clock(tick_s=10.0)), 9)

    resumed = records_of(seed_run(tmp_path, attempt=2))

    assert resumed[:3] == records_of(stopped)
    assert [record.attempt for record in resumed] == [1, 1, 1, 2]


def test_elapsed_time_is_that_of_all_attempts(seed_run, make_clock, tmp_path):
    stopped = records_of(stop_at(seed_run(tmp_path, clock=make_clock(tick_s=10.0)), 9))

    resumed = records_of(seed_run(tmp_path, attempt=2, clock=make_clock()))

    assert resumed[-1].elapsed_s == stopped[-1].elapsed_s  # the second clock stands still


def test_stop_before_the_first_step_leaves_the_initial_record(seed_run, tmp_path):
    run = seed_run(tmp_path)
    run.request_stop()

    told = list(run)

    assert [type(value) for value in told] == [IntervalRecord, Stopped]
    assert told[-1].step == 0


def test_stop_at_the_last_step_completes_the_run(seed_run, make_clock, tmp_path, undisturbed):
    told = stop_at(seed_run(tmp_path, clock=make_clock(tick_s=10.0)), 12)

    assert told[-1] == undisturbed[-1]


def test_run_left_in_the_middle_goes_on_to_the_same_bits(undisturbed, seed_run, make_clock, tmp_path):
    # As when its process is killed: whoever listens stops asking.
    for value in seed_run(tmp_path, clock=make_clock(tick_s=10.0)):
        if isinstance(value, ProgressSample) and value.step == 6:
            break

    assert learning_of(seed_run(tmp_path, attempt=2)) == learning_of(undisturbed)


def test_complete_run_is_told_again_without_training(undisturbed, seed_run, tmp_path):
    first = list(seed_run(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    second = list(seed_run(tmp_path, attempt=2))

    assert second[:-1] == first[:-1]
    assert second[-1] == replace(undisturbed[-1], attempt=2)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_training_that_diverges_is_a_value(seed_run, tmp_path):
    # The first step at such a rate leaves weights whose squares overflow.
    told = list(seed_run(tmp_path, "optimization.learning_rate=1.0e+30", "optimization.warmup_tokens=0"))

    failure = told[-1]
    assert isinstance(failure, SeedFailure)
    assert failure.kind == "NonFiniteLossError"
    assert failure.cause is FailureCause.NON_FINITE
    assert (failure.run, failure.attempt, failure.step) == (RUN, 1, 2)
    assert failure.message.startswith("step 2 gave loss=")
    assert "take_step" in failure.traceback
    assert [record.interval for record in records_of(told)] == [0]


def test_validation_loss_that_is_not_finite_is_a_failure_and_no_record(seed_run, tmp_path):
    # The only step of interval 1 is finite, and its rate is infinite in fp32: the evaluation meets the weights first.
    told = list(
        seed_run(
            tmp_path,
            "optimization.learning_rate=1.0e+39",
            "optimization.warmup_tokens=0",
            "schedule.every_tokens=32",
        )
    )

    failure = told[-1]
    assert isinstance(failure, SeedFailure)
    assert (failure.kind, failure.cause, failure.step) == ("NonFiniteLossError", FailureCause.NON_FINITE, 1)
    assert failure.message.startswith("the validation loss after step 1 is ")
    assert [record.interval for record in records_of(told)] == [0]
    assert list(tmp_path.rglob("*interval-01*")) == []


def test_anything_that_goes_wrong_is_a_value(seed_run, tmp_path):
    # The run directory is a file.
    (tmp_path / "run").write_text("")

    told = list(seed_run(tmp_path / "run"))

    assert [(value.kind, value.cause) for value in told] == [("NotADirectoryError", FailureCause.DEFECT)]


def test_progress_is_shown_once_a_second_at_most(seed_run, make_clock, tmp_path):
    # 4 looks at the clock for each step: 0.4 s a step and some for its measuring, 12 steps.
    told = list(seed_run(tmp_path, clock=make_clock(tick_s=0.1)))

    samples = [value for value in told if isinstance(value, ProgressSample)]
    assert 2 <= len(samples) <= 6


def test_progress_tells_where_the_run_stands(seed_run, make_clock, tmp_path):
    told = list(seed_run(tmp_path, clock=make_clock(tick_s=10.0)))

    samples = [value for value in told if isinstance(value, ProgressSample)]
    assert [sample.step for sample in samples] == list(range(1, 13))
    assert [sample.tokens for sample in samples] == [32 * step for step in range(1, 13)]
    assert samples[0].tokens_per_s == 3.2  # 32 tokens in the 10 s between two looks at the clock
    assert samples[0].run == RUN


def test_train_loss_is_the_mean_of_the_steps_of_its_interval(seed_run, make_clock, tmp_path):
    told = list(seed_run(tmp_path, clock=make_clock(tick_s=10.0)))

    losses = [value.train_loss for value in told if isinstance(value, ProgressSample)]
    expected = [math.fsum(losses[first : first + 4]) / 4 for first in (0, 4, 8)]
    assert [record.train_loss for record in records_of(told)[1:]] == expected


def test_losses_of_the_steps_are_kept_by_interval(seed_run, make_clock, tmp_path):
    told = list(seed_run(tmp_path, clock=make_clock(tick_s=10.0)))

    kept = []
    for interval in range(4):
        with np.load(RunPaths(tmp_path).steps_file("base", 1, interval), allow_pickle=False) as steps:
            kept.append(steps["loss_nats"].tolist())
    losses = [value.train_loss for value in told if isinstance(value, ProgressSample)]
    assert kept == [[], losses[:4], losses[4:8], losses[8:]]


def test_record_says_where_it_was_made(undisturbed, worker_place):
    record = records_of(undisturbed)[1]

    assert (record.host, record.cpu_model) == (worker_place.host, worker_place.cpu_model)
    assert (record.cores, record.threads, record.interop_threads) == ((0,), 1, 1)
    assert record.peak_memory_bytes is None or record.peak_memory_bytes > 10**7
    assert (record.energy_joules, record.energy_source) == (None, None)


def test_initial_weights_are_those_of_the_seed(seed_run, tmp_path, tiny_experiment):
    list(seed_run(tmp_path))

    embedding = load_file(RunPaths(tmp_path).weights_file("base", 1, 0))["model.embed_tokens.weight"]
    assert torch.equal(embedding, build_model(tiny_experiment().model, seed=1).embedding.weight)
