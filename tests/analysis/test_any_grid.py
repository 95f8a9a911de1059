"""No grid crashes the analysis, and whatever it cannot say has a reason of its own."""

import warnings

import numpy as np
import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis import analyze_frame, statistics_to_json

VALUES = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 2.5, 8.3, float("nan"), float("inf"), 1e300, 1e-300, 1e70]),
    st.floats(-10, 10, width=16),
)
GRIDS = st.tuples(st.integers(1, 7), st.integers(1, 8)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=VALUES)
)
# What `to_plain` writes for a number that nobody gave a reason for.
NO_REASON = "the value is not a finite number"


@settings(max_examples=15, deadline=None)
@given(grid=GRIDS, start=st.sampled_from([0, 1]))
@example(grid=np.zeros((6, 21)), start=0)
@example(grid=np.full((6, 7), 1e70), start=0)
@example(grid=np.array([[1.0, 2.0], [1.0, 2.0]]), start=1)
@example(grid=np.outer(np.ones(5), np.arange(7.0)) + np.eye(5, 7) * 1e-13, start=0)
@example(grid=np.array([[1e-300, 0.0, 1e-300], [0.0, 1e-300, 0.0], [0.0, 0.0, 1e-300]]), start=0)
@example(grid=np.array([[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 1e70, 1.0]]), start=0)
@example(grid=np.array([[-3.5, 1e70], [1e70, 8.0], [-1.1, -2.5]]), start=0)
@example(grid=np.array([[1.0, 1.0, 1e70], [1.0, 1e70, 1.0], [1e70, 1.0, 6.7], [1.0, -3.5, 1e70]]), start=0)
@example(grid=np.array([[1e-300, 1e70, -5.7, 1e-300]]), start=0)
def test_every_value_is_finite_or_has_a_reason(grid, start):
    num_seeds, num_levels = grid.shape
    frame = pd.DataFrame(
        {
            "seed": np.repeat(np.arange(num_seeds), num_levels),
            "interval": np.tile(np.arange(start, start + num_levels), num_seeds),
            "val_loss": grid.ravel(),
        }
    )

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        text = statistics_to_json(analyze_frame(frame))

    assert NO_REASON not in text
