"""Open a checkpoint for forward passes, whoever wrote it."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from configs.errors import CheckpointError
from configs.model import ModelConfig
from workers.checksums import file_sha256
from workers.llama_format import from_llama_names
from workers.model import Llama, blank_model
from workers.probes.checkpoints import Checkpoint
from workers.record_files import WEIGHTS_NAME

__all__ = ["ProbeModel", "open_checkpoint"]

# B windows, T tokens of a window, V rows of the head.


@final
@dataclass(frozen=True, eq=False, slots=True)
class ProbeModel:
    """Weights ready for forward passes in fp32 on the CPU."""

    module: nn.Module
    num_rows: int
    """Rows of the head: logits of one context."""
    num_parameters: int
    """Every trained parameter; tied matrices count once."""
    num_embedding_parameters: int
    """Of these the embeddings of tokens and positions, and a head of its own."""

    def logits(self, tokens_BT: Tensor) -> Tensor:
        """Next-token logits, shape (B, T, V), for ids of shape (B, T)."""
        with torch.inference_mode():
            if isinstance(self.module, Llama):
                logits_BTV: Tensor = self.module(tokens_BT)
            else:
                logits_BTV = self.module(input_ids=tokens_BT, use_cache=False).logits
        return logits_BTV.float()


def open_checkpoint(checkpoint: Checkpoint) -> ProbeModel:
    """Read the weights and build their model.

    Raises:
        CheckpointError: If the files are not those that were found, or cannot be read.
    """
    if checkpoint.model is None:
        from workers.probes.hugging_face import open_hugging_face

        return open_hugging_face(Path(checkpoint.directory))
    return _open_own(checkpoint, config=checkpoint.model)


def _open_own(checkpoint: Checkpoint, *, config: ModelConfig) -> ProbeModel:
    weights_file = Path(checkpoint.directory) / WEIGHTS_NAME
    try:
        if file_sha256(weights_file) != checkpoint.weights_sha256:
            raise CheckpointError(f"{weights_file} does not hold what its record promises")
        weights = from_llama_names(load_file(weights_file), config=config)
    except OSError as error:
        raise CheckpointError(f"{weights_file} cannot be read: {error}") from error
    module = blank_model(config)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(weights[name])
    return ProbeModel(module.eval(), config.vocab_size, config.num_parameters, config.num_embedding_parameters)
