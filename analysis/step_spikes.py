"""Judge every training step of an experiment by the steps before it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.spike_scores import scores_about_line, scores_about_mean
from analysis.step_files import StepStretch, read_step_stretches
from configs.run_paths import RunPaths
from configs.telemetry import TelemetryConfig

__all__ = [
    "LOSS_ABOUT_LINE",
    "SERIES",
    "JudgedSteps",
    "RunSteps",
    "SpikeStep",
    "StepSpikes",
    "judge_steps",
    "read_step_spikes",
]

LOSS, LOSS_ABOUT_LINE, GRAD_NORM = "loss", "loss_about_line", "grad_norm"
SERIES = (LOSS, LOSS_ABOUT_LINE, GRAD_NORM)


@dataclass(frozen=True, slots=True)
class SpikeStep:
    """A step whose score is above the threshold."""

    step: int
    interval: int
    z: float


@dataclass(frozen=True, slots=True)
class JudgedSteps:
    """One series of one run."""

    of_interval: Mapping[int, int]
    """Steps that could be judged, by interval."""
    spikes: tuple[SpikeStep, ...]
    largest_z: float
    """NaN where no step could be judged."""
    largest_z_step: int
    """0 where no step could be judged."""

    @property
    def num_judged(self) -> int:
        """Steps that could be judged."""
        return sum(self.of_interval.values())


@dataclass(frozen=True, slots=True)
class RunSteps:
    """All series of one run."""

    condition: str
    seed: int
    num_steps: int
    """Steps whose files could be read."""
    series: Mapping[str, JudgedSteps]


@dataclass(frozen=True)
class StepSpikes:
    """What `read_step_spikes` found."""

    runs: tuple[RunSteps, ...]
    """Runs of which at least one step could be read."""
    problems: tuple[str, ...]
    """A sentence for each file that was there and could not be used."""


def read_step_spikes(paths: RunPaths, *, table: pd.DataFrame, telemetry: TelemetryConfig) -> StepSpikes:
    """Judge the steps of every run in a table, one run after another.

    Args:
        paths: Names in the run directory.
        table: Of the same directory, with its columns condition, seed, interval and step.
        telemetry: Window and threshold.
    """
    problems: list[str] = []
    runs = []
    for _, rows in table.groupby(["condition", "seed"], sort=True):
        condition, seed = str(rows["condition"].iloc[0]), int(rows["seed"].iloc[0])
        last_steps = {int(interval): int(step) for interval, step in zip(rows["interval"], rows["step"], strict=True)}
        stretches = read_step_stretches(paths, condition=condition, seed=seed, last_steps=last_steps, problems=problems)
        if stretches:
            runs.append(judge_steps(stretches, condition=condition, seed=seed, telemetry=telemetry))
    return StepSpikes(runs=tuple(runs), problems=tuple(problems))


def judge_steps(
    stretches: tuple[StepStretch, ...], *, condition: str, seed: int, telemetry: TelemetryConfig
) -> RunSteps:
    """Score each step by the `step_spike_window` steps before it, in three series.

    - loss: `scores_about_mean` of the step's loss.
    - loss_about_line: `scores_about_line` of the same, which a falling loss does not blunt.
    - grad_norm: `scores_about_mean` of the gradient norm before clipping.

    A step is a spike if its score is above `step_spike_sd`. A window never reaches over a gap.

    Args:
        stretches: Steps without gaps, in their order.
        condition: Of the run.
        seed: Of the run.
        telemetry: Window and threshold.
    """
    window = telemetry.step_spike_window
    scores = {
        LOSS: [scores_about_mean(stretch.loss, window=window) for stretch in stretches],
        LOSS_ABOUT_LINE: [scores_about_line(stretch.loss, window=window) for stretch in stretches],
        GRAD_NORM: [scores_about_mean(stretch.grad_norm, window=window) for stretch in stretches],
    }
    steps = np.concatenate([stretch.step for stretch in stretches])
    intervals = np.concatenate([stretch.interval for stretch in stretches])
    return RunSteps(
        condition=condition,
        seed=seed,
        num_steps=len(steps),
        series={
            name: _judged(np.concatenate(parts), steps=steps, intervals=intervals, threshold=telemetry.step_spike_sd)
            for name, parts in scores.items()
        },
    )


def _judged(
    scores: NDArray[np.float64], *, steps: NDArray[np.int64], intervals: NDArray[np.int64], threshold: float
) -> JudgedSteps:
    is_judged = np.isfinite(scores)
    numbers, counts = np.unique(intervals[is_judged], return_counts=True)
    largest = int(np.nanargmax(scores)) if is_judged.any() else None
    return JudgedSteps(
        of_interval=dict(zip(numbers.tolist(), counts.tolist(), strict=True)),
        spikes=tuple(
            SpikeStep(step=int(steps[place]), interval=int(intervals[place]), z=float(scores[place]))
            for place in np.flatnonzero(scores > threshold)
        ),
        largest_z=float("nan") if largest is None else float(scores[largest]),
        largest_z_step=0 if largest is None else int(steps[largest]),
    )
