"""Sum up the spikes among the training steps of one condition."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from analysis.rule_limit import RuleLimit
from analysis.spike_scores import false_alarm_rate, false_alarm_rate_about_line
from analysis.step_spikes import LOSS_ABOUT_LINE, SERIES, JudgedSteps, RunSteps
from analysis.undefined import Undefined
from configs.telemetry import TelemetryConfig

__all__ = ["WHY_NO_STEPS", "StepSpikeSummary", "summarize_step_spikes"]

WHY_NO_STEPS = (
    "the losses of single training steps are not at hand; they lie beside a run directory's checkpoints, but for those "
    "of earlier versions"
)
MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class SeedSpikes:
    """One seed's steps."""

    seed: int
    count: int
    of: int
    largest_z: float | Undefined
    largest_z_step: int | Undefined


@dataclass(frozen=True, slots=True)
class LevelSpikes:
    """All seeds' steps of one interval."""

    level: int
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class ListedSpike:
    """One spike."""

    seed: int
    level: int
    step: int
    z: float


@dataclass(frozen=True, slots=True)
class SeriesSpikes:
    """All seeds' steps in one series."""

    count: int
    of: int
    text: str
    rate_low95: float | Undefined
    rate_high95: float | Undefined
    """Clopper and Pearson's limits for the share of spikes, as if steps were independent."""
    expected_if_noise: float
    """Spikes that as many independent normal values would give; real losses have heavier tails."""
    per_seed: tuple[SeedSpikes, ...]
    per_level: tuple[LevelSpikes, ...]
    steps: tuple[ListedSpike, ...]
    """The first hundred."""


@dataclass(frozen=True, slots=True)
class StepSpikeSummary:
    """Spikes among the training steps of one condition."""

    window: int
    sd_multiple: float
    rule: RuleLimit
    series: dict[str, SeriesSpikes]


def summarize_step_spikes(
    runs: Sequence[RunSteps] | None, *, telemetry: TelemetryConfig
) -> StepSpikeSummary | Undefined:
    """Count the spikes of one condition's runs, by series, seed and interval.

    Args:
        runs: Of the condition; None where no step losses are at hand.
        telemetry: Window and threshold, as the runs were judged by.
    """
    if not runs:
        return Undefined(WHY_NO_STEPS)
    return StepSpikeSummary(
        window=telemetry.step_spike_window,
        sd_multiple=telemetry.step_spike_sd,
        rule=_limit(runs, telemetry=telemetry),
        series={name: _series(name, runs=runs, telemetry=telemetry) for name in SERIES},
    )


def _limit(runs: Sequence[RunSteps], *, telemetry: TelemetryConfig) -> RuleLimit:
    longest, window = max(run.num_steps for run in runs), telemetry.step_spike_window
    rule = f"a step more than {telemetry.step_spike_sd:g} SD above the {window} steps before it"
    if longest <= window:
        return RuleLimit(
            rule=rule,
            can_fire=False,
            why=f"the longest run has {longest} steps, and the first {window} of a run cannot be judged",
        )
    return RuleLimit(
        rule=rule, can_fire=True, why="the judged step is not in its own window, so that its score has no upper bound"
    )


def _series(name: str, *, runs: Sequence[RunSteps], telemetry: TelemetryConfig) -> SeriesSpikes:
    judged = {run.seed: run.series[name] for run in runs}
    count = sum(len(steps.spikes) for steps in judged.values())
    of = sum(steps.num_judged for steps in judged.values())
    rate = false_alarm_rate_about_line if name == LOSS_ABOUT_LINE else false_alarm_rate
    low, high = _clopper_pearson(count, of=of)
    return SeriesSpikes(
        count=count,
        of=of,
        text=f"{count} of {of:,} steps",
        rate_low95=low,
        rate_high95=high,
        expected_if_noise=of * rate(telemetry.step_spike_sd, window=telemetry.step_spike_window),
        per_seed=tuple(_seed(seed, steps=steps) for seed, steps in judged.items()),
        per_level=_levels(list(judged.values())),
        steps=tuple(
            ListedSpike(seed=seed, level=spike.interval, step=spike.step, z=spike.z)
            for seed, steps in judged.items()
            for spike in steps.spikes
        )[:MOST_LISTED],
    )


def _clopper_pearson(count: int, *, of: int) -> tuple[float | Undefined, float | Undefined]:
    if of == 0:
        why = Undefined("no step could be judged")
        return why, why
    interval = stats.binomtest(count, of).proportion_ci(confidence_level=0.95, method="exact")
    return float(interval.low), float(interval.high)


def _seed(seed: int, *, steps: JudgedSteps) -> SeedSpikes:
    why = Undefined("no step could be judged")
    return SeedSpikes(
        seed=seed,
        count=len(steps.spikes),
        of=steps.num_judged,
        largest_z=steps.largest_z if steps.num_judged else why,
        largest_z_step=steps.largest_z_step if steps.num_judged else why,
    )


def _levels(judged: Sequence[JudgedSteps]) -> tuple[LevelSpikes, ...]:
    levels = sorted({level for steps in judged for level in steps.of_interval})
    return tuple(
        LevelSpikes(
            level=level,
            count=sum(spike.interval == level for steps in judged for spike in steps.spikes),
            of=sum(steps.of_interval.get(level, 0) for steps in judged),
        )
        for level in levels
    )
