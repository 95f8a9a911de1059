"""Cross entropy splits exactly into error entropy, self-alignment and log norm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.probes.entropy_parts import EntropyParts, entropy_parts


def _from_logits(logits: np.ndarray, targets: np.ndarray) -> EntropyParts:
    """Loss, rank and ties by definition, in float64."""
    shifted = logits - logits.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    chosen = logits[np.arange(len(targets)), targets][:, None]
    return entropy_parts(
        loss_nats=-log_p[np.arange(len(targets)), targets],
        rank=(logits > chosen).sum(1),
        num_ties=(logits == chosen).sum(1) - 1,
    )


def test_six_tokens_computed_by_hand() -> None:
    # p = (1/2, 1/3, 1/6); Q_0 = (.5 .4 .8)^(1/3) = .54288352, Q_1 = sqrt(.3 .2) = .24494897, Q_3 = .05.
    parts = entropy_parts(
        loss_nats=-np.log([0.5, 0.4, 0.8, 0.3, 0.2, 0.05]),
        rank=np.array([0, 0, 0, 1, 1, 3]),
        num_ties=np.array([0, 0, 1, 0, 0, 2]),
    )

    assert parts.cross_entropy_nats == pytest.approx(1.27362074, abs=1e-8)
    assert parts.error_entropy_nats == pytest.approx(1.01140426, abs=1e-8)
    assert parts.self_alignment_nats == pytest.approx(0.08527940, abs=1e-8)
    assert parts.log_norm_nats == pytest.approx(-0.17693708, abs=1e-8)
    assert parts.error_entropy_mm_nats == pytest.approx(1.01140426 + 2 / 12, abs=1e-8)
    assert (parts.num_tokens, parts.num_ranks, parts.num_ties) == (6, 3, 2)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_tokens=st.integers(1, 60),
    num_types=st.integers(1, 40),
    scale=st.sampled_from([0.0, 0.3, 3.0, 80.0]),
    decimals=st.sampled_from([0, 1, 12]),
)
def test_identity_and_bounds_hold_on_random_logits_with_ties(
    seed: int, num_tokens: int, num_types: int, scale: float, decimals: int
) -> None:
    rng = np.random.default_rng(seed)
    logits = np.round(scale * rng.standard_normal((num_tokens, num_types)), decimals)
    targets = rng.integers(num_types, size=num_tokens)

    parts = _from_logits(logits, targets)

    assert abs(parts.identity_error_nats) <= 1e-9
    assert parts.self_alignment_nats >= -1e-12
    assert 0 <= parts.error_entropy_nats <= np.log(parts.num_ranks) + 1e-12
    assert parts.num_ranks <= min(num_tokens, num_types)
    assert parts.log_norm_nats <= np.log((1 / np.arange(1, num_types + 1)).sum()) + 1e-12


def test_constant_added_to_the_logits_and_order_of_the_tokens_change_nothing() -> None:
    rng = np.random.default_rng(1)
    logits, targets = rng.standard_normal((50, 20)), rng.integers(20, size=50)
    order = rng.permutation(50)

    parts = _from_logits(logits, targets)
    other = _from_logits(logits[order] + 8.0, targets[order])

    assert other.error_entropy_nats == pytest.approx(parts.error_entropy_nats, abs=1e-12)
    assert other.self_alignment_nats == pytest.approx(parts.self_alignment_nats, abs=1e-12)
    assert other.log_norm_nats == pytest.approx(parts.log_norm_nats, abs=1e-12)


def test_model_without_any_preference_has_rank_zero_everywhere_and_is_told_by_its_ties() -> None:
    parts = _from_logits(np.zeros((30, 16)), np.arange(30) % 16)

    assert (parts.error_entropy_nats, parts.num_ranks, parts.num_ties) == (0.0, 1, 30)
    assert parts.self_alignment_nats == pytest.approx(0.0, abs=1e-12)
    assert parts.cross_entropy_nats == pytest.approx(np.log(16))
    assert parts.log_norm_nats == pytest.approx(-np.log(16))


def test_too_few_tokens_lower_the_entropy_of_uniform_ranks() -> None:
    # 4,096 ranks, all equally likely: ln 4096 = 8.318; 2,048 tokens give 7.31 plugged in and 7.70 corrected.
    rank = np.random.default_rng(0).integers(4096, size=2048)

    parts = entropy_parts(loss_nats=np.full(2048, np.log(4096)), rank=rank, num_ties=np.zeros(2048, dtype=int))

    assert parts.error_entropy_nats == pytest.approx(7.31, abs=0.02)
    assert parts.error_entropy_mm_nats == pytest.approx(7.70, abs=0.02)
