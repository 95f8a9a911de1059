"""A table in which nothing changes, or whose seeds are one replicate, yields no p, no effect and no claim."""

import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import statistics_to_json
from analysis.audit import Missing
from analysis.derived_columns import with_derived_columns
from analysis.frame_conditions import analyze_conditions
from analysis.frame_summary import summarize_frame
from analysis.table_statistics import TABLE_METRICS
from configs.telemetry import TelemetryConfig

NUM_SEEDS, NUM_LEVELS = 6, 10
VALUES = (2.0, 0.1, 1e6 + 0.1, 1e-9)
FALL = 1 + 1 / np.sqrt(np.arange(1, NUM_LEVELS + 1))
# Seeds that lie apart by a constant do lie apart: their offsets are measured, and may be tested.
OFFSETS = re.compile(r"\.variability\.outlying_seeds\[\d+\]\.")
P = re.compile(r"\.(p|p_\w+|stands_out)$|\.p\.\w+$")


def _constant(value: float) -> np.ndarray:
    return np.full((NUM_SEEDS, NUM_LEVELS), value)


def _constant_per_seed(value: float) -> np.ndarray:
    return value * np.outer(1 + np.arange(NUM_SEEDS) / 10, np.ones(NUM_LEVELS))


def _identical(value: float) -> np.ndarray:
    return value * np.outer(np.ones(NUM_SEEDS), FALL)


def _jittered(values: np.ndarray) -> np.ndarray:
    """The same values, each off by two roundings at most, as sums in another order make them."""
    return values * (1 + np.random.default_rng(5).integers(-2, 3, size=values.shape) * float(np.finfo(float).eps))


TABLES = {
    f"{make.__name__[1:]} {value:g}{' jittered' if is_jittered else ''}": _jittered(make(value))
    if is_jittered
    else make(value)
    for make in (_constant, _constant_per_seed, _identical)
    for value in VALUES
    for is_jittered in (False, True)
}
JITTERED_FALLS = [name for name in TABLES if name.startswith("identical") and name.endswith("jittered")]
FLAT = [name for name in TABLES if name.startswith("constant")]


def _frame(values: np.ndarray, *, condition: str | None = None) -> pd.DataFrame:
    num_seeds, num_levels = values.shape
    frame = pd.DataFrame(
        {
            "seed": np.repeat(np.arange(1, num_seeds + 1), num_levels),
            "step": np.tile(100 * np.arange(1, num_levels + 1), num_seeds),
            "val_loss": values.ravel(),
        }
    )
    return frame if condition is None else frame.assign(condition=condition)


def _analyze(frame: pd.DataFrame) -> dict[str, Any]:
    """What `seedscope analyze` makes of a table, derived metrics included, without a warning of NumPy's."""
    telemetry = TelemetryConfig()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # pingouin 0.7.0 passes dropna an argument that pandas 3.1 deprecates.
        warnings.filterwarnings("ignore", message="The inplace keyword", category=DeprecationWarning)
        statistics = analyze_conditions(
            with_derived_columns(frame, subject="seed", within="step", telemetry=telemetry),
            subject="seed",
            within="step",
            metrics=TABLE_METRICS,
            missing=Missing.DROP_SEEDS,
            telemetry=telemetry,
        )
    statistics_to_json(statistics)
    return statistics


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict) and set(tree) != {"undefined"}:
        for key, value in tree.items():
            yield from _leaves(value, f"{path}.{key}")
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from _leaves(value, f"{path}[{place}]")
    else:
        yield path, tree


def _claims(statistics: dict[str, Any]) -> dict[str, Any]:
    """Every p that is there, and every seed that stands out; floors and plans claim nothing."""
    return {
        path: value
        for path, value in _leaves(statistics)
        if P.search(path)
        and not isinstance(value, dict)
        and value is not False
        and not OFFSETS.search(path)
        and not path.endswith("p_floor")
        and ".planning." not in path
    }


@pytest.mark.parametrize("name", TABLES)
def test_no_p_comes_from_rounding(name):
    statistics = _analyze(_frame(TABLES[name]))
    claims = _claims(statistics)

    # A volatility of jittered losses is a difference of these, and a table does not tell how large they were.
    assert [path for path in claims if name not in JITTERED_FALLS or "rolling_volatility" not in path] == []
    without_reason = [path for path, value in _leaves(statistics) if value == {"undefined": ""} or value is None]
    assert [path for path in without_reason if not path.endswith("generator_seed")] == []
    assert "the value is not a finite number" not in statistics_to_json(statistics)


@pytest.mark.parametrize("name", FLAT)
def test_what_does_not_change_has_no_break_and_no_rise(name):
    metric = _analyze(_frame(TABLES[name]))["metrics"]["val_loss"]

    assert metric["change_points"]["shared"] == []
    assert all(row["levels"] == [] for row in metric["change_points"]["per_seed"])
    assert metric["summaries"]["num_flat"] == NUM_SEEDS
    assert metric["summaries"]["final_minus_minimum"]["num_positive"] == 0
    assert {row["level"] for row in metric["summaries"]["minimum"]} == {100}
    assert metric["summaries"]["lowest_mean"]["level"] == 100


@pytest.mark.parametrize("name", FLAT)
def test_what_does_not_change_is_said_once(name):
    sentences = summarize_frame(_analyze(_frame(TABLES[name])))

    assert sum("does not change" in sentence for sentence in sentences) == 1
    assert not any(word in sentence for sentence in sentences for word in ("lowest", "F(", "no F", "identical", "rise"))
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize("name", [name for name in TABLES if name.startswith("identical") and "jitter" not in name])
def test_identical_seeds_are_said_once_to_be_one_replicate(name):
    warnings_said = [
        sentence for sentence in summarize_frame(_analyze(_frame(TABLES[name]))) if sentence.startswith("warning: ")
    ]

    (warning,) = [sentence for sentence in warnings_said if "bit-identical" in sentence]
    assert re.match("warning: val_loss, (val_ppl, )?rolling_volatility: all 6 seeds are bit-identical: ", warning)
    assert not any("same value" in sentence for sentence in warnings_said)


@pytest.mark.parametrize("name", TABLES)
def test_conditions_that_differ_by_rounding_do_not_differ(name):
    frame = pd.concat(
        [_frame(TABLES[name], condition="one"), _frame(_jittered(_jittered(TABLES[name])), condition="two")],
        ignore_index=True,
    )

    assert _claims(_analyze(frame)["condition_by_interval"]["val_loss"]) == {}
