"""Train for a few seconds on every slot at once, to know how fast the experiment would go."""

import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from configs.energy import EnergyConfig
from configs.experiment import ExperimentConfig
from orchestrator.defaults import cache_dir
from orchestrator.slots import Slot
from workers.allocator import keep_freed_memory
from workers.pinning import pin_process, set_torch_threads, thread_environment
from workers.usage.counter import Label
from workers.usage.host_meter import Sharing
from workers.usage.open_meter import open_host_meter

__all__ = ["Speed", "measure_speed", "watts_per_run"]

_WARM_UP_STEPS = 2
_TRIAL_S = 3.0
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Speed:
    """What one slot reached while all others were busy too."""

    tokens_per_s: float
    """Of one run."""
    start_up_s: float
    """Seconds from the start of the process to its first step."""
    peak_memory_bytes: int | None
    watts: float | None = None
    """Mean power of the host, or by the model that the config asks for, while it trained; None where unknown."""
    energy_source: str | None = None


def measure_speed(config: ExperimentConfig, *, slots: Sequence[Slot]) -> tuple[Speed, ...]:
    """Train one condition's model, or a stack of it, on random tokens: one process per slot, all at the same time.

    Args:
        config: The experiment as resolved for one condition, its placement decided.
        slots: The slots of this machine, of a stack's places the first alone.

    Returns:
        One speed per slot.
    """
    spawning = multiprocessing.get_context("spawn")
    environment = thread_environment(config.placement.threads_per_run)
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)  # inherited by the processes, whose libraries read it while they load
    try:
        with ProcessPoolExecutor(max_workers=len(slots), mp_context=spawning) as pool:
            trials = [pool.submit(_try_slot, config, slot.cores, time.time()) for slot in slots]
            return tuple(trial.result() for trial in trials)
    finally:
        _restore(before)


def watts_per_run(speeds: Sequence[Speed]) -> float | None:
    """Power that one of the runs stands for: a model tells each run's own, a sensor that of the host they share."""
    known = [speed.watts for speed in speeds if speed.watts is not None]
    if len(known) < len(speeds):
        return None
    is_own = (speeds[0].energy_source or "").startswith(Label.MODELLED)
    return statistics.fmean(known) / (1 if is_own else len(speeds))


def _try_slot(config: ExperimentConfig, cores: tuple[int, ...], submitted_at: float) -> Speed:
    if cores:
        pin_process(cores)
    set_torch_threads(config.placement.threads_per_run)
    keep_freed_memory()
    # torch loads here, after pinning, as in a real run.
    from workers.speed import timed_steps, trial_step
    from workers.usage import peak_memory_bytes

    start_up_s = time.time() - submitted_at
    # A plan waits for no idle baseline.
    energy_config = EnergyConfig.model_validate(config.energy.model_dump() | {"idle_s": 0.0})
    meter = open_host_meter(energy_config, device=config.placement.device, sharing=Sharing.SEQUENTIAL)
    meter.begin(os.getpid())
    tokens_per_s = timed_steps(
        trial_step(config, cache_dir=cache_dir()),
        tokens_per_step=config.schedule.tokens_per_step,
        warm_up_steps=_WARM_UP_STEPS,
        trial_s=_TRIAL_S,
        most_steps=_MOST_STEPS,
        clock=time.monotonic,
    )
    energy = meter.take(os.getpid())
    meter.close()
    return Speed(
        tokens_per_s=tokens_per_s,
        start_up_s=start_up_s,
        peak_memory_bytes=peak_memory_bytes(),
        watts=None if energy.joules is None else energy.joules / energy.duration_s,
        energy_source=energy.source,
    )


def _restore(environment: dict[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
