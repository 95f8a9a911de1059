"""What the user asked of a probe, and the checkpoints and tokens that it amounts to."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from configs.errors import CheckpointError, ConfigurationError
from configs.probe import ProbeConfig
from configs.probe_paths import ProbePaths
from orchestrator.run_directory import recognize_run_directory
from workers.probes.source import ProbeSource

__all__ = ["OpenedSource", "ProbeRequest", "open_source", "open_stored_source", "provenance_of"]


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """The options of `seedscope probe` that every study shares."""

    run: Path | None = None
    """A run directory; None for checkpoints from elsewhere."""
    checkpoints: str | None = None
    """A pattern such as `DIR/seed{seed}/step{step}`."""
    text: Path | None = None
    out: Path | None = None
    num_tokens: int | None = None
    """None takes what the experiment says, or the default of `probe.tokens`."""
    context_length: int | None = None
    tokenizer: Path | None = None
    unigram: Path | None = None
    tokens_per_step: int | None = None
    conditions: str | None = None
    """What the fields of a `hub:` pattern stand for, separated by commas."""
    seeds: str | None = None
    steps: str | None = None
    threads_per_task: int = 1


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """Checkpoints, tokens, and where the results go."""

    name: str
    source: ProbeSource
    paths: ProbePaths


def open_source(request: ProbeRequest) -> OpenedSource:
    """Find the checkpoints and read the tokens; nothing is written.

    Raises:
        UserError: If the options do not go together, or what they name cannot be had.
    """
    if request.run is not None and request.checkpoints is not None:
        raise ConfigurationError("give a run directory or --checkpoints, not both")
    for option, value in (
        ("--tokens", request.num_tokens),
        ("--context-length", request.context_length),
        ("--tokens-per-step", request.tokens_per_step),
        ("--threads", request.threads_per_task),
    ):
        if value is not None and value < 1:
            raise ConfigurationError(f"{option} {value} is not a positive number; give 1 or more")
    return _open_run(request.run, request) if request.run is not None else _open_elsewhere(request)


def open_stored_source(request: ProbeRequest) -> OpenedSource:
    """The same, where the tokens are those that training evaluated.

    Raises:
        UserError: If the options ask for other tokens, or no such tokens are there.
    """
    for option, value in (("--tokens", request.num_tokens), ("--context-length", request.context_length)):
        if value is not None:
            raise ConfigurationError(f"{option} {value} chooses tokens, and --stored has its own; leave one out")
    opened = open_source(request)
    if opened.source.stored_tokens is None:
        raise ConfigurationError(
            "--stored needs one set of evaluated tokens for all conditions, as run directories with one context "
            "length have; leave it out"
        )
    return replace(opened, source=replace(opened.source, tokens=opened.source.stored_tokens, shortage=""))


def _open_run(run: Path, request: ProbeRequest) -> OpenedSource:
    from workers.probes.run_source import read_run_source

    for option, value in (
        ("--text", request.text),
        ("--tokenizer", request.tokenizer),
        ("--unigram", request.unigram),
        ("--tokens-per-step", request.tokens_per_step),
        ("--conditions", request.conditions),
        ("--seeds", request.seeds),
        ("--steps", request.steps),
    ):
        if value is not None:
            raise ConfigurationError(
                f"{option} {value} belongs to --checkpoints; the run directory {run} has its own; leave it out"
            )
    directory = recognize_run_directory(run)
    source = read_run_source(
        directory.paths,
        config=directory.config,
        num_tokens=request.num_tokens or directory.config.probe.tokens,
        context_length=request.context_length,
    )
    paths = directory.paths.probes if request.out is None else ProbePaths(request.out)
    return OpenedSource(directory.config.name, source, paths)


def _open_elsewhere(request: ProbeRequest) -> OpenedSource:
    from workers.probes.hugging_face_source import HuggingFaceRequest, read_hugging_face_source

    if request.checkpoints is None:
        raise ConfigurationError(
            "there is nothing to probe; name a run directory, or give --checkpoints 'DIR/seed{seed}/step{step}'"
        )
    if request.text is None:
        raise ConfigurationError("--checkpoints needs a text to probe on; give --text FILE")
    if request.out is None:
        raise ConfigurationError("--checkpoints needs a place for the results; give --out DIR")
    _refuse_lists_of_a_hub(request)
    for option, file in (("--text", request.text), ("--unigram", request.unigram), ("--tokenizer", request.tokenizer)):
        if file is not None and not file.is_file():
            raise ConfigurationError(f"{option} {file} is no file (looked from {Path.cwd()}); check the path")
    asked = HuggingFaceRequest(
        pattern=request.checkpoints,
        text=request.text,
        num_tokens=request.num_tokens or ProbeConfig().tokens,
        context_length=request.context_length,
        tokenizer=request.tokenizer,
        unigram=request.unigram,
        tokens_per_step=request.tokens_per_step,
        conditions=tuple(name.strip() for name in (request.conditions or "").split(",") if name.strip()),
        seeds=_numbers(request.seeds, option="--seeds"),
        steps=_numbers(request.steps, option="--steps"),
    )
    try:
        source = read_hugging_face_source(asked)
    except CheckpointError as error:
        raise ConfigurationError(f"--checkpoints {request.checkpoints}: {error}") from error
    return OpenedSource(request.checkpoints, source, ProbePaths(request.out))


def _refuse_lists_of_a_hub(request: ProbeRequest) -> None:
    from workers.probes.hub_checkpoints import HUB_PREFIX

    if request.checkpoints is None or request.checkpoints.startswith(HUB_PREFIX):
        return
    for option, value in (
        ("--conditions", request.conditions),
        ("--seeds", request.seeds),
        ("--steps", request.steps),
    ):
        if value is not None:
            raise ConfigurationError(
                f"{option} {value} lists what a hub holds, and directories are searched; leave it out, or write it "
                "into the pattern of --checkpoints"
            )


def _numbers(text: str | None, *, option: str) -> tuple[int, ...]:
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    wrong = [part for part in parts if not part.isdecimal()]
    if wrong:
        raise ConfigurationError(f"{option} {text} holds {wrong[0]!r}, which is no whole number; write them as 1,3,5")
    return tuple(int(part) for part in parts)


def provenance_of(source: ProbeSource) -> dict[str, object]:
    """What a table says of the models and tokens that it was made from."""
    weights = hashlib.sha256()
    for group in source.groups:
        for member in group.members:
            weights.update(f"{group.condition} {group.interval} {member.seed} {member.weights_sha256}\n".encode())
    return {
        "schema_version": 1,
        "weights_sha256": weights.hexdigest(),
        "tokens_sha256": source.tokens.sha256,
        "tokenizer_sha256": hashlib.sha256(source.tokenizer_json.encode()).hexdigest(),
        "unigram_sha256": source.unigram_sha256,
        "num_contexts": source.tokens.num_contexts,
        "context_length": source.tokens.context_length,
        "num_types": source.num_types,
        "dtype": "float32",
    }
