"""Read the log of a Hugging Face Trainer."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.sources.reading import Format, Reading, note_on_nan
from configs.counted import counted
from configs.errors import TableError

__all__ = ["TRAINER_STATE_NAME", "newest_saves", "read_trainer_state"]

TRAINER_STATE_NAME = "trainer_state.json"
LEVEL = "step"


def read_trainer_state(path: Path, content: bytes, *, within: str | None) -> Reading:
    """One row per entry of `log_history`; training and evaluation of one step are two entries.

    Args:
        path: Where it came from.
        content: JSON as `Trainer` writes it, NaN and Infinity included.
        within: `step`, or another number that the entries hold, such as `epoch`.

    Raises:
        TableError: If it is no JSON, no Trainer's state, or its log is empty.
    """
    state = _parsed(path, content)
    history = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list) or not all(isinstance(entry, dict) for entry in history):
        raise TableError(f"{path} is JSON but no trainer_state.json: it has no list 'log_history' of entries")
    if not history:
        raise TableError(f"{path} has an empty log_history; the run logged nothing")
    rows = [{name: value for name, value in entry.items() if _is_number(value)} for entry in history]
    return Reading(
        path=path,
        format=Format.TRAINER_STATE,
        frame=pd.DataFrame(rows),
        subject=None,
        within=within or LEVEL,
        is_log=True,
        notes=note_on_nan(
            [(name, value, row.get(LEVEL)) for row in rows for name, value in row.items() if name != LEVEL], path=path
        ),
    )


def newest_saves(readings: list[Reading]) -> tuple[list[Reading], tuple[str, ...]]:
    """Keep the longest log of each run whose checkpoints each hold the log up to then.

    A Trainer saves its whole log beside every checkpoint, so that a run's folder holds many beginnings of one log.

    Args:
        readings: Of `trainer_state.json` files, several of which may lie below one run's folder.

    Returns:
        One reading per run, and a sentence on the others.

    Raises:
        TableError: If two logs of one run differ before the shorter one ends: they are two runs.
    """
    by_run: dict[Path, list[Reading]] = {}
    for reading in readings:
        by_run.setdefault(run_folder(reading.path), []).append(reading)
    kept = []
    num_earlier = 0
    for folder, saves in by_run.items():
        longest = max(saves, key=lambda reading: len(reading.frame))
        for save in saves:
            _check_beginning(save, of=longest, folder=folder)
        num_earlier += len(saves) - 1
        kept.append(longest)
    if num_earlier == 0:
        return kept, ()
    return kept, (f"{counted(num_earlier, 'earlier save')} of the same logs, beside their checkpoints: not read twice",)


def run_folder(path: Path) -> Path:
    """The folder of a run, above its `checkpoint-500`, `checkpoint-1000`, ..."""
    parent = path.parent
    return parent.parent if parent.name.startswith("checkpoint-") else parent


def _check_beginning(save: Reading, *, of: Reading, folder: Path) -> None:
    columns = list(save.frame.columns)
    beginning = of.frame.reindex(columns=columns).iloc[: len(save.frame)]
    if not beginning.equals(save.frame.reindex(columns=columns)):
        raise TableError(
            f"{save.path} is no beginning of {of.path}, though both lie in {folder}; name the one to be analysed"
        )


# Any: a foreign file can hold any JSON.
def _parsed(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise TableError(
            f"{path} is no well-formed JSON ({error.msg} at line {error.lineno}); it may have been cut off"
        ) from error
    except RecursionError as error:
        raise TableError(f"{path} is JSON nested too deeply to be a trainer_state.json") from error


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
