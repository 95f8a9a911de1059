"""Have mixtures of a small and a large model continue stories, and keep what they write."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from configs.errors import CheckpointError
from workers.pinning import set_torch_threads
from workers.probes.array_files import fingerprint_of, write_arrays
from workers.probes.checkpoints import Checkpoint
from workers.probes.noised_texts import beginnings
from workers.probes.tokens import ProbeTokens

__all__ = ["DecodeTask", "decode_texts", "decoding_fingerprint"]

_VERSION = 1
"""Raised when the arrays change their meaning, so that older files are made again."""


@dataclass(frozen=True, slots=True)
class DecodeTask:
    """Which models write, and where."""

    small: Checkpoint
    large: Checkpoint
    tokens: ProbeTokens
    num_types: int
    file: str
    fingerprint: str


def decoding_fingerprint(*, small: Checkpoint, large: Checkpoint, tokens: ProbeTokens, num_types: int) -> str:
    """What decides the written texts."""
    return fingerprint_of(
        {
            "measurement": "decoded",
            "version": _VERSION,
            "weights": [small.weights_sha256, large.weights_sha256],
            "tokens": tokens.sha256,
            "num_types": num_types,
        }
    )


def decode_texts(task: DecodeTask, *, num_threads: int) -> None:
    """Write what every mixture makes of the prompts.

    Arrays: `names` (num_mixtures,), `prompts` (num_texts, num_prompt) with the end token first, `story` (num_texts,
    num_new), `continuations` (num_mixtures, num_texts, num_new), `num_empty` (num_mixtures,).
    """
    from workers.probes.mixtures import NUM_NEW, NUM_PROMPT, continue_texts, mixture_names
    from workers.probes.model import open_checkpoint

    set_torch_threads(num_threads)
    # The end token stands in front, and the last new token is never an input.
    num_new = min(NUM_NEW, task.tokens.context_length - NUM_PROMPT)
    whole = [
        text for text in beginnings(task.tokens, num_tokens=NUM_PROMPT + num_new) if len(text) == NUM_PROMPT + num_new
    ]
    if not whole:
        raise CheckpointError(
            f"no story to probe on has {NUM_PROMPT + num_new} tokens, so there is nothing to continue"
        )
    texts = np.stack(whole)
    prompts = np.concatenate([np.full((len(texts), 1), task.tokens.end_id), texts[:, :NUM_PROMPT]], axis=1)
    small, large = open_checkpoint(task.small), open_checkpoint(task.large)
    written = [
        continue_texts(
            small,
            large,
            prompts=prompts,
            num_new=num_new,
            num_types=task.num_types,
            end_id=task.tokens.end_id,
            name=name,
        )
        for name in mixture_names()
    ]
    arrays = {
        "names": np.array(mixture_names()),
        "prompts": prompts,
        "story": texts[:, NUM_PROMPT:],
        "continuations": np.stack([one.tokens for one in written]),
        "num_empty": np.array([one.num_empty for one in written]),
    }
    write_arrays(Path(task.file), fingerprint=task.fingerprint, arrays=arrays)
