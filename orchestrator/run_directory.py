"""Create, recognise and reopen run directories."""

import os
import shlex
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.durable import sync_directory, write_bytes_durably
from configs.errors import ConfigurationError, LedgerError, RunDirectoryError
from configs.experiment import ExperimentConfig
from configs.load import dump_experiment, load_experiment
from configs.run_paths import RunPaths
from orchestrator.ledger import Ledger, reading_ledger
from orchestrator.manifest import read_manifest, write_manifest
from orchestrator.progress_tracker import runs_of
from workers.corpus import Corpus, save_corpus

__all__ = [
    "RunDirectory",
    "create_run_directory",
    "open_run_directory",
    "recognize_run_directory",
    "require_free_or_same",
]


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
        RunDirectoryError: If it holds another experiment or anything else.
    """
    if out.is_dir() and any(out.iterdir()):
        present = open_run_directory(out)
        if present.config.fingerprint != config.fingerprint:
            raise RunDirectoryError(f"{out} holds another experiment ({present.config.name}); choose another --out")
        if present.config.checkpoints != config.checkpoints:
            name = "keep" if present.config.checkpoints.uri == config.checkpoints.uri else "uri"
            was, now = (getattr(one.checkpoints, name) for one in (present.config, config))
            raise RunDirectoryError(
                f"{out} has checkpoints.{name}={was} and not {now}; give the same, or choose another --out"
            )
        return present
    if out.exists() and not out.is_dir():
        raise RunDirectoryError(f"{out} is a file; choose a directory for --out")
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
