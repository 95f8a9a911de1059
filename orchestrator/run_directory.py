"""Create, recognise and reopen run directories."""

import os
import shlex
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from textwrap import shorten
from typing import Any

from configs.counted import counted
from configs.durable import sync_directory, write_bytes_durably
from configs.errors import ConfigurationError, LedgerError, RunDirectoryError
from configs.experiment import ExperimentConfig, decides_results
from configs.load import dump_experiment, load_experiment
from configs.overrides import differing_fields, dotted
from configs.run_paths import RunPaths
from orchestrator.ledger import Ledger, reading_ledger
from orchestrator.manifest import read_manifest, write_manifest
from orchestrator.needs import nearest_existing
from orchestrator.progress_tracker import runs_of
from workers.corpus import Corpus, save_corpus
from workers.failure_cause import cause_of
from workers.records import FailureCause

__all__ = [
    "RunDirectory",
    "create_run_directory",
    "open_run_directory",
    "recognize_run_directory",
    "require_free_or_same",
]

_MOST_NAMED = 3  # fields that differ; more make no sentence


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """A run directory that exists, with its experiment and manifest."""

    paths: RunPaths
    config: ExperimentConfig
    manifest: dict[str, Any]  # Any: the tree of a JSON file


def require_free_or_same(out: Path, *, config: ExperimentConfig) -> RunDirectory | None:
    """Look whether `out` may take this experiment.

    Returns:
        The directory, if it holds this very experiment already; None if it is free.

    Raises:
        RunDirectoryError: If it holds another experiment or anything else, or cannot be made.
    """
    if out.is_dir() and any(out.iterdir()):
        present = open_run_directory(out)
        if present.config.fingerprint != config.fingerprint:
            raise RunDirectoryError(_other_experiment(out, present=present.config, offered=config))
        if present.config.checkpoints != config.checkpoints:
            name = "keep" if present.config.checkpoints.uri == config.checkpoints.uri else "uri"
            was, now = (getattr(one.checkpoints, name) for one in (present.config, config))
            raise RunDirectoryError(
                f"{out} has checkpoints.{name}={was} and not {now}; give the same, or choose another --out"
            )
        return present
    if out.exists() and not out.is_dir():
        raise RunDirectoryError(f"{out} is a file; choose a directory for --out")
    _require_writable(out)
    return None


def create_run_directory(
    out: Path, *, config: ExperimentConfig, corpus: Corpus, manifest: dict[str, Any]
) -> RunDirectory:
    """Make a run directory with everything that the first step needs; it appears complete or not at all.

    Raises:
        RunDirectoryError: If it cannot be made, or somebody else made it meanwhile.
    """
    place = Path(os.path.abspath(out))  # `.` and `..` have no name to write beside
    partial = place.with_name(f".{place.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        _fill(RunPaths(partial), config=config, corpus=corpus, manifest=manifest)
        os.replace(partial, place)
        sync_directory(place.parent)
    except OSError as error:
        raise RunDirectoryError(f"the run directory {out} cannot be made: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return RunDirectory(RunPaths(out), config, manifest)


def open_run_directory(root: Path) -> RunDirectory:
    """Recognise an existing run directory with a sound ledger.

    Raises:
        RunDirectoryError: If it is none, its files do not belong together, or its ledger is damaged.
    """
    directory = recognize_run_directory(root)
    _require_ledger(directory.paths)
    return directory


def recognize_run_directory(root: Path) -> RunDirectory:
    """Recognise an existing run directory, whatever state its ledger is in.

    Raises:
        RunDirectoryError: If it is none, or its files do not belong together.
    """
    paths = RunPaths(root)
    if not root.is_dir():
        raise RunDirectoryError(f"there is no run directory {root}; check the path")
    manifest = read_manifest(paths)
    try:
        config = load_experiment(str(paths.config_file))
    except ConfigurationError as error:
        raise RunDirectoryError(f"{root} is damaged: {error}") from error
    if config.fingerprint != manifest.get("config_fingerprint"):
        raise RunDirectoryError(
            f"{paths.config_file} was changed after the experiment began; put it back, or start anew with another --out"
        )
    return RunDirectory(paths, config, manifest)


def _other_experiment(out: Path, *, present: ExperimentConfig, offered: ExperimentConfig) -> str:
    was, now = present.to_dict(), offered.to_dict()
    names = [name for name in differing_fields(was, now) if decides_results(name)]
    shown = [
        f"{name} is {_shown(dotted(was, key=name))} there and {_shown(dotted(now, key=name))} here"
        for name in names[:_MOST_NAMED]
    ]
    num_more = len(names) - _MOST_NAMED
    more = f"; {counted(num_more, 'more field')} {'differs' if num_more == 1 else 'differ'}" if num_more > 0 else ""
    return f"{out} holds another experiment, {present.name}: {'; '.join(shown)}{more}; choose another --out"


def _shown(value: Any) -> str:  # Any: a value of any field
    return shorten(repr(value), width=60, placeholder=" ...")


def _require_writable(out: Path) -> None:
    place = nearest_existing(out)
    try:
        with TemporaryFile(dir=place):
            pass
    except OSError as error:
        if cause_of(error) is not FailureCause.DISK_FULL:  # which is told with what is needed
            raise RunDirectoryError(
                f"{place} cannot be written to ({error.strerror}); choose an --out where you may write"
            ) from error


def _require_ledger(paths: RunPaths) -> None:
    try:
        with reading_ledger(paths.ledger_file) as ledger:
            ledger.require_sound()
    except LedgerError as error:
        raise RunDirectoryError(
            f"{error}; rebuild it with `seedscope repair {shlex.quote(str(paths.root))}`"
        ) from error


def _fill(paths: RunPaths, *, config: ExperimentConfig, corpus: Corpus, manifest: dict[str, Any]) -> None:
    write_bytes_durably(paths.config_file, dump_experiment(config).encode())
    save_corpus(corpus, paths=paths)
    write_manifest(manifest, paths=paths)
    Ledger.create(paths.ledger_file, runs=runs_of(config), clock=time.time).close()
