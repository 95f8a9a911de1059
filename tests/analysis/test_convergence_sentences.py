"""Sentences of a convergence study write convergences one way and do not invent a change."""

import numpy as np
import pytest

from analysis.probes.convergence_estimates import DivergenceGroup, StoryResamples, convergence_estimates
from analysis.probes.convergence_sentences import convergence_sentences
from analysis.probes.convergence_summary import convergence_summary, summarize_condition
from analysis.probes.token_classes import every_context

NUM_CONTEXTS = 40


@pytest.fixture
def condition():
    """A function that makes a condition whose mean divergences at steps 0, 1, 2, ... are given."""

    def make(*means: float, num_seeds: int):
        groups = [
            DivergenceGroup(
                condition="base",
                interval=index,
                step=index,
                tokens=None,
                arrays={
                    "seeds": np.arange(num_seeds),
                    "divergence_nats": np.full(NUM_CONTEXTS, mean),
                    "seed_sum_nats": np.full((num_seeds, NUM_CONTEXTS), 2 * (num_seeds - 1) * mean),
                    "pair_nats": mean * (1 - np.eye(num_seeds)),
                    "kl_to_uniform_nats": np.full(NUM_CONTEXTS, 3.0),
                },
            )
            for index, mean in enumerate(means)
        ]
        resamples = StoryResamples(np.arange(NUM_CONTEXTS) // 10, num_resamples=20, rng=np.random.default_rng(0))
        classes = [every_context(NUM_CONTEXTS)]
        estimates = [convergence_estimates(group, classes=classes, resamples=resamples)[0] for group in groups]
        return summarize_condition(groups, estimates=estimates, resamples=resamples, num_types=50)

    return make


def test_every_convergence_has_four_decimals_and_its_interval_in_brackets(condition) -> None:
    curve, phases = convergence_sentences([condition(0.1, 0.3, num_seeds=3)], seed_controls=())

    assert curve == (
        "base: the convergence of 3 seeds goes from -0.1000 at step 0 to -0.3000 [-0.3000, -0.3000] nats at step 1 (40 "
        "contexts; 0 = all seeds predict the same)."
    )
    assert phases.startswith("base: sharp divergence from step 0 to 1 (-0.2000 nats). Not there: ")


def test_seeds_that_agree_have_no_negative_zero(condition) -> None:
    curve, _ = convergence_sentences([condition(0.0, 0.3, num_seeds=2)], seed_controls=())

    assert "goes from 0.0000 at step 0 to -0.3000 nats" in curve


def test_one_interval_shows_no_change(condition) -> None:
    assert convergence_sentences([condition(0.2, num_seeds=2)], seed_controls=()) == (
        "base: the convergence of 2 seeds is -0.2000 nats at step 0 (40 contexts; 0 = all seeds predict the same); one "
        "interval shows no change.",
    )


def test_two_seeds_cannot_leave_one_out_and_say_so(condition) -> None:
    summary = convergence_summary([condition(0.1, 0.3, num_seeds=2)])

    (phase,) = summary["conditions"]["base"]["phases"]
    assert phase["over_seeds"]["end_steps"].reason == "leaving one seed out needs three seeds"
    assert phase["over_stories"]["end_steps"] == [0, 1]
