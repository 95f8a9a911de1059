"""Find the checkpoints of a run directory and take the probed tokens from its validation stream."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from configs.errors import CheckpointError, RunDirectoryError
from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from workers.corpus import Corpus, load_corpus
from workers.local_store import LocalPublished
from workers.probes.checkpoints import Checkpoint, CheckpointGroup
from workers.probes.source import ProbeSource
from workers.probes.tokens import ProbeTokens, chosen_context_length, whole_stories
from workers.record_files import WEIGHTS_NAME, read_record
from workers.records import IntervalRecord

__all__ = ["read_run_source"]


def read_run_source(
    paths: RunPaths, *, config: ExperimentConfig, num_tokens: int, context_length: int | None
) -> ProbeSource:
    """Everything that a probe of a run directory needs.

    Args:
        paths: The run directory.
        config: Its experiment.
        num_tokens: Most probed next tokens.
        context_length: Inputs of one window; by default the shortest context of all conditions.

    Raises:
        UserError: If there is no checkpoint yet, or the text does not suffice.
    """
    corpus = load_corpus(paths)
    end_id = corpus.end_id
    num_types = min(config.model.vocab_size, Tokenizer.from_str(corpus.tokenizer_json).get_vocab_size())
    groups, notes = _find_groups(paths, config=config)
    tokens = ProbeTokens(
        stream=whole_stories(corpus.validation, end_id=end_id, num_tokens=num_tokens),
        end_id=end_id,
        context_length=chosen_context_length(context_length, told=_context_lengths(config)),
    )
    return ProbeSource(
        groups=groups,
        tokens=tokens,
        tokenizer_json=corpus.tokenizer_json,
        num_types=num_types,
        unigram_counts=np.bincount(corpus.train, minlength=num_types)[:num_types].astype(np.int64),
        seed_controls=config.seed_controls,
        stored_tokens=_stored_tokens(corpus, config=config, end_id=end_id),
        notes=tuple(notes),
        shortage=f"The validation text gives {tokens.num_contexts:,} of the {num_tokens:,} next tokens asked for"
        if len(corpus.validation) <= num_tokens
        else "",
    )


def _stored_tokens(corpus: Corpus, *, config: ExperimentConfig, end_id: int) -> ProbeTokens | None:
    lengths = _context_lengths(config)
    if len(lengths) > 1:
        return None
    first = config.evaluation.offset
    stream = corpus.validation[first : first + config.evaluation.tokens + 1]
    return ProbeTokens(stream=stream.astype(np.uint32), end_id=end_id, context_length=lengths.pop())


def _context_lengths(config: ExperimentConfig) -> set[int]:
    return {config.for_condition(name).model.context_length for name in config.condition_names}


def _find_groups(paths: RunPaths, *, config: ExperimentConfig) -> tuple[tuple[CheckpointGroup, ...], list[str]]:
    groups: list[CheckpointGroup] = []
    missing: list[str] = []
    for condition in config.condition_names:
        resolved = config.for_condition(condition)
        for interval in range(resolved.schedule.num_intervals):
            records = [_record(paths.checkpoint_dir(condition, seed, interval)) for seed in config.seeds]
            found = {record.seed: record for record in records if record is not None}
            missing += [f"{condition}/seed-{seed}/{interval}" for seed in config.seeds if seed not in found]
            if not found:
                continue
            first = next(iter(found.values()))
            members = tuple(
                Checkpoint(
                    seed=seed,
                    directory=str(paths.checkpoint_dir(condition, seed, interval).absolute()),
                    weights_sha256=record.weights_sha256,
                    model=resolved.model,
                )
                for seed, record in found.items()
            )
            groups.append(CheckpointGroup(condition, interval, first.step, first.tokens, members))
    if not groups:
        raise RunDirectoryError(f"{paths.root} holds no checkpoint yet; run `seedscope resume {paths.root}` first.")
    _require_home(paths, groups=groups, config=config)
    return tuple(groups), _missing_note(missing)


def _require_home(paths: RunPaths, *, groups: Sequence[CheckpointGroup], config: ExperimentConfig) -> None:
    is_home = all((Path(member.directory) / WEIGHTS_NAME).is_file() for group in groups for member in group.members)
    if config.checkpoints.keep != "all" and not is_home:
        raise RunDirectoryError(
            f"{paths.root} does not hold the weights of every interval (checkpoints.keep={config.checkpoints.keep}), "
            "which probes look into; run the experiment with checkpoints.keep=all."
        )
    if config.checkpoints.uri is not None and not is_home:
        raise RunDirectoryError(
            f"the weights of {paths.root} are at {config.checkpoints.uri}; bring them home with "
            f"`seedscope fetch {shlex.quote(str(paths.root))}`."
        )


def _record(checkpoint_dir: Path) -> IntervalRecord | None:
    if not checkpoint_dir.is_dir():
        return None
    try:
        return read_record(LocalPublished(checkpoint_dir))
    except CheckpointError as error:
        raise RunDirectoryError(f"{error}; `seedscope resume` sets damaged checkpoints aside.") from error


def _missing_note(missing: list[str]) -> list[str]:
    if not missing:
        return []
    shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
    noun = "checkpoint is" if len(missing) == 1 else "checkpoints are"
    return [f"The experiment is not complete: {len(missing):,} {noun} missing ({shown})."]
