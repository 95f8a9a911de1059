"""The rate rises linearly to its peak and falls as half a cosine, by tokens."""

import math

import pytest

from configs.load import load_experiment
from configs.optimization import OptimizationConfig


@pytest.fixture
def published():
    return load_experiment("published-study").optimization


@pytest.mark.parametrize(
    ("tokens", "rate"),
    [
        # published-study.md section 3: 4e-4 max(1, t) / 1e6 before 1e6 tokens, then 4e-5 + 0.5 (1 + cos(x)) 3.6e-4
        (0, 4e-10),
        (1, 4e-10),
        (2_048, 8.192e-7),
        (500_000, 2e-4),
        (999_999, 3.999996e-4),
        (1_000_000, 4e-4),
        (5_750_000, 4e-5 + 0.5 * (1 + math.sqrt(0.5)) * 3.6e-4),  # a quarter of the cosine
        (10_500_000, 2.2e-4),  # its middle
        (15_250_000, 4e-5 + 0.5 * (1 - math.sqrt(0.5)) * 3.6e-4),
        (20_000_000, 4e-5),
        (20_000_768, 4e-5),
        (10**12, 4e-5),
    ],
)
def test_published_rate(published, tokens, rate):
    assert published.rate_at(tokens) == pytest.approx(rate, rel=1e-12)


def test_without_warm_up_the_first_rate_is_the_peak():
    optimization = OptimizationConfig(
        learning_rate=1e-2, final_learning_rate=0, warmup_tokens=0, decay_tokens=100, betas=(0.9, 0.95)
    )

    assert optimization.rate_at(0) == 1e-2
    assert optimization.rate_at(100) == 0


def test_rate_never_rises_after_warm_up(published):
    rates = [published.rate_at(tokens) for tokens in range(1_000_000, 21_000_000, 10_000)]

    assert rates == sorted(rates, reverse=True)
