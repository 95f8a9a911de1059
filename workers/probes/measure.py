"""Measure one group of checkpoints: a forward pass of every member over the probed tokens, chunk by chunk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workers.pinning import set_torch_threads
from workers.probes.array_files import fingerprint_of, write_arrays
from workers.probes.checkpoints import CheckpointGroup
from workers.probes.source import ProbeSource
from workers.probes.tokens import ProbeTokens

if TYPE_CHECKING:
    from torch import Tensor

    from workers.probes.model import ProbeModel

__all__ = [
    "DIVERGENCE",
    "SCORES",
    "LogitBatch",
    "MeasureTask",
    "logit_batches",
    "measure_group",
    "measurement_fingerprint",
]

SCORES = "scores"
"""Loss, rank and ties of every probed token under every seed."""
DIVERGENCE = "divergence"
"""KL between the predictions of all pairs of seeds."""

_VERSIONS = {SCORES: 1, DIVERGENCE: 1}
"""Raised when the arrays of a measurement change their meaning, so that older files are measured again."""

_LOGITS_PER_BATCH = 2**21
"""Logits of one model at once: 8 MB, unless a single window has more."""


@dataclass(frozen=True, slots=True)
class MeasureTask:
    """One group and what is asked of it; it can be sent to another process."""

    group: CheckpointGroup
    tokens: ProbeTokens
    num_types: int
    log_unigram: NDArray[np.float64] | None
    """ln of the smoothed unigram probabilities, shape (num_types,)."""
    outputs: dict[str, tuple[str, str]]
    """By measurement: the file to write and its fingerprint."""


@dataclass(frozen=True, slots=True)
class LogitBatch:
    """The logits of every model on some windows."""

    first: int
    """Index of the first context."""
    logits: "list[Tensor]"
    """One tensor of shape (num_contexts of the batch, rows of the head) for each model."""
    targets: "Tensor"
    """The correct tokens, shape (num_contexts of the batch,)."""


def measurement_fingerprint(measurement: str, *, group: CheckpointGroup, source: ProbeSource) -> str:
    """What decides the arrays of `measurement` for `group`."""
    facts = {
        "measurement": measurement,
        "version": _VERSIONS[measurement],
        "weights": [[member.seed, member.weights_sha256] for member in group.members],
        "tokens": source.tokens.sha256,
    }
    if measurement == DIVERGENCE:
        facts |= {"num_types": source.num_types, "unigram": source.unigram_sha256}
    return fingerprint_of(facts)


def measure_group(task: MeasureTask, *, num_threads: int) -> None:
    """Write every output of a task. No distribution outlives its batch, whatever the number of contexts.

    Args:
        task: What to measure.
        num_threads: Threads of one torch operator.

    Raises:
        CheckpointError: If a member cannot be read, or does not predict finite numbers.
    """
    from workers.probes.divergence import DivergenceCollector
    from workers.probes.model import open_checkpoint
    from workers.probes.scores import ScoreCollector

    set_torch_threads(num_threads)
    num_contexts = task.tokens.num_contexts
    models = [open_checkpoint(member) for member in task.group.members]
    scores = ScoreCollector(task.group, num_contexts=num_contexts) if SCORES in task.outputs else None
    divergence = (
        DivergenceCollector(
            num_seeds=len(models), num_contexts=num_contexts, num_types=task.num_types, log_unigram=task.log_unigram
        )
        if DIVERGENCE in task.outputs
        else None
    )
    for batch in logit_batches(models, tokens=task.tokens):
        if scores:
            scores.add(batch.logits, batch.targets, first=batch.first)
        if divergence:
            divergence.add(batch.logits, first=batch.first)
    if scores:
        _write(task, SCORES, scores.arrays(models[0]))
    if divergence:
        _write(task, DIVERGENCE, divergence.arrays())


def logit_batches(models: "list[ProbeModel]", *, tokens: ProbeTokens) -> Iterator[LogitBatch]:
    """The logits of all models on the probed tokens, batch by batch in the order of the stream.

    Args:
        models: Opened checkpoints.
        tokens: The probed tokens.
    """
    import torch

    first = 0
    num_rows = models[0].num_rows
    for inputs, targets in tokens.batches(num_tokens=max(1, _LOGITS_PER_BATCH // num_rows)):
        tokens_BT = torch.from_numpy(inputs)
        logits = [model.logits(tokens_BT).flatten(0, 1) for model in models]
        yield LogitBatch(first, logits, torch.from_numpy(targets).flatten())
        first += targets.size


def _write(task: MeasureTask, measurement: str, arrays: dict[str, NDArray[np.generic]]) -> None:
    file, fingerprint = task.outputs[measurement]
    seeds = np.array(task.group.seeds, dtype=np.int64)
    write_arrays(Path(file), fingerprint=fingerprint, arrays={"seeds": seeds, **arrays})
