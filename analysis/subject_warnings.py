"""Find out whether the subjects of a table are only the numbers of its trials."""

import re
from itertools import combinations, islice, pairwise

import numpy as np
import pandas as pd
from scipy import stats

from analysis.grid import Grid
from analysis.levels import Label
from analysis.rounding import rounding_of

__all__ = ["warn_about_order", "warn_about_sampling", "warn_about_subjects"]

_COUNTER = re.compile(r"(?:^|_)(?:trial|run|rep|repeat|repetition|replicate|iteration|index|row)s?(?:_|$)", re.I)
_LEAST_SUBJECTS = 3
_NUM_SHOWN = 6
_RARE_S = 5.0  # evaluations and checkpoints of small models take seconds


def warn_about_subjects(grid: Grid, *, subject: str, within: str, metric: str) -> tuple[str, ...]:
    """A sentence where a counter of trials stands for the subject, as if trial 7 of one level knew trial 7 of another.

    Args:
        grid: Complete, shape (num_subjects, num_levels).
        subject: Name of the subject column.
        within: Name of the level column.
        metric: Name of the metric.
    """
    if not (_COUNTER.search(subject) and _is_count(grid.subjects)) or grid.num_subjects < _LEAST_SUBJECTS:
        return ()
    return (
        f"{metric}: the subjects ({subject}) are only the numbers of trials; unless trial n shares its seed with trial "
        f"n at every other level of {within}, nothing is paired: repeated measures and paired tests do not apply "
        f"(correlations between levels over {subject}: {_correlations(grid)}; one-way F without pairing: {_f(grid)})",
    )


def warn_about_order(frame: pd.DataFrame, *, within: str) -> tuple[str, ...]:
    """A sentence where the levels were run in blocks, one after another, by the column `timestamp` or `began_at`."""
    column = next((name for name in ("timestamp", "began_at") if name in frame.columns), None)
    if column is None or within not in frame.columns:
        return ()
    times = _times(frame[column])
    spans = sorted((times[rows.index].min(), times[rows.index].max()) for _, rows in frame.groupby(within))
    if len(spans) < 2 or times.isna().any() or frame.groupby(within).size().min() < 2:
        return ()
    if any(later[0] <= earlier[1] for earlier, later in pairwise(spans)):
        return ()
    return (
        f"each level of {within} was run in a block of its own, one after another ({column}): what drifts with time, "
        "such as temperature, cannot be told from the level",
    )


def warn_about_sampling(frame: pd.DataFrame, *, within: str) -> tuple[str, ...]:
    """A sentence where power was sampled rarely, by the columns `timestamp` and `power_samples`."""
    if not {"timestamp", "power_samples", within} <= set(frame.columns):
        return ()
    times, samples = _times(frame["timestamp"]), pd.to_numeric(frame["power_samples"], errors="coerce")
    periods_s = []
    for _, rows in frame.groupby(within):
        between = times[rows.index].sort_values().diff()
        between_s = between.dt.total_seconds() if pd.api.types.is_timedelta64_dtype(between) else between
        num_samples = float(samples[rows.index].median())
        periods_s.append(float(between_s.median()) / num_samples if num_samples > 0 else 0.0)
    longest_s = max((period_s for period_s in periods_s if period_s > 0), default=0.0)
    if longest_s <= _RARE_S:
        return ()
    return (
        f"power was sampled about every {longest_s:.0f} s (time between trials over power_samples): shorter phases are "
        "missed, and the root mean square of the samples is no energy, which is the integral of power over time",
    )


def _is_count(subjects: tuple[Label, ...]) -> bool:
    numbers = sorted(label for label in subjects if isinstance(label, int))
    is_whole = len(numbers) == len(subjects) and numbers[0] in (0, 1)
    return is_whole and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _correlations(grid: Grid) -> str:
    """Of the first pairs of levels; none with a level at which the subjects agree."""
    pairs = list(islice(combinations(range(grid.num_levels), 2), _NUM_SHOWN + 1))
    shown = [_correlation(grid, a, b) for a, b in pairs[:_NUM_SHOWN]]
    if set(shown) == {"undefined"}:
        return "undefined"
    return ", ".join(shown) + (", ..." if len(pairs) > _NUM_SHOWN else "") if pairs else "none"


def _correlation(grid: Grid, a: int, b: int) -> str:
    columns = grid.values[:, [a, b]]
    if float(columns.std(axis=0).min()) <= rounding_of(columns):
        return "undefined"
    return f"{np.atleast_2d(np.corrcoef(columns.T))[0, 1]:.2f}"


def _f(grid: Grid) -> str:
    within_levels = float(grid.values.std(axis=0).max()) if grid.num_levels > 1 else 0.0
    if within_levels <= rounding_of(grid.values):
        return "undefined"
    return f"{stats.f_oneway(*grid.values.T)[0]:,.2f}"


def _times(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().all() else pd.to_datetime(column, errors="coerce", format="ISO8601")
