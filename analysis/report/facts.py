"""What a report is made from: one experiment's or one table's statistics, rows, config and manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.few_seeds import is_only_described
from analysis.figures.bands import Band, band_of
from analysis.figures.level_axis import LevelAxis, level_axis
from analysis.grid import Grid, grid_from_frame
from analysis.levels import Label
from analysis.missing_cells import Cell
from analysis.report.words import counted_levels, level_noun, named_level, said_of
from analysis.stopped_early import stopped_at
from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths

__all__ = ["MAX_DRAWN_CONDITIONS", "Condition", "ReportFacts"]

MAX_DRAWN_CONDITIONS = 3
"""A page with the figures of more conditions is too large for a mail or a phone."""


@dataclass(frozen=True)
class Condition:
    """One condition: its part of statistics.json and its rows."""

    # Any: the tree of statistics.json mixes numbers, sentences and lists.
    name: str
    statistics: Mapping[str, Any]
    rows: pd.DataFrame
    """One row per subject and level."""
    _grids: dict[str, Grid] = field(default_factory=dict, repr=False, compare=False)

    @property
    def subject(self) -> str:
        """Name of the subject column, usually `seed`."""
        return str(self.statistics["design"]["subject"])

    @property
    def within(self) -> str:
        """Name of the within factor, usually `interval`."""
        return str(self.statistics["design"]["within"])

    @property
    def level_noun(self) -> str:
        """What one level is called in a sentence: the word of the data's own column, where it is one."""
        return level_noun(self.within)

    def at(self, level: Label) -> str:
        """One level in a sentence, such as `interval 20`."""
        return named_level(level, within=self.within)

    def levels_text(self, number_of: int) -> str:
        """A number of levels, such as `21 intervals`."""
        return counted_levels(number_of, within=self.within)

    def levels_named(self, number_of: int) -> str:
        """The same with their column, where its name is not their noun: `11 measured steps (global_step)`."""
        column = "" if self.within == self.level_noun else f" ({self.within})"
        return f"{self.levels_text(number_of)}{column}"

    def said(self, text: str) -> str:
        """A sentence of statistics.json in the words of this report."""
        return said_of(text, within=self.within)

    @property
    def main_metric(self) -> str:
        """The first metric that was analysed."""
        return str(next(iter(self.statistics["metrics"])))

    @property
    def main(self) -> Mapping[str, Any]:
        """The statistics of the first metric."""
        result: Mapping[str, Any] = self.statistics["metrics"][self.main_metric]
        return result

    @property
    def num_subjects(self) -> int:
        """Seeds that the main metric's statistics use."""
        return int(self.main["num_subjects"])

    @property
    def is_only_described(self) -> bool:
        """Whether so few seeds are used that the report shows no p."""
        return is_only_described(self.num_subjects)

    @property
    def stopped_at(self) -> int | None:
        """The last level that the statistics use, where later ones were planned and are missing; else None."""
        return stopped_at(self.statistics, metric=self.main_metric)

    def has(self, column: str) -> bool:
        """Whether some row has a number in this column."""
        return column in self.rows.columns and bool(self.rows[column].notna().any())

    def grid(self, column: str) -> Grid:
        """A column as a grid, shape (num_subjects, num_levels), with all seeds, gaps as NaN."""
        if column not in self._grids:
            self._grids[column] = grid_from_frame(self.rows, subject=self.subject, within=self.within, metric=column)
        return self._grids[column]

    def used_grid(self, column: str) -> Grid:
        """As `grid`, with only the seeds and levels that the main metric's statistics use."""
        grid = self.grid(column)
        dropped = [item for item in self.statistics["audit"]["dropped"] if item["metric"] == self.main_metric]
        seeds = {item["id"] for item in dropped if item["what"] == "seed"}
        levels = {item["id"] for item in dropped if item["what"] == "level"}
        rows = [place for place, seed in enumerate(grid.subjects) if str(seed) not in seeds]
        columns = [place for place, level in enumerate(grid.levels) if str(level) not in levels]
        return Grid(
            values=grid.values[np.ix_(rows, columns)],
            subjects=tuple(grid.subjects[row] for row in rows),
            levels=tuple(grid.levels[column] for column in columns),
        )

    def band(self, column: str) -> Band:
        """Mean and t band of a column over the seeds that the statistics use, on every level of `grid`."""
        used = self.used_grid(column)
        grid = self.grid(column)
        rows = [grid.subjects.index(subject) for subject in used.subjects]
        return band_of(Grid(values=grid.values[rows], subjects=used.subjects, levels=grid.levels))

    def axis(self, levels: tuple[Label, ...]) -> LevelAxis:
        """Where these levels stand: at their training tokens, if each has one number of them."""
        tokens = self.tokens
        known = [tokens[level] for level in levels if level in tokens]
        return level_axis(levels, tokens=known if len(known) == len(levels) else None, within=self.within)

    @property
    def tokens(self) -> Mapping[Label, float]:
        """Training tokens at each level, of those levels at which all seeds agree on them."""
        if not self.has("tokens") or "tokens" in (self.subject, self.within):
            return {}
        grid = self.grid("tokens")
        return {
            level: float(np.nanmax(column))
            for level, column in zip(grid.levels, grid.values.T, strict=True)
            if np.isfinite(column).any() and np.nanmax(column) == np.nanmin(column)
        }


@dataclass(frozen=True)
class ReportFacts:
    """All that the sections of one report may read."""

    title: str
    paths: RunPaths
    """Where further files of the run directory are looked for."""
    statistics: Mapping[str, Any]
    conditions: tuple[Condition, ...]
    """One or more, in the table's order."""
    command: str
    """What makes this report again."""
    config: ExperimentConfig | None = None
    """None for a table that is no run directory."""
    config_text: str = ""
    manifest: Mapping[str, Any] | None = None

    @property
    def is_run(self) -> bool:
        """Whether a config and a manifest are known."""
        return self.config is not None and self.manifest is not None

    @property
    def drawn_conditions(self) -> tuple[Condition, ...]:
        """The conditions that get figures of their own; the tables have all."""
        return self.conditions[:MAX_DRAWN_CONDITIONS]

    @property
    def missing(self) -> tuple[Cell, ...]:
        """Expected cells without a record, sorted."""
        return tuple(
            sorted(
                Cell(str(cell["condition"]), int(cell["seed"]), int(cell["interval"]))
                for condition in self.conditions
                for cell in condition.statistics["audit"].get("missing_cells", ())
            )
        )

    @property
    def num_cells(self) -> int:
        """Cells with a record."""
        return sum(len(condition.rows) for condition in self.conditions)
