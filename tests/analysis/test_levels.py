"""Levels sort as numbers where they are numbers, else as they first appear."""

import numpy as np
import pandas as pd
import pytest

from analysis.levels import ordered_labels


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([10, 2, 1], [1, 2, 10]),
        ([2.5, 0.5], [0.5, 2.5]),
        (["step1000", "step100", "step50"], ["step50", "step100", "step1000"]),
        (["1M", "500K", "2M"], ["500K", "1M", "2M"]),
        (["1.5M tokens", "500K tokens", "900 tokens"], ["900 tokens", "500K tokens", "1.5M tokens"]),
        (["1B", "20m", "1,000"], ["1,000", "20m", "1B"]),
        (["10", "9", "-1", ".5"], ["-1", ".5", "9", "10"]),
        (["seed-100", "seed-20"], ["seed-20", "seed-100"]),
        (["interval-07", "interval-10", "interval-00"], ["interval-00", "interval-07", "interval-10"]),
        (["1e-3", "1e-4"], ["1e-4", "1e-3"]),
        (["large", "small"], ["large", "small"]),
        (["large", "10M", "1M"], ["large", "10M", "1M"]),
        (["step10", "epoch2"], ["step10", "epoch2"]),
        (["10 s", "5 tokens"], ["10 s", "5 tokens"]),
        (["rev.10", "rev.2"], ["rev.2", "rev.10"]),
        (["v1.2.3", "v1.1.9"], ["v1.2.3", "v1.1.9"]),
    ],
)
def test_order(given, expected):
    assert ordered_labels(pd.Series(given)) == tuple(expected)


def test_each_label_comes_once():
    assert ordered_labels(pd.Series([3, 1, 3, 1])) == (1, 3)


def test_ordered_categories_keep_their_order():
    column = pd.Series(pd.Categorical(["late", "early"], categories=["early", "middle", "late"], ordered=True))

    assert ordered_labels(column) == ("early", "late")


def test_whole_floats_are_integers():
    labels = ordered_labels(pd.Series([1.0, 0.0]))

    assert labels == (0, 1)
    assert all(isinstance(label, int) for label in labels)


def test_labels_are_plain_python_values():
    labels = ordered_labels(pd.Series(np.array([3, 1], dtype=np.int32)))

    assert [type(label) for label in labels] == [int, int]
