"""Exponents are those of the data, and a fit that carries nothing is not made."""

import numpy as np
import pytest

from analysis.probes.entropy_scaling import SizedValues, log_log_fit, summarize_scaling
from analysis.undefined import Undefined


def _ladder(sizes, *, parts) -> list[SizedValues]:
    """Conditions of these sizes; `parts` gives each part's value from the size and the seed."""
    return [
        SizedValues(
            condition=f"size-{size}",
            sizes={"non_embedding": size, "total": 2 * size + 1000},
            values={part: {seed: value(size, seed) for seed in (1, 2, 3)} for part, value in parts.items()},
        )
        for size in sizes
    ]


PARTS = {
    "cross_entropy": lambda size, seed: 10 * size ** (-0.10 - 0.01 * seed),
    "error_entropy": lambda size, seed: 9 * size ** (-0.12 - 0.01 * seed),
    "self_alignment": lambda size, seed: 0.1 * size**0.05,
    "minus_log_norm": lambda size, seed: 1.0 - size / 500_000,
}


def test_slope_and_r_squared_are_those_of_an_independent_fit() -> None:
    from scipy.stats import linregress

    sizes, values = np.array([1.0, 2, 4, 8]), np.array([5, 4, 3.5, 3.3])
    other = linregress(np.log(sizes), np.log(values))

    slope, r_squared = log_log_fit(sizes, values)

    assert slope == pytest.approx(other.slope, abs=1e-12)
    assert r_squared == pytest.approx(other.rvalue**2, abs=1e-12)


def test_exponents_come_with_intervals_over_seeds_and_their_difference_from_the_loss() -> None:
    summary = summarize_scaling(_ladder([10_000, 40_000, 160_000], parts=PARTS))
    fits = {(fit["part"], fit["against"]): fit for fit in summary["fits"]}

    loss = fits["cross_entropy", "non_embedding"]
    assert loss["exponent"]["mean"] == pytest.approx(-0.12, abs=1e-9)
    assert loss["exponent"]["sd"] == pytest.approx(0.01, abs=1e-9)
    assert loss["r_squared"] == pytest.approx(1.0, abs=1e-4)
    assert fits["error_entropy", "non_embedding"]["minus_cross_entropy"]["mean"] == pytest.approx(-0.02, abs=1e-9)
    assert fits["error_entropy", "non_embedding"]["minus_cross_entropy"]["sd"] == pytest.approx(0, abs=1e-9)
    assert fits["self_alignment", "total"]["exponent"]["mean"] > 0.05


def test_part_that_changes_its_sign_has_no_exponent() -> None:
    summary = summarize_scaling(_ladder([100_000, 400_000, 1_600_000], parts=PARTS))
    fits = {fit["part"]: fit for fit in summary["fits"] if fit["against"] == "total"}

    assert "changes its sign" in fits["minus_log_norm"]["exponent"]["undefined"]
    assert "mean" in fits["cross_entropy"]["exponent"]


def test_ladder_that_spans_too_little_for_a_law_is_told_so() -> None:
    short = summarize_scaling(_ladder([10_000, 40_000, 160_000], parts=PARTS))
    long = summarize_scaling(_ladder([10**3, 10**4, 10**5, 10**6, 10**7], parts=PARTS))

    assert short["statement"] == (
        "The 3 sizes span a factor of 16 (1.2 decades): too little for a law; the exponents describe these sizes and "
        "no others."
    )
    assert "too little" not in long["statement"]


def test_two_sizes_give_no_fit() -> None:
    assert isinstance(summarize_scaling(_ladder([10_000, 40_000], parts=PARTS)), Undefined)
