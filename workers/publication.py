"""Move what an attempt has staged into its final place, on behalf of the newest attempt only.

A worker writes under names of its own attempt and never touches a final name. Whoever keeps the ledger calls these
functions after it has checked that the attempt is the newest, so that a process that was given up changes nothing.
"""

import re
import shutil
from collections.abc import Callable
from enum import Enum, StrEnum, auto
from pathlib import Path

from configs.durable import move_directory_durably, sync_directory
from configs.run_paths import RunPaths
from workers.points import Point, Reach, pass_by
from workers.records import RunId

__all__ = [
    "Arrival",
    "CheckpointPart",
    "drop_staged",
    "final_dir",
    "publish_in_order",
    "publish_interval",
    "set_aside",
]

# The newest interval and the one before it, in case the newest is damaged.
_KEPT_RESUME_STATES = 2


class CheckpointPart(StrEnum):
    """The two directories that an interval leaves."""

    CHECKPOINT = "checkpoint"
    RESUME_STATE = "resume state"


def final_dir(paths: RunPaths, *, run: RunId, interval: int, part: CheckpointPart) -> Path:
    """The directory of one part of an interval once it is published."""
    if part is CheckpointPart.CHECKPOINT:
        return paths.checkpoint_dir(run.condition, run.seed, interval)
    return paths.resume_dir(run.condition, run.seed, interval)


class Arrival(Enum):
    """What publishing a part came to."""

    NEW = auto()
    STOOD = auto()
    """It was published before: an earlier attempt measured the same."""
    ABSENT = auto()
    """Neither published nor staged."""


def publish_in_order(publish_part: Callable[[CheckpointPart], Arrival], *, interval: int, reach: Reach) -> int:
    """Publish the resume state first, then the checkpoint, wherever they are kept.

    Resume states older than the interval before are superfluous then, and all when a checkpoint comes without one: that
    completes the run. A checkpoint that lost its resume state to damage only stood, and its run goes on from an older.

    Args:
        publish_part: Publishes one part.
        interval: Its index.
        reach: Told when a part is published.

    Returns:
        Of how many intervals, from the first on, the resume states are superfluous.
    """
    resume_state = publish_part(CheckpointPart.RESUME_STATE)
    reach(Point.RESUME_PUBLISHED)
    checkpoint = publish_part(CheckpointPart.CHECKPOINT)
    reach(Point.CHECKPOINT_PUBLISHED)
    is_complete = checkpoint is Arrival.NEW and resume_state is Arrival.ABSENT
    return interval if is_complete else max(0, interval - _KEPT_RESUME_STATES + 1)


def publish_interval(paths: RunPaths, *, run: RunId, interval: int, attempt: int, reach: Reach = pass_by) -> None:
    """Give an interval's staged directories their final names, as `publish_in_order` says; checkpoints never go.

    Args:
        paths: The run directory.
        run: Whose interval it is.
        interval: Its index.
        attempt: The attempt that staged it; the newest one.
        reach: Told when a directory has its final name.
    """

    def publish_part(part: CheckpointPart) -> Arrival:
        final = final_dir(paths, run=run, interval=interval, part=part)
        staged = paths.staged_dir(final, attempt=attempt)
        if final.is_dir():
            shutil.rmtree(staged, ignore_errors=True)
            return Arrival.STOOD
        if not staged.is_dir():
            return Arrival.ABSENT
        move_directory_durably(staged, final)
        return Arrival.NEW

    for older in range(publish_in_order(publish_part, interval=interval, reach=reach)):
        shutil.rmtree(paths.resume_dir(run.condition, run.seed, older), ignore_errors=True)


def set_aside(paths: RunPaths, *, run: RunId, interval: int, part: CheckpointPart) -> Path | None:
    """Rename a damaged directory so that nothing takes it for whole; it is kept for whoever wants to look.

    Returns:
        Its new place, or None if there is no such directory.
    """
    damaged = final_dir(paths, run=run, interval=interval, part=part)
    if not damaged.is_dir():
        return None
    number = 1
    while (kept := paths.damaged_dir(damaged, number=number)).exists():
        number += 1
    damaged.rename(kept)
    sync_directory(kept.parent)
    return kept


def drop_staged(paths: RunPaths, *, run: RunId, before_attempt: int) -> None:
    """Remove what attempts before `before_attempt` staged and never published."""
    for directory in (paths.run_dir(run.condition, run.seed), paths.resume_run_dir(run.condition, run.seed)):
        for staged in directory.glob(".interval-*.attempt-*"):
            number = re.fullmatch(r"\.interval-\d+\.attempt-(\d+)", staged.name)
            if number and int(number.group(1)) < before_attempt:
                shutil.rmtree(staged, ignore_errors=True)
