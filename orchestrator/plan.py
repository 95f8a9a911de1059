"""Work out what an experiment would be and cost, before it runs."""

import heapq
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from configs.checkpoints import CheckpointsConfig
from configs.experiment import ExperimentConfig
from configs.rate_warnings import rate_warnings
from orchestrator.launch import prepare_experiment
from orchestrator.machine import inspect_machine
from orchestrator.needs import nearest_existing, needs_of
from orchestrator.placement_choice import decide_placement
from orchestrator.slots import slots_for
from orchestrator.speed_trial import Speed, measure_speed, watts_per_run
from orchestrator.weights_identity import identify_weights
from workers.corpus import Corpus

__all__ = ["ConditionPlan", "Plan", "TextPlan", "make_plan"]


@dataclass(frozen=True, slots=True)
class TextPlan:
    """What is known of the training text."""

    unique_tokens: int | None
    """Length of the training stream; None while the text is not at hand."""
    source: str
    """Where that number comes from, or why there is none."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConditionPlan:
    """The derived numbers of one condition."""

    name: str
    num_parameters: int
    num_embedding_parameters: int
    num_intervals: int
    num_steps: int
    num_tokens: int
    passes: float | None
    """Tokens over unique tokens; None while these are unknown."""
    flops_per_run: int
    tokens_per_s: float | None
    """Measured, mean over the slots while all were busy; None where this machine has no such slot."""
    seconds_per_run: float | None
    kilojoules_per_run: float | None
    """Power during the speed trial times seconds; None where no meter tells it."""
    energy_source: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole experiment before it runs."""

    name: str
    seeds: tuple[int, ...]
    seed_controls: tuple[str, ...]
    conditions: tuple[ConditionPlan, ...]
    text: TextPlan
    num_rows: int
    slots: tuple[str, ...]
    num_concurrent_runs: int
    threads_per_run: int
    wall_time_s: float | None
    """None where no speed is known."""
    memory_per_run_bytes: int
    memory_available_bytes: int
    gpu_memory_bytes: int | None
    """Of each GPU, estimated; None on a CPU."""
    disk_bytes: int
    disk_free_bytes: int | None
    """None where checkpoints go to a store that is not on this machine."""
    rate_warnings: tuple[str, ...]
    """Where the learning rate does not reach its end."""
    checkpoints_place: str


def make_plan(config: ExperimentConfig, *, out: Path, cache_dir: Path) -> Plan:
    """Derive every number, and measure the speed of training on this machine's slots.

    Args:
        config: The experiment.
        out: Where it would go.
        cache_dir: Where tokenizers are kept.

    Raises:
        UserError: If the text is named but cannot be read, or not one slot fits.
    """
    config = decide_placement(identify_weights(config), cache_dir=cache_dir).config
    machine = inspect_machine()
    # What is only planned here may be for another machine: all but speed and energy can be told.
    can_try = config.placement.device == "cpu" or machine.num_gpus > 0
    slots = slots_for(machine, node=machine.host, placement=config.placement) if can_try else ()
    most = config.placement.max_concurrent_runs
    used = slots if most == "auto" else slots[:most]
    text = _plan_text(config, cache_dir=cache_dir)
    num_concurrent = min(len(used), len(config.seeds) * len(config.condition_names))
    conditions = []
    start_up_s, peak_bytes = 0.0, 0
    for name in config.condition_names:
        resolved = config.for_condition(name)
        tried = [slot for slot in used[:num_concurrent] if slot.place == 0]
        speeds = measure_speed(resolved, slots=tried) if tried else ()
        start_up_s = max((speed.start_up_s for speed in speeds), default=0.0)
        peak_bytes = max(peak_bytes, *(speed.peak_memory_bytes or 0 for speed in speeds), 0)
        conditions.append(_plan_condition(resolved, name=name, text=text, speeds=speeds))
    if conditions[0].energy_source is not None:
        start_up_s += config.energy.idle_s  # before each run the idle machine is metered
    needs = needs_of(config)
    return Plan(
        name=config.name,
        seeds=config.seeds,
        seed_controls=config.seed_controls,
        conditions=tuple(conditions),
        text=text,
        num_rows=len(config.seeds) * sum(condition.num_intervals for condition in conditions),
        slots=tuple(map(str, slots)),
        num_concurrent_runs=num_concurrent,
        threads_per_run=config.placement.threads_per_run,
        wall_time_s=_makespan_s(conditions, config=config, num_slots=num_concurrent, start_up_s=start_up_s),
        memory_per_run_bytes=max(peak_bytes, needs.memory_per_run_bytes),
        memory_available_bytes=machine.memory_available_bytes,
        gpu_memory_bytes=needs.gpu_memory_bytes,
        disk_bytes=needs.disk_bytes,
        disk_free_bytes=_free_bytes(config.checkpoints, out=out),
        rate_warnings=rate_warnings(config),
        checkpoints_place=config.checkpoints.uri or str(out),
    )


