"""Of a metric that does not change the report claims no lowest level, no ending and no size of effect."""

from typing import Any

import pytest

from analysis.report.sections.answer import Answer
from analysis.report.sections.limits import Limits


@pytest.mark.parametrize("apart", [0.0, 0.1])
def test_answer_says_that_nothing_changes(apart: float, make_frame: Any, facts_of: Any, words_of: Any) -> None:
    frame = make_frame(seeds=[1, 2, 3, 4, 5, 6], num_levels=9)

    answer = words_of(facts_of(frame.assign(val_loss=2 + apart * frame["seed"].astype(float))), sections=(Answer(),))

    assert "Validation loss does not change from interval to interval" in answer
    assert not any(word in answer for word in ("lowest at", "minimum", "F(", " p "))


def test_limits_of_a_metric_that_does_not_change_have_no_holes(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    frame = make_frame(seeds=[1, 2, 3, 4, 5, 6], num_levels=9).assign(val_loss=2.0)

    limits = words_of(facts_of(frame), sections=(Limits(),))

    assert "below \N{EN DASH}" not in limits
    assert "Sd of" not in limits
    assert "The SD of differences of validation loss is undefined: no difference between intervals varies" in limits
