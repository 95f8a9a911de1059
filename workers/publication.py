"""Move what an attempt has staged into its final place, on behalf of the newest attempt only.

A worker writes under names of its own attempt and never touches a final name. Whoever keeps the ledger calls these
functions after it has checked that the attempt is the newest, so that a process that was given up changes nothing.
"""

import re
import shutil
from enum import StrEnum
from pathlib import Path

from configs.durable import move_directory_durably, sync_directory
from configs.run_paths import RunPaths
from workers.points import Point, Reach, pass_by
from workers.records import RunId

__all__ = ["KEPT_RESUME_STATES", "CheckpointPart", "drop_staged", "final_dir", "publish_interval", "set_aside"]

# The newest interval and the one before it, in case the newest is damaged.
KEPT_RESUME_STATES = 2


class CheckpointPart(StrEnum):
    """The two directories that an interval leaves."""

    CHECKPOINT = "checkpoint"
    RESUME_STATE = "resume state"


def final_dir(paths: RunPaths, *, run: RunId, interval: int, part: CheckpointPart) -> Path:
    """The directory of one part of an interval once it is published."""
    if part is CheckpointPart.CHECKPOINT:
        return paths.checkpoint_dir(run.condition, run.seed, interval)
    return paths.resume_dir(run.condition, run.seed, interval)


def publish_interval(paths: RunPaths, *, run: RunId, interval: int, attempt: int, reach: Reach = pass_by) -> None:
    """Give an interval's staged directories their final names: the resume state first, then the checkpoint.

    What has its final name already stays: an earlier attempt measured the same. Resume states older than the interval
    before are removed, and all when a checkpoint comes without one, since then the run is complete; checkpoints never
    are. One that lost its resume state to damage comes a second time, which removes nothing that the run goes on from.

    Args:
        paths: The run directory.
        run: Whose interval it is.
        interval: Its index.
        attempt: The attempt that staged it; the newest one.
        reach: Told when a directory has its final name.
    """
    has_come: set[CheckpointPart] = set()
    for part, point in (
        (CheckpointPart.RESUME_STATE, Point.RESUME_PUBLISHED),
        (CheckpointPart.CHECKPOINT, Point.CHECKPOINT_PUBLISHED),
    ):
        final = final_dir(paths, run=run, interval=interval, part=part)
        staged = paths.staged_dir(final, attempt=attempt)
        if final.is_dir():
            shutil.rmtree(staged, ignore_errors=True)
        elif staged.is_dir():
            move_directory_durably(staged, final)
            has_come.add(part)
        reach(point)
    is_complete = (
        CheckpointPart.CHECKPOINT in has_come
        and not final_dir(paths, run=run, interval=interval, part=CheckpointPart.RESUME_STATE).is_dir()
    )
    for older in range(interval if is_complete else interval - KEPT_RESUME_STATES + 1):
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
