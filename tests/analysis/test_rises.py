"""Rises above the lowest loss so far, by four measures."""

import numpy as np
import pytest

from analysis.grid import Grid
from analysis.rises import generalization_loss, loss_ratio, successive_rises, summarize_rises
from analysis.undefined import Undefined
from configs.telemetry import TelemetryConfig

NAN = float("nan")
LOSSES = np.array([[4.0, 2.0, 2.5, 3.0, 1.0, 1.1]])


def summary_of(losses):
    grid = Grid(values=np.asarray(losses), subjects=tuple(range(len(losses))), levels=tuple(range(len(losses[0]))))
    return summarize_rises(grid, telemetry=TelemetryConfig())


def test_loss_ratio_compares_with_the_lowest_before():
    np.testing.assert_allclose(loss_ratio(LOSSES), [[NAN, 0.5, 1.25, 1.5, 0.5, 1.1]])


def test_generalization_loss_is_the_excess_over_the_lowest_so_far_in_percent():
    np.testing.assert_allclose(generalization_loss(LOSSES), [[0, 0, 25, 50, 0, 10]])


def test_rises_in_a_row_are_counted():
    assert successive_rises(LOSSES)[0].tolist() == [0, 0, 1, 2, 0, 1]


def test_level_at_the_same_loss_is_no_rise():
    assert successive_rises(np.array([[2.0, 2.0, 2.1, 2.1]]))[0].tolist() == [0, 0, 1, 0]


def test_summary_names_the_largest_and_the_last():
    rises = summary_of(LOSSES)
    seed = rises.per_seed[0]

    assert (seed.drawdown.largest, seed.drawdown.largest_level) == (1.0, 3)
    assert seed.drawdown.final == pytest.approx(0.1)
    assert (seed.loss_ratio.largest, seed.loss_ratio.largest_level) == (1.5, 3)
    assert (seed.successive_rises.largest, seed.successive_rises.final) == (2, 1)
    assert rises.loss_ratio.text == "2 of 5 losses above 1.2 times the lowest before"


def test_what_lies_behind_a_gap_is_undefined():
    losses = np.array([[4.0, 2.0, NAN, 3.0]])

    assert np.isnan(successive_rises(losses)[0, 2:]).all()
    assert np.isnan(generalization_loss(losses)[0, 2:]).all()
    assert isinstance(summary_of(losses).per_seed[0].drawdown.final, Undefined)


def test_losses_that_are_not_above_zero_have_no_ratio():
    losses = np.array([[1.0, -1.0, 0.5]])

    assert np.isnan(loss_ratio(losses)[0, 2])
    assert np.isnan(generalization_loss(losses)[0, 1:]).all()


def test_seed_without_values_has_no_rises():
    assert isinstance(summary_of(np.full((1, 3), NAN)).per_seed[0].drawdown.largest, Undefined)
