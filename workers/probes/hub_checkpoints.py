"""Fetch checkpoints that a hub keeps as revisions of its models, such as Pythia's `step1000`."""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

from configs.errors import ConfigurationError
from configs.experiment import BASE_CONDITION
from workers.hub_logging import hush_hub
from workers.probes.checkpoint_pattern import FoundCheckpoint, require_fields

__all__ = ["HUB_PREFIX", "Fetch", "fetch_checkpoints", "fetch_from_hub"]

HUB_PREFIX = "hub:"
_FILES = ("*.json", "*.safetensors", "merges.txt", "vocab.txt", "tokenizer.model")

Fetch = Callable[[str, str], Path]
"""From a model's id and a revision to the directory that holds its files."""


def fetch_checkpoints(
    pattern: str, *, conditions: Sequence[str], seeds: Sequence[int], steps: Sequence[int], fetch: Fetch
) -> tuple[FoundCheckpoint, ...]:
    """One checkpoint for each combination, sorted by condition, step and seed.

    Args:
        pattern: `hub:MODEL@REVISION`, such as `hub:EleutherAI/pythia-{condition}-seed{seed}@step{step}`.
        conditions: What `{condition}` stands for; empty where the pattern has none.
        seeds: What `{seed}` stands for.
        steps: What `{step}` stands for.
        fetch: Gets the files.

    Raises:
        ConfigurationError: If the pattern or a list is wrong, or a revision cannot be had.
    """
    require_fields(pattern)
    model, at, revision = pattern.removeprefix(HUB_PREFIX).partition("@")
    if not at or not revision:
        raise ConfigurationError(f"--checkpoints {pattern} names no revision; write hub:MODEL@REVISION")
    for option, values, field in (("--seeds", seeds, "seed"), ("--steps", steps, "step")):
        if not values:
            raise ConfigurationError(
                f"a hub cannot be searched for {{{field}}}; list them with {option}, such as 1,3,5"
            )
    if bool(conditions) != ("{condition}" in pattern):
        raise ConfigurationError("give --conditions where the pattern has {condition}, and nowhere else")
    return tuple(
        FoundCheckpoint(
            condition=condition,
            step=step,
            seed=seed,
            directory=fetch(
                model.format(condition=condition, seed=seed, step=step),
                revision.format(condition=condition, seed=seed, step=step),
            ),
        )
        for condition, step, seed in product(conditions or (BASE_CONDITION,), sorted(set(steps)), sorted(set(seeds)))
    )


def fetch_from_hub(model: str, revision: str, *, endpoint: str | None = None) -> Path:
    """Download the weights, configs and tokenizer of one revision into the hub's own cache, or find them there.

    Args:
        model: Its id.
        revision: A branch, tag or commit.
        endpoint: Another hub than the public one.

    Raises:
        ConfigurationError: If it cannot be had, or `huggingface_hub` is not installed.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ConfigurationError("checkpoints of a hub need the extra `hf`; run pip install 'seedscope[hf]'") from None
    hush_hub()
    try:
        return Path(
            snapshot_download(model, revision=revision, allow_patterns=list(_FILES), endpoint=endpoint, max_workers=2)
        )
    except Exception as error:
        # Not every error of huggingface_hub and of the HTTP library under it shares a base; all mean the same.
        reason = (str(error).strip().splitlines() or [""])[0].rstrip(".")
        raise ConfigurationError(
            f"{model} at revision {revision} cannot be had ({type(error).__name__}: {reason}); "
            "check both and the network"
        ) from error