def _free_bytes(checkpoints: CheckpointsConfig, *, out: Path) -> int | None:
    if checkpoints.uri is not None and checkpoints.local_directory is None:
        return None
    return shutil.disk_usage(nearest_existing(Path(checkpoints.local_directory or out))).free


def _plan_text(config: ExperimentConfig, *, cache_dir: Path) -> TextPlan:
    # A preset without its text can still be planned; text that is named but unreadable is an error.
    if config.corpus.source == "files" and not (config.corpus.train or config.corpus.validation):
        return _text_not_given(config, reason="corpus.train and corpus.validation name no file yet")
    if config.corpus.source == "hub":
        return _text_not_given(config, reason="it would be streamed from the hub")
    corpus: Corpus = prepare_experiment(config, cache_dir=cache_dir)
    return TextPlan(corpus.num_unique_tokens, f"{corpus.num_train_stories:,} stories read", corpus.warnings)


def _text_not_given(config: ExperimentConfig, *, reason: str) -> TextPlan:
    reference = config.corpus.reference_train_tokens
    if reference is None:
        return TextPlan(None, f"unknown: {reason}", ())
    return TextPlan(reference, f"as in the study that is repeated; {reason}", ())


def _plan_condition(
    config: ExperimentConfig,
    *,
    name: str,
    text: TextPlan,
    speeds: Sequence[Speed],
) -> ConditionPlan:
    num_tokens = config.schedule.num_tokens
    tokens_per_s = fmean(speed.tokens_per_s for speed in speeds) if speeds else None
    seconds = None if tokens_per_s is None else num_tokens / tokens_per_s
    watts = watts_per_run(speeds) if speeds else None
    return ConditionPlan(
        name=name,
        num_parameters=config.model.num_parameters,
        num_embedding_parameters=config.model.num_embedding_parameters,
        num_intervals=config.schedule.num_intervals,
        num_steps=config.schedule.num_steps,
        num_tokens=num_tokens,
        passes=None if text.unique_tokens is None else num_tokens / text.unique_tokens,
        flops_per_run=num_tokens * config.model.training_flops_per_token,
        tokens_per_s=tokens_per_s,
        seconds_per_run=seconds,
        kilojoules_per_run=None if watts is None or seconds is None else watts * seconds / 1e3,
        energy_source=speeds[0].energy_source if speeds else None,
    )


def _makespan_s(
    conditions: list[ConditionPlan], *, config: ExperimentConfig, num_slots: int, start_up_s: float
) -> float | None:
    """Seconds until the last run ends when each free slot takes the next run; every run starts a process."""
    free_at_s = [0.0] * num_slots
    for condition in conditions:
        if condition.seconds_per_run is None:
            return None
        for _ in config.seeds:
            heapq.heapreplace(free_at_s, free_at_s[0] + start_up_s + condition.seconds_per_run)
    return max(free_at_s)
