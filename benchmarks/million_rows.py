"""Read and analyse a million rows of each kind, and print how long each part takes.

python benchmarks/million_rows.py
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tensorboardX import SummaryWriter

from analysis import SourceOptions, analyze_frame, load_sources, statistics_to_json

NUM_SEEDS, NUM_STEPS = 100, 10_000
NUM_EVENT_SEEDS = 20


def main() -> None:
    """Write the files into a temporary directory, then time reading and analysis; both kinds unless one is named."""
    kinds = set(sys.argv[1:]) or {"tables", "events"}
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "seed": np.repeat(np.arange(NUM_SEEDS), NUM_STEPS),
            "step": np.tile(np.arange(NUM_STEPS), NUM_SEEDS),
            "train_loss": rng.normal(3, 0.1, NUM_SEEDS * NUM_STEPS),
        }
    )
    shapes = {"100 seeds x 10,000 steps": table, "1,000 seeds x 1,000 steps": _reshaped(table, num_seeds=1000)}
    with tempfile.TemporaryDirectory() as directory:
        for what, frame in shapes.items() if "tables" in kinds else ():
            _time_tables(frame, what=what, directory=Path(directory))
        if "events" in kinds:
            # tensorboardX needs minutes to write a million.
            _time_events(table[table["seed"] < NUM_EVENT_SEEDS], directory=Path(directory) / "events")


def _reshaped(table: pd.DataFrame, *, num_seeds: int) -> pd.DataFrame:
    num_steps = len(table) // num_seeds
    return table.assign(seed=np.repeat(np.arange(num_seeds), num_steps), step=np.tile(np.arange(num_steps), num_seeds))


def _time_tables(table: pd.DataFrame, *, what: str, directory: Path) -> None:
    csv, parquet = directory / "table.csv", directory / "table.parquet"
    table.to_csv(csv, index=False)
    table.to_parquet(parquet)
    options = SourceOptions(metrics=("train_loss",))
    loaded = _timed(f"{what}: read CSV, {csv.stat().st_size >> 20} MB", lambda: load_sources([csv], options=options))
    _timed(f"{what}: read Parquet", lambda: load_sources([parquet], options=options))
    statistics = _timed(
        f"{what}: analyse", lambda: analyze_frame(loaded.frame, loaded.subject, loaded.within, loaded.metrics)
    )
    text = _timed(f"{what}: statistics.json", lambda: statistics_to_json(statistics))
    print(f"{what}: statistics.json has {len(text) >> 20} MB")


def _time_events(table: pd.DataFrame, *, directory: Path) -> None:
    for seed, rows in table.groupby("seed"):
        with SummaryWriter(str(directory / f"seed-{seed}")) as writer:
            for step, value in zip(rows["step"], rows["train_loss"], strict=True):
                writer.add_scalar("train/loss", value, step)
    options = SourceOptions(metrics=("train/loss",))
    loaded = _timed("20 event files: read", lambda: load_sources([directory], options=options))
    print(f"20 event files: {len(loaded.frame):,} scalars")


# Any: whatever the timed function returns.
def _timed(what: str, function: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = function()
    print(f"{what}: {time.perf_counter() - start:.1f} s", flush=True)
    return result


if __name__ == "__main__":
    main()
