"""Make sure that a place outside the run directory can be used, and that it is one experiment's alone."""

import json
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from configs.checkpoints import CheckpointsConfig
from configs.errors import RunDirectoryError, StorageError
from configs.run_paths import RunPaths
from orchestrator.shared_place import left_marker
from workers.corpus_copies import copy_corpus
from workers.object_storage import ObjectStorage

__all__ = ["hold_place", "require_free_place", "require_held_place", "require_own_place"]

_KEYS = RunPaths(Path())


@dataclass(frozen=True, slots=True)
class _Claim:
    experiment_id: str
    name: str
    run_dir: str
    host: str
    since: str


def require_free_place(config: CheckpointsConfig) -> None:
    """Refuse a place that cannot be written, or that holds the checkpoints of any experiment.

    Args:
        config: Where checkpoints are to be kept.

    Raises:
        StorageError: If it cannot be reached or written.
        RunDirectoryError: If it is taken.
    """
    if config.uri is None:
        return
    storage = ObjectStorage(config.uri)
    _require_writable(config)
    claim = _read_claim(storage)
    if claim is not None:
        raise _taken(storage, claim=claim)


def require_own_place(config: CheckpointsConfig, *, manifest: dict[str, Any]) -> None:
    """Refuse a place that holds the checkpoints of another experiment.

    Args:
        config: Where checkpoints are kept.
        manifest: The experiment's.

    Raises:
        StorageError: If it cannot be reached.
        RunDirectoryError: If it is taken by another one.
    """
    if config.uri is None:
        return
    storage = ObjectStorage(config.uri)
    claim = _read_claim(storage)
    if claim is not None and claim.experiment_id != manifest.get("experiment_id"):
        raise _taken(storage, claim=claim)


def require_held_place(config: CheckpointsConfig, *, manifest: dict[str, Any]) -> None:
    """Refuse a place that does not hold the checkpoints of this experiment, though it did.

    Args:
        config: Where checkpoints are kept.
        manifest: The experiment's.

    Raises:
        StorageError: If it cannot be reached, or holds nothing of this experiment.
        RunDirectoryError: If it is taken by another one.
    """
    require_own_place(config, manifest=manifest)
    if config.uri is not None and _read_claim(ObjectStorage(config.uri)) is None:
        raise StorageError(
            f"checkpoints.uri={config.uri} does not hold this experiment any more (no {_claim_key()}); "
            "mount it or put it back"
        )


def hold_place(config: CheckpointsConfig, *, manifest: dict[str, Any], paths: RunPaths) -> None:
    """Note whose checkpoints a place holds, and put the corpus there for nodes that do not see the run directory.

    Args:
        config: Where checkpoints are kept.
        manifest: The experiment's.
        paths: Its run directory.

    Raises:
        StorageError: If the place cannot be reached or written.
        RunDirectoryError: If it is taken by another experiment.
    """
    if config.uri is None:
        return
    require_own_place(config, manifest=manifest)
    storage = ObjectStorage(config.uri)
    _require_writable(config)
    if _read_claim(storage) is not None:
        return
    copy_corpus(paths, storage=storage)
    claim = _Claim(
        experiment_id=manifest["experiment_id"],
        name=manifest["name"],
        run_dir=str(paths.root.absolute()),
        host=platform.node(),
        since=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    storage.put(_claim_key(), json.dumps(asdict(claim), indent=2).encode())


def _require_writable(config: CheckpointsConfig) -> None:
    with left_marker(Path(), checkpoints=config) as marker:
        is_seen = not marker.why_unseen()
    if not is_seen:
        raise StorageError(f"checkpoints.uri={config.uri} does not give back what was written to it; choose another")


def _read_claim(storage: ObjectStorage) -> _Claim | None:
    content = storage.get(_claim_key())
    if content is None:
        return None
    try:
        return _Claim(**json.loads(content))
    except (ValueError, TypeError) as error:
        raise RunDirectoryError(
            f"{storage.location(_claim_key())} is damaged ({error}); choose another checkpoints.uri"
        ) from error


def _taken(storage: ObjectStorage, *, claim: _Claim) -> RunDirectoryError:
    return RunDirectoryError(
        f"{storage.uri} holds the checkpoints of another experiment ({claim.name}, begun in {claim.run_dir} on "
        f"{claim.host} at {claim.since}); choose another checkpoints.uri"
    )


def _claim_key() -> str:
    return _KEYS.claim_file.as_posix()
