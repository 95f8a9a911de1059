"""A run that cannot go on does not sink the others, and resuming runs only what is missing."""

from collections.abc import Callable
from typing import Any

import pytest

from workers.points import Point

WILD = "conditions={calm: {}, wild: {optimization.learning_rate: 1.0e+30}}"
CALM = "conditions={calm: {}}"


def rows_of(rows: list[list[str]], condition: str) -> list[list[str]]:
    return [row for row in rows if row[0] == condition]


def test_run_whose_loss_is_not_finite_is_given_up_and_the_others_finish(
    experiment: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    partial = experiment(WILD)

    ended = partial.start()

    assert ended.exit_code == 3, ended.output
    assert "training would meet the same loss again" in ended.output
    assert "PARTIAL" in ended.output
    assert rows_of(partial.learning_rows(), "calm") == rows_of(undisturbed(CALM), "calm")
    assert {(row[1], row[2]) for row in rows_of(partial.learning_rows(), "wild")} >= {("1", "0"), ("2", "0")}


def test_resume_of_a_partial_experiment_tries_only_what_is_missing(experiment: Callable[..., Any]) -> None:
    partial = experiment(WILD)
    partial.start()
    before = partial.learning_rows()

    resumed = partial.resume()

    assert resumed.exit_code == 3, resumed.output
    assert partial.attempts_by_run() == {
        ("calm", 1): 1,
        ("calm", 2): 1,
        ("wild", 1): 2,
        ("wild", 2): 2,
    }
    assert partial.learning_rows() == before


def test_resume_of_a_finished_experiment_leaves_it_as_it_is(experiment: Callable[..., Any]) -> None:
    finished = experiment()
    finished.start()
    before = finished.hashes()

    resumed = finished.resume()

    assert resumed.exit_code == 0, resumed.output
    assert finished.hashes() == before
    assert set(finished.attempts_by_run().values()) == {1}


@pytest.mark.slow
def test_worker_that_dies_again_and_again_is_given_up_and_resume_makes_up_for_it(
    experiment: Callable[..., Any], fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    # Only the runs of `long` take a fifth step without an evaluation.
    overrides = (
        "seeds=[1]",
        "conditions={short: {}, long: {schedule.every_tokens: 512}}",
        "recovery.max_attempts=3",
        "recovery.backoff_s=0.5",
    )
    disturbed = experiment(*overrides)
    deadly = fault("kill", Point.STEP_TAKEN, 5, since=Point.EVALUATED, returns=True)

    ended = disturbed.start(deadly, ray=True)
    attempts = disturbed.attempts_by_run()
    partial = disturbed.learning_rows()
    resumed = disturbed.resume()

    assert ended.exit_code == 3, ended.output
    assert "in 0.5 s" in ended.output
    assert "in 1 s" in ended.output
    assert "3 attempts in a row brought no new interval" in " ".join(ended.output.split())
    assert "PARTIAL" in ended.output
    assert attempts == {("short", 1): 1, ("long", 1): 3}
    assert rows_of(partial, "short") == rows_of(undisturbed(*overrides), "short")
    assert resumed.exit_code == 0, resumed.output
    assert disturbed.attempts_by_run() == {("short", 1): 1, ("long", 1): 4}
    assert disturbed.learning_rows() == undisturbed(*overrides)
