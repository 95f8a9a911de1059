"""Find out whether the subjects of a table are only the numbers of its trials."""

import re
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from analysis.grid import Grid
from analysis.levels import Label

__all__ = ["warn_about_order", "warn_about_sampling", "warn_about_subjects"]

_COUNTER = re.compile(r"(?:^|_)(?:trial|run|rep|repeat|repetition|replicate|iteration|index|row)s?(?:_|$)", re.I)
_LEAST_SUBJECTS = 3
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
    correlations = _correlations(grid)
    f, _ = stats.f_oneway(*grid.values.T) if grid.num_levels > 1 else (np.nan, np.nan)
    return (
        f"{metric}: the subjects ({subject}) are only the numbers of trials; unless trial n shares its seed with trial "
        f"n at every other level of {within}, nothing is paired: repeated measures and paired tests do not apply "
        f"(correlations between levels over {subject}: {correlations}; one-way F without pairing: {f:,.2f})",
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
    times = _times(frame["timestamp"])
    periods_s = []
    for _, rows in frame.groupby(within):
        between_s = times[rows.index].sort_values().diff().dt.total_seconds().median()
        periods_s.append(float(between_s / rows["power_samples"].median()))
    longest_s = max(periods_s)
    if not longest_s > _RARE_S:
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
    matrix = np.atleast_2d(np.corrcoef(grid.values.T))
    values = [matrix[a, b] for a in range(grid.num_levels) for b in range(a + 1, grid.num_levels)]
    shown = ", ".join(f"{value:.2f}" for value in values[:6])
    return shown + (", ..." if len(values) > 6 else "") if values else "none"


def _times(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().all() else pd.to_datetime(column, errors="coerce", format="ISO8601")
