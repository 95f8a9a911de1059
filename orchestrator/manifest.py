"""Write down what an experiment ran on: versions, hardware, fingerprints, hashes."""

import hashlib
import json
import platform
import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from configs.durable import write_bytes_durably
from configs.errors import RunDirectoryError
from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from orchestrator.ledger_schema import RunRow
from orchestrator.machine import Machine
from orchestrator.run_order import runs_in_order
from orchestrator.versions import version_of
from workers.corpus import Corpus
from workers.kernels.build import compiler_version
from workers.records import IntervalRecord

__all__ = ["add_run_hashes", "first_manifest", "read_manifest", "write_manifest"]

MANIFEST_VERSION = 1
_PACKAGES = ("seedscope", "ray", "torch", "numpy", "pandas", "pingouin", "scipy", "tokenizers", "safetensors")


def first_manifest(
    config: ExperimentConfig,
    *,
    corpus: Corpus,
    machine: Machine,
    slots: Sequence[str],
    created_at: str,
    notices: Sequence[str] = (),
) -> dict[str, Any]:
    """What is known before the first step.

    Args:
        config: The whole experiment.
        corpus: The text as tokens.
        machine: The driver's machine.
        slots: The slots there are, as text.
        created_at: Time in ISO 8601.
        notices: What the user should know of how this experiment runs.
    """
    return {
        "manifest_version": MANIFEST_VERSION,
        "experiment_id": secrets.token_hex(8),
        "name": config.name,
        "run_order": [str(run) for run in runs_in_order(config)],
        "created_at": created_at,
        "versions": {name: version_of(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "git_commit": _git_commit(),
        "hardware": {
            "host": machine.host,
            "platform": platform.platform(),
            "cpu_model": machine.cpu_model,
            "cores": list(machine.cores),
            "memory_bytes": machine.memory_bytes,
        },
        "slots": list(slots),
        "threads_per_run": config.placement.threads_per_run,
        "precision": config.precision,
        "kernels": {
            "kind": config.placement.kernels,
            "compiler": compiler_version() if config.placement.kernels == "compiled" else None,
        },
        "notices": list(notices),
        "seed_controls": list(config.seed_controls),
        "initial_weights": None
        if config.model.directory is None
        else {"directory": config.model.directory, "sha256": config.model.weights_sha256},
        "config_fingerprint": config.fingerprint,
        "corpus": {
            "fingerprint": corpus.fingerprint,
            "tokenizer_sha256": hashlib.sha256(corpus.tokenizer_json.encode()).hexdigest(),
            "num_train_stories": corpus.num_train_stories,
            "num_validation_stories": corpus.num_validation_stories,
            "unique_tokens": corpus.num_unique_tokens,
            "num_validation_tokens": int(corpus.validation.size),
            "warnings": list(corpus.warnings),
        },
        "passes": {
            name: config.for_condition(name).schedule.num_tokens / corpus.num_unique_tokens
            for name in config.condition_names
        },
        "runs": [],
    }


def add_run_hashes(
    manifest: dict[str, Any], *, rows: Sequence[RunRow], records: Sequence[IntervalRecord]
) -> dict[str, Any]:
    """The manifest with the sha256 of each run's step-0 weights and data order, as far as they are known."""
    initial = {record.run: record.weights_sha256 for record in records if record.interval == 0}
    runs = [
        {
            "condition": row.run.condition,
            "seed": row.run.seed,
            "state": row.state,
            "attempts": row.attempt,
            "initial_weights_sha256": initial.get(row.run),
            "data_order_sha256": row.data_order_sha256,
        }
        for row in rows
    ]
    return manifest | {"runs": runs}


def write_manifest(manifest: dict[str, Any], *, paths: RunPaths) -> None:
    """Put the manifest in its place."""
    write_bytes_durably(paths.manifest_file, (json.dumps(manifest, indent=2) + "\n").encode())


def read_manifest(paths: RunPaths) -> dict[str, Any]:
    """The manifest of a run directory.

    Raises:
        RunDirectoryError: If there is none or it cannot be understood.
    """
    try:
        manifest = json.loads(paths.manifest_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunDirectoryError(f"{paths.root} is not a run directory: it has no {paths.manifest_file.name}") from None
    except (OSError, ValueError) as error:
        raise RunDirectoryError(f"{paths.manifest_file} cannot be read: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("manifest_version") != MANIFEST_VERSION:
        raise RunDirectoryError(f"{paths.manifest_file} is not a manifest of version {MANIFEST_VERSION}")
    return manifest


def _git_commit() -> str | None:
    """The commit of this source, with `-dirty` where files differ from it; None outside a checkout."""
    source = Path(__file__).resolve().parent.parent
    command = ["git", "-C", str(source), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    is_our_checkout = (source / ".git").exists()
    return answer.stdout.strip() or None if is_our_checkout and answer.returncode == 0 else None
