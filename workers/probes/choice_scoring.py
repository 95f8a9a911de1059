"""Score the options of multiple-choice items under every checkpoint of a group."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workers.pinning import set_torch_threads
from workers.probes.array_files import fingerprint_of, write_arrays
from workers.probes.checkpoints import CheckpointGroup
from workers.probes.choice_items import EncodedOptions

__all__ = ["ChoiceTask", "choice_fingerprint", "score_choices"]

_VERSION = 1
"""Raised when the arrays change their meaning, so that older files are made again."""


@dataclass(frozen=True, slots=True)
class ChoiceTask:
    """Whose checkpoints answer, and what."""

    group: CheckpointGroup
    options: EncodedOptions
    file: str
    fingerprint: str


def choice_fingerprint(*, group: CheckpointGroup, options: EncodedOptions) -> str:
    """What decides the scores."""
    return fingerprint_of(
        {
            "measurement": "choices",
            "version": _VERSION,
            "weights": [[member.seed, member.weights_sha256] for member in group.members],
            "options": options.sha256,
        }
    )


def score_choices(task: ChoiceTask, *, num_threads: int) -> None:
    """Write `seeds` (S,) and `log_probability` (S, num_options): the sum over each option's tokens, in nats."""
    from workers.probes.model import open_checkpoint
    from workers.probes.sequence_losses import sequence_losses

    set_torch_threads(num_threads)
    log_probability = np.empty((len(task.group.members), len(task.options.sequences)))
    for seed, member in enumerate(task.group.members):
        losses = sequence_losses(open_checkpoint(member), task.options.sequences)
        log_probability[seed] = [
            -values[-num_tokens:].sum(dtype=np.float64)
            for values, num_tokens in zip(losses, task.options.num_tokens, strict=True)
        ]
    arrays = {"seeds": np.array(task.group.seeds, dtype=np.int64), "log_probability": log_probability}
    write_arrays(Path(task.file), fingerprint=task.fingerprint, arrays=arrays)
