"""What pure noise shows is reckoned exactly, as a simulation of it shows."""

import numpy as np
import pytest

from analysis.plateau_null import plateau_rises
from analysis.undefined import Undefined


def test_plateau_backslides_in_every_other_interval():
    null = plateau_rises(num_levels=21, num_deltas=120, noise_multiple=0.0)

    # 10 of 20, SD 1.4: the rises of a random permutation of n have mean (n - 1) / 2 and variance (n + 1) / 12.
    assert null.expected_per_seed == 10
    assert null.sd_per_seed == pytest.approx(np.sqrt(22 / 12))
    assert null.expected == 60


def test_missing_deltas_are_not_expected_to_rise():
    null = plateau_rises(num_levels=21, num_deltas=118, noise_multiple=0.0)

    assert (null.expected_per_seed, null.expected) == (10, 59)


@pytest.mark.parametrize("multiple", [0.0, 1.0, 2.0])
def test_counts_are_those_of_simulated_noise(multiple):
    rng = np.random.default_rng(5)
    deltas = np.diff(rng.normal(size=(40_000, 21)), axis=1)
    counts = (deltas > multiple * np.sqrt(2)).sum(axis=1)

    null = plateau_rises(num_levels=21, num_deltas=20, noise_multiple=multiple)

    assert null.expected_per_seed == pytest.approx(counts.mean(), abs=4 * counts.std() / 200)
    assert null.sd_per_seed == pytest.approx(counts.std(), rel=0.03)


def test_single_level_has_no_delta():
    assert isinstance(plateau_rises(num_levels=1, num_deltas=0, noise_multiple=0.0), Undefined)
