"""What is known of one side of a comparison: one condition of one experiment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.levels import Label, plain_label

__all__ = ["Side"]


@dataclass(frozen=True)
class Side:
    """One condition of one experiment."""

    name: str
    """Unique among the sides."""
    source: str
    """Where it was read from."""
    condition: str
    rows: pd.DataFrame
    """One row per seed and interval, with the columns seed, interval and val_loss."""
    config: Mapping[str, Any] | None
    """The config that its runs follow, as nested dictionaries; None for a bare table."""
    manifest: Mapping[str, Any] | None
    """The manifest of its experiment; None for a bare table."""
    evaluation_sha256: str | None
    """Of the token ids that it was evaluated on; None where they are not at hand."""
    within: str = "interval"
    """What its source calls the column `interval`."""

    @property
    def seeds(self) -> tuple[Label, ...]:
        """Every seed that has a row, sorted as the table has them."""
        return tuple(dict.fromkeys(plain_label(seed) for seed in self.rows["seed"]))

    @property
    def runs(self) -> dict[Label, Mapping[str, Any]]:
        """What the manifest says of each of its runs, by seed; empty where nothing is known."""
        runs = self.of_manifest("runs") or ()
        return {run["seed"]: run for run in runs if run.get("condition") == self.condition}

    def by_interval(self, column: str) -> dict[int, float]:
        """The mean of a column at each interval, where it is known; empty without such a column."""
        if column not in self.rows.columns:
            return {}
        values = pd.to_numeric(self.rows[column], errors="coerce").astype("float64")
        means = values.groupby(self.rows["interval"].map(int)).mean()
        return {int(interval): float(mean) for interval, mean in means.items() if np.isfinite(mean)}  # type: ignore[call-overload]

    def of_manifest(self, *keys: str) -> Any:
        """A value deep in the manifest; None where it is not there."""
        value: Any = self.manifest
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def of_config(self, *keys: str) -> Any:
        """A value deep in the config; None where it is not there."""
        value: Any = self.config
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value
