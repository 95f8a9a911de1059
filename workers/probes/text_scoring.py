"""Score noised stories and written texts under every checkpoint of a group."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from configs.errors import CheckpointError, RunDirectoryError
from workers.pinning import set_torch_threads
from workers.probes.array_files import fingerprint_of, read_arrays, write_arrays
from workers.probes.checkpoints import CheckpointGroup
from workers.probes.noised_texts import MOST_TOKENS, NOISE_PERCENT, beginnings, noised
from workers.probes.tokens import ProbeTokens

__all__ = [
    "STORY",
    "TextSet",
    "TextTask",
    "noise_name",
    "score_texts",
    "scoring_fingerprint",
]

_VERSION = 1
"""Raised when the arrays change their meaning, so that older files are made again."""
STORY = "story"
"""What really follows the prompts of the mixtures."""


@dataclass(frozen=True, slots=True)
class TextTask:
    """Whose checkpoints score, and which texts."""

    group: CheckpointGroup
    tokens: ProbeTokens
    decoded: str | None
    """What `decode_texts` wrote; None where there is only one size."""
    file: str
    fingerprint: str


@dataclass(frozen=True, eq=False, slots=True)
class TextSet:
    """Texts of one kind."""

    name: str
    sequences: tuple[NDArray[np.int64], ...]
    """The end token and then the text."""
    num_given: int
    """Tokens at the beginning of each that are not scored, the end token among them."""


def noise_name(percent: int) -> str:
    """The name of stories with that share of random tokens."""
    return f"noise-{percent}"


def scoring_fingerprint(*, group: CheckpointGroup, tokens: ProbeTokens, decoded: str | None) -> str:
    """What decides the scores; `decoded` is the fingerprint of the written texts."""
    return fingerprint_of(
        {
            "measurement": "texts",
            "version": _VERSION,
            "weights": [[member.seed, member.weights_sha256] for member in group.members],
            "tokens": tokens.sha256,
            "decoded": decoded,
        }
    )


def score_texts(task: TextTask, *, num_threads: int) -> None:
    """Score every set of texts under every seed.

    Arrays: `seeds` (S,), `names` (num_sets,), `loss_nats` (S, num_sets, num_texts), the sum over a text's scored
    tokens, and `num_tokens` (num_sets, num_texts); sets with fewer texts are filled up with zero tokens.
    """
    from workers.probes.model import open_checkpoint
    from workers.probes.sequence_losses import sequence_losses

    set_torch_threads(num_threads)
    sets = _text_sets(task)
    most = max(len(one.sequences) for one in sets)
    loss_nats = np.zeros((len(task.group.members), len(sets), most))
    num_tokens = np.zeros((len(sets), most), dtype=np.int64)
    for seed, member in enumerate(task.group.members):
        model = open_checkpoint(member)
        for row, one in enumerate(sets):
            losses = [values[one.num_given - 1 :] for values in sequence_losses(model, one.sequences)]
            loss_nats[seed, row, : len(losses)] = [values.sum(dtype=np.float64) for values in losses]
            num_tokens[row, : len(losses)] = [len(values) for values in losses]
    arrays = {
        "seeds": np.array(task.group.seeds, dtype=np.int64),
        "names": np.array([one.name for one in sets]),
        "loss_nats": loss_nats,
        "num_tokens": num_tokens,
    }
    write_arrays(Path(task.file), fingerprint=task.fingerprint, arrays=arrays)


def _text_sets(task: TextTask) -> list[TextSet]:
    end_id = np.array([task.tokens.end_id])
    stories = beginnings(task.tokens, num_tokens=min(MOST_TOKENS, task.tokens.context_length))
    noise_sets = [
        TextSet(
            noise_name(percent),
            tuple(np.concatenate([end_id, text]) for text in noised(stories, percent=percent, tokens=task.tokens)),
            num_given=1,
        )
        for percent in NOISE_PERCENT
    ]
    return noise_sets + ([] if task.decoded is None else _mixture_sets(Path(task.decoded)))


def _mixture_sets(decoded: Path) -> list[TextSet]:
    try:
        arrays = read_arrays(decoded)
    except RunDirectoryError as error:
        raise CheckpointError(str(error)) from error
    prompts = arrays["prompts"]
    endings = {STORY: arrays["story"], **dict(zip(arrays["names"], arrays["continuations"], strict=True))}
    return [
        TextSet(str(name), tuple(np.concatenate([prompts, ending], axis=1)), num_given=prompts.shape[1])
        for name, ending in endings.items()
    ]
