"""Measure how wrong energy becomes when a recorded trace of power is sampled more rarely than it was.

Usage: python benchmarks/sampling_error.py docs/token-scale-h100/power.csv [--periods 1 5 15 60]
"""

import argparse
import csv
from itertools import pairwise
from pathlib import Path

from workers.usage.power import PowerSample, trapezoid_joules

NUM_PHASES = 20


def main() -> None:
    """Print, for each period, the largest error of the integral over phases, with samples forced at both ends."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("trace", type=Path, help="CSV with at_s and watts_instant.")
    arguments.add_argument("--periods", type=float, nargs="+", default=[1.0, 5.0, 15.0, 60.0])
    options = arguments.parse_args()
    with options.trace.open(newline="") as file:
        samples = [PowerSample(float(row["at_s"]), float(row["watts_instant"])) for row in csv.DictReader(file)]
    span_s = samples[-1].at_s - samples[0].at_s
    joules = trapezoid_joules(samples)
    recorded_s = sorted(after.at_s - before.at_s for before, after in pairwise(samples))[len(samples) // 2]
    print(f"{len(samples):,} samples over {span_s:.0f} s, one every {recorded_s:.3f} s: {joules / 1e3:.1f} kJ")
    for period_s in options.periods:
        phases = [period_s * phase / NUM_PHASES for phase in range(NUM_PHASES)]
        errors = [trapezoid_joules(_thinned(samples, period_s=period_s, phase_s=one)) / joules - 1 for one in phases]
        print(f"every {period_s:4g} s: largest error {max(map(abs, errors)):6.1%}")


def _thinned(samples: list[PowerSample], *, period_s: float, phase_s: float) -> list[PowerSample]:
    kept, next_s = [samples[0]], samples[0].at_s + phase_s
    for sample in samples[1:-1]:
        if sample.at_s >= next_s:
            kept.append(sample)
            next_s += period_s
    return [*kept, samples[-1]]


if __name__ == "__main__":
    main()
