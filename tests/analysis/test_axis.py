"""Levels lie at their tokens where these are known, else at the number in their label."""

import pandas as pd
import pytest

from analysis.axis import Axis, LevelPositions, axis_from_frame, level_positions
from analysis.undefined import Undefined


def frame_of(levels, **columns):
    return pd.DataFrame({"interval": levels, **columns})


def positions(frame):
    axis = axis_from_frame(frame, within="interval")
    levels = list(dict.fromkeys(frame["interval"]))
    result = level_positions(axis, levels=levels)
    return result if isinstance(result, Undefined) else (result.name, result.positions.tolist())


def test_tokens_come_first():
    assert positions(frame_of([0, 1, 0, 1], tokens=[0, 1024, 0, 1024])) == ("tokens", [0, 1024])


def test_tokens_that_differ_between_seeds_are_averaged():
    assert positions(frame_of([0, 1, 0, 1], tokens=[0, 1000, 0, 1200])) == ("tokens", [0, 1100])


def test_numbers_in_labels_stand_in_for_tokens():
    assert positions(frame_of(["step100", "step1000"])) == ("interval", [100, 1000])
    assert positions(frame_of(["500K", "1M"])) == ("interval", [500_000, 1_000_000])


def test_tokens_missing_at_some_level_are_not_used():
    assert positions(frame_of([3, 5], tokens=[None, 7])) == ("interval", [3, 5])


def test_words_have_no_place():
    result = positions(frame_of(["stick insect", "grub"]))

    assert isinstance(result, Undefined)
    assert "are no numbers" in result.reason


@pytest.mark.parametrize("tokens", [[5, 5], [5, 4]])
def test_tokens_must_rise(tokens):
    result = positions(frame_of([0, 1], tokens=tokens))

    assert isinstance(result, Undefined)
    assert "do not rise" in result.reason


def test_places_are_those_of_the_levels_used():
    axis = Axis(name="tokens", positions={0: 0.0, 1: 10.0, 2: 20.0})
    result = level_positions(axis, levels=[1, 2])

    assert isinstance(result, LevelPositions)
    assert result.positions.tolist() == [10, 20]
