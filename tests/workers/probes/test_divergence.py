"""Divergences between seeds are exact where they can be computed by hand, and precise where seeds agree."""

import numpy as np
import pytest

from workers.probes.unigram import smoothed_log_unigram


@pytest.fixture
def collect():
    """A function from a list of logits, one (N, V) array for each seed, to the collected arrays."""
    import torch

    from workers.probes.divergence import DivergenceCollector

    def run(logits, *, num_types=None, log_unigram=None, batches=1):
        tensors = [torch.tensor(np.asarray(one), dtype=torch.float32) for one in logits]
        num_contexts = len(tensors[0])
        collector = DivergenceCollector(
            num_seeds=len(tensors),
            num_contexts=num_contexts,
            num_types=num_types or tensors[0].shape[1],
            log_unigram=log_unigram,
        )
        for contexts in np.array_split(np.arange(num_contexts), batches):
            collector.add([one[contexts[0] : contexts[-1] + 1] for one in tensors], first=int(contexts[0]))
        return collector.arrays()

    return run


def test_two_coins_computed_by_hand(collect) -> None:
    # KL((.5 .5) || (.9 .1)) = ln .5 - ln(.9 x .1) / 2 = .5108256; the other way .3680642; their mean .4394449.
    arrays = collect([np.log([[0.5, 0.5]]), np.log([[0.9, 0.1]])])

    assert arrays["pair_nats"] == pytest.approx(np.array([[0, 0.5108256], [0.3680642, 0]]), abs=1e-6)
    assert arrays["divergence_nats"] == pytest.approx([0.4394449], abs=1e-6)
    assert arrays["seed_kl_to_uniform_nats"] == pytest.approx([0, 0.3680642], abs=1e-6)
    assert arrays["seed_kl_from_uniform_nats"] == pytest.approx([0, 0.5108256], abs=1e-6)


def test_seeds_that_agree_are_exactly_zero_apart(collect) -> None:
    logits = 5 * np.random.default_rng(0).standard_normal((7, 50))

    arrays = collect([logits, logits, logits])

    assert arrays["divergence_nats"].tolist() == [0.0] * 7
    assert arrays["seed_sum_nats"].tolist() == [[0.0] * 7] * 3


def test_tiny_differences_keep_their_digits(collect) -> None:
    # float64 tells what single precision must not lose to the entropy, a thousand times larger.
    rng = np.random.default_rng(1)
    base = 3 * rng.standard_normal((40, 500))
    logits = [(base + 0.01 * rng.standard_normal(base.shape)).astype(np.float32) for _ in range(3)]
    log_p = [one - np.log(np.exp(one).sum(1, keepdims=True)) for one in (one.astype(np.float64) for one in logits)]
    expected = np.mean([(np.exp(p) * (p - q)).sum(1) for p in log_p for q in log_p if p is not q], axis=0)

    assert collect(logits)["divergence_nats"] == pytest.approx(expected, rel=2e-3)


def test_constants_order_of_seeds_and_batches_change_nothing(collect) -> None:
    rng = np.random.default_rng(2)
    logits = [rng.standard_normal((30, 20)) for _ in range(4)]
    reference = collect(logits)["divergence_nats"]

    assert collect([one + 3.0 for one in logits])["divergence_nats"] == pytest.approx(reference, abs=1e-6)
    assert collect(logits[::-1])["divergence_nats"] == pytest.approx(reference, abs=1e-6)
    assert collect(logits, batches=7)["divergence_nats"] == pytest.approx(reference, abs=1e-6)


def test_padding_rows_are_cut_before_renormalising(collect) -> None:
    rng = np.random.default_rng(3)
    logits = [rng.standard_normal((5, 8)) for _ in range(2)]
    padded = [np.concatenate([one, 9 * np.ones((5, 3))], axis=1) for one in logits]

    assert collect(padded, num_types=8)["divergence_nats"] == pytest.approx(
        collect(logits)["divergence_nats"], abs=1e-7
    )


def test_token_that_was_never_counted_keeps_half_a_count() -> None:
    assert np.exp(smoothed_log_unigram(np.array([0, 3, 5]))) == pytest.approx([0.5 / 9.5, 3.5 / 9.5, 5.5 / 9.5])


def test_pair_sums_give_the_mean_without_each_seed(collect) -> None:
    rng = np.random.default_rng(4)
    logits = [rng.standard_normal((6, 9)) for _ in range(4)]
    arrays = collect(logits)
    total = arrays["divergence_nats"] * 12

    for seed in range(4):
        without = collect(logits[:seed] + logits[seed + 1 :])["divergence_nats"]
        assert (total - arrays["seed_sum_nats"][seed]) / 6 == pytest.approx(without, abs=1e-6)
