"""How training speed, memory and wall time grow with the model, the text and the number of seeds, on a CPU.

Usage: python benchmarks/scaling.py [--trial-s 4] [--plot FILE.svg]. Every setting is a process of its own on one core
(two where it has two threads); the published study is the middle of each row and is timed again beside every setting.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

BASE = {"width": 256, "context": 128, "batch": 16, "threads": 1}
ROWS = {
    "width": (64, 128, 256, 384, 512),
    "context": (64, 128, 256, 512),
    "batch": (2, 4, 16, 32),
    "threads": (1, 2),
}
SEEDS = (1, 2, 3, 4, 6, 12)

TRIAL = """
import json, os, sys, tempfile, time
from pathlib import Path
setting, trial_s = json.loads(sys.argv[1]), float(sys.argv[2])
os.sched_setaffinity(0, range(setting["threads"]))
from configs.load import load_experiment
from workers.allocator import keep_freed_memory
from workers.pinning import set_torch_threads
from workers.speed import timed_steps, trial_step
from workers.usage import peak_memory_bytes
width, context = setting["width"], setting["context"]
tokens = setting["batch"] * context
config = load_experiment("published-study", overrides=[
    f"model.width={width}", f"model.mlp_width={width * 11 // 4}", f"model.num_heads={max(1, width // 64)}",
    f"model.context_length={context}", f"schedule.tokens_per_step={tokens}", f"evaluation.tokens={2048}",
    "placement.kernels=compiled", f"placement.threads_per_run={setting['threads']}",
])
set_torch_threads(setting["threads"])
keep_freed_memory()
step = trial_step(config, cache_dir=Path(tempfile.gettempdir()) / "seedscope-benchmark")
rate = timed_steps(step, tokens_per_step=tokens, warm_up_steps=2, trial_s=trial_s, most_steps=10_000,
                   clock=time.perf_counter)
print(json.dumps([rate, rate * config.model.training_flops_per_token, peak_memory_bytes()]))
"""


def main() -> None:
    """Print one table per row of settings, and draw them where a file is named."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trial-s", type=float, default=4.0)
    arguments.add_argument("--plot", type=Path)
    options = arguments.parse_args()
    measured = {name: _measure_row(name, values, trial_s=options.trial_s) for name, values in ROWS.items()}
    seconds = _measure_seeds()
    if options.plot:
        _draw(measured, seconds, file=options.plot)


def _measure_row(name: str, values: tuple[int, ...], *, trial_s: float) -> list[tuple[int, float, float, float]]:
    print(f"\n{name:>8} {'tokens/s':>10} {'GFLOP/s':>8} {'over base':>9} {'resident MB':>11}")
    row = []
    for value in values:
        _, base_flops, _ = _trial(BASE, trial_s=trial_s)
        rate, flops, peak = _trial(BASE | {name: value}, trial_s=trial_s)
        print(f"{value:8} {rate:10,.0f} {flops / 1e9:8.0f} {flops / base_flops:9.2f} {peak / 1e6:11.0f}")
        row.append((value, rate, flops / base_flops, peak / 1e6))
    return row


def _trial(setting: dict[str, int], *, trial_s: float) -> tuple[float, float, float]:
    command = [sys.executable, "-c", TRIAL, json.dumps(setting), str(trial_s)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603, our own code
    rate, flops, peak = json.loads(answer.stdout)
    return rate, flops, peak


def _measure_seeds() -> list[tuple[int, float, float]]:
    """Wall seconds of a small experiment against its number of seeds, statistics and report included."""
    print(f"\n{'seeds':>8} {'wall s':>8} {'ideal s':>8}")
    walls_s: dict[int, float] = {}
    measured = []
    for number in SEEDS:
        with tempfile.TemporaryDirectory() as directory:
            command = ["seedscope", "run", "quickstart", "--out", f"{directory}/run", "--json"]
            overrides = [f"seeds={list(range(1, number + 1))}", "schedule.budget_tokens=204800"]
            for override in (*overrides, "schedule.every_tokens=20480"):
                command += ["--set", override]
            before_s = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)  # noqa: S603, our own command
            walls_s[number] = time.perf_counter() - before_s
        # What is not training is had once; each further pair of seeds costs what the slower of two costs.
        ideal_s = walls_s[1] if number <= 2 else walls_s[2] + (-(-number // 2) - 1) * _training_s(walls_s)
        print(f"{number:8} {walls_s[number]:8.1f} {ideal_s:8.1f}")
        measured.append((number, walls_s[number], ideal_s))
    return measured


def _training_s(walls_s: Mapping[int, float]) -> float:
    """Seconds of one more pair of seeds: from 2 to 4, once it was measured."""
    return walls_s.get(4, walls_s[3]) - walls_s[2]


def _draw(
    measured: dict[str, list[tuple[int, float, float, float]]], seconds: list[tuple[int, float, float]], *, file: Path
) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(10, 3), layout="constrained")
    for name, marker in (("width", "o"), ("context", "s"), ("batch", "^")):
        values, _, shares, _ = zip(*measured[name], strict=True)
        axes[0].plot([value / BASE[name] for value in values], shares, marker=marker, label=name)
    axes[0].set_xscale("log", base=2)
    axes[0].xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes[0].set(xlabel="setting / published study's", ylabel="FLOP/s / published study's", ylim=(0, None))
    axes[0].legend(loc="lower right")
    widths, _, _, megabytes = zip(*measured["width"], strict=True)
    axes[1].plot(widths, megabytes, marker="o")
    axes[1].set(xlabel="width", ylabel="resident memory of one run (MB)", ylim=(0, None))
    numbers, walls, ideals = zip(*seconds, strict=True)
    axes[2].plot(numbers, walls, marker="o", label="measured")
    axes[2].plot(numbers, ideals, linestyle="--", color="gray", label="ideal")
    axes[2].set(xlabel="seeds on two slots", ylabel="wall time (s)", ylim=(0, None), xticks=numbers)
    axes[2].legend(loc="lower right")
    figure.savefig(file)


if __name__ == "__main__":
    main()
