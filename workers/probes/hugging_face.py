"""Read what a Hugging Face checkpoint directory holds: weights, tokenizer, end token."""

import hashlib
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.errors import CheckpointError, ConfigurationError
from workers.checksums import file_sha256
from workers.probes.failed_reading import reason_of

if TYPE_CHECKING:
    from workers.probes.model import ProbeModel

__all__ = [
    "context_length_of",
    "end_id_of",
    "num_head_rows",
    "open_hugging_face",
    "tokenizer_json_of",
    "weights_sha256",
]

CONFIG_NAME = "config.json"
TOKENIZER_NAME = "tokenizer.json"
_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length")
_LOADING = threading.Lock()
_INSTALL = "install the extra `hf`: pip install 'seedscope[hf]'"


def open_hugging_face(directory: Path) -> "ProbeModel":
    """Build the causal language model of a directory in fp32; weights are read from safetensors alone.

    Raises:
        ConfigurationError: If `transformers` is not installed.
        CheckpointError: If it cannot read the directory.
    """
    import torch

    from workers.probes.model import ProbeModel

    try:
        # It imports its parts on demand, and changes torch's default type for a while: neither is for two threads.
        with _LOADING:
            module = _transformers().AutoModelForCausalLM.from_pretrained(
                str(directory), local_files_only=True, use_safetensors=True, dtype=torch.float32
            )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(f"transformers cannot read {directory}: {reason_of(error)}") from error
    embeddings = {id(weight): weight for weight in _embedding_weights(module)}
    return ProbeModel(
        module.eval(),
        num_rows=int(module.config.vocab_size),
        num_parameters=sum(parameter.numel() for parameter in module.parameters()),
        num_embedding_parameters=sum(weight.numel() for weight in embeddings.values()),
    )


def tokenizer_json_of(directory: Path) -> str | None:
    """The tokenizer as Hugging Face tokenizers write it; None where the directory holds none.

    Raises:
        CheckpointError: If it holds one that cannot be read.
    """
    try:
        if (directory / TOKENIZER_NAME).is_file():
            return (directory / TOKENIZER_NAME).read_text(encoding="utf-8")
        if not any(directory.glob("tokenizer*")) and not (directory / "vocab.json").is_file():
            return None
        tokenizer = _transformers().AutoTokenizer.from_pretrained(str(directory), local_files_only=True)
        tokenizer_json: str = tokenizer.backend_tokenizer.to_str()
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(f"the tokenizer in {directory} cannot be read: {reason_of(error)}") from error
    return tokenizer_json


def end_id_of(directory: Path) -> int:
    """The id of the end-of-text token.

    Raises:
        CheckpointError: If the config names none.
    """
    end_id = _config(directory).get("eos_token_id")
    first = end_id[0] if isinstance(end_id, list) and end_id else end_id
    if not isinstance(first, int):
        raise CheckpointError(f"{directory / CONFIG_NAME} names no eos_token_id, which ends each story; add it")
    return first


def context_length_of(directory: Path) -> int | None:
    """Most tokens in one window; None where the config does not tell.

    Raises:
        CheckpointError: If there is no config that can be read.
    """
    config = _config(directory)
    return next((int(config[key]) for key in _CONTEXT_KEYS if isinstance(config.get(key), int)), None)


def num_head_rows(directory: Path) -> int:
    """Logits of one context.

    Raises:
        CheckpointError: If the config does not tell.
    """
    rows = _config(directory).get("vocab_size")
    if not isinstance(rows, int):
        raise CheckpointError(f"{directory / CONFIG_NAME} names no vocab_size, so it is no causal language model")
    return rows


def weights_sha256(directory: Path) -> str:
    """Hash over the config and every safetensors file.

    Raises:
        CheckpointError: If there is no such file.
    """
    files = sorted(directory.glob("*.safetensors"))
    if not files:
        raise CheckpointError(f"{directory} holds no .safetensors file; convert its weights, which are never unpickled")
    digest = hashlib.sha256((directory / CONFIG_NAME).read_bytes())
    for file in files:
        digest.update(f"{file.name} {file_sha256(file)}\n".encode())
    return digest.hexdigest()


def _embedding_weights(module: Any) -> list[Any]:  # Any: whatever model transformers built
    """Weights of token and position embeddings, and of the output head."""
    from torch import nn

    embeddings = [layer.weight for layer in module.modules() if isinstance(layer, nn.Embedding)]
    head = module.get_output_embeddings()
    return embeddings if head is None else [*embeddings, head.weight]


def _config(directory: Path) -> dict[str, Any]:  # Any: the tree of a JSON file
    path = directory / CONFIG_NAME
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {reason_of(error)}") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{path} is no config of a model")
    return config


def _transformers() -> Any:  # Any: an optional library without complete types
    try:
        import transformers
    except ImportError:
        raise ConfigurationError(f"checkpoints from elsewhere are read by transformers; {_INSTALL}") from None
    quieted: Any = transformers
    quieted.utils.logging.disable_progress_bar()
    return quieted
