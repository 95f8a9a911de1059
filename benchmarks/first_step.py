"""Time from the command to the first training step of `published-study`, with an empty cache and with a filled one.

    python benchmarks/first_step.py --train FILE --validation FILE [--rounds 3]

Two seeds start side by side, as on a box of two cores; they are stopped as soon as one has told of a step. Runs tell of
their steps once a second: the end of the first is the time at which step n was told, less n - 1 steps at the speed that
was told with it.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from configs.load import load_experiment
from configs.run_paths import RunPaths
from orchestrator.ledger import reading_ledger

LOOK_EVERY_S = 0.02
PATIENCE_S = 120.0


def main() -> None:
    """Print both medians, and what they are made of."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    empty, filled = [], []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as home:
            for times in (empty, filled):
                times.append(first_step_s(Path(home), options))
    for name, times in (("empty", empty), ("filled", filled)):
        print(
            f"{name + ' cache:':13} first step ended {median(times):.1f} s after the command "
            f"(median of {', '.join(f'{time_s:.1f}' for time_s in times)})"
        )


def first_step_s(home: Path, options: argparse.Namespace) -> float:
    """Seconds from the command to the end of the first step of either run."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "run"
        started_s = time.monotonic()
        command = subprocess.Popen(  # noqa: S603
            [
                *(str(Path(sys.executable).with_name("seedscope")), "run", "published-study", "--out", str(root)),
                *("--set", f"corpus.train=[{options.train.absolute()}]"),
                *("--set", f"corpus.validation=[{options.validation.absolute()}]"),
                *("--set", "seeds=[101, 202]"),
            ],
            env={**os.environ, "HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return _first_step_end_s(RunPaths(root)) - started_s
        finally:
            command.send_signal(signal.SIGINT)
            command.wait()


def _first_step_end_s(paths: RunPaths) -> float:
    tokens_per_step = load_experiment("published-study").schedule.tokens_per_step
    ends_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_s:
        time.sleep(LOOK_EVERY_S)
        if not paths.ledger_file.exists():
            continue
        with reading_ledger(paths.ledger_file) as ledger:
            told = [row for row in ledger.runs() if row.step and row.tokens_per_s]
        if told:
            return time.monotonic() - (told[0].step - 1) * tokens_per_step / told[0].tokens_per_s
    raise SystemExit(f"no step within {PATIENCE_S:g} s")


if __name__ == "__main__":
    main()
