"""Read the weights of a Llama from a Hugging Face directory, from safetensors alone."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from configs.errors import ConfigurationError, StorageError
from configs.model import ModelConfig
from workers.checksums import file_sha256
from workers.llama_format import from_llama_names, llama_names
from workers.model import parameter_shapes
from workers.record_files import WEIGHTS_NAME

__all__ = ["directory_sha256", "read_directory_weights"]

_INDEX_NAME = f"{WEIGHTS_NAME}.index.json"
_FLOATS = (torch.float32, torch.bfloat16, torch.float16)
_NEVER_TRAINED = ".rotary_emb.inv_freq"  # older versions of transformers saved what the config tells anyway
_HEAD_NAME = "lm_head.weight"


def directory_sha256(directory: Path) -> str:
    """One checksum over the names and contents of the files that hold the weights.

    Raises:
        ConfigurationError: If there are none.
        StorageError: If one cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for file in _files(directory):
            digest.update(f"{file_sha256(file)}  {file.name}\n".encode())
    except OSError as error:
        raise _unreachable(directory, error) from error
    return digest.hexdigest()


def read_directory_weights(config: ModelConfig) -> dict[str, Tensor]:
    """The weights in fp32, under the names of our `Llama.named_parameters`.

    Args:
        config: The shape; the directory must hold `config.weights_sha256` where that is known.

    Raises:
        ConfigurationError: If the directory holds other weights, too few, or some that our model has no place for.
        StorageError: If they cannot be read.
    """
    assert config.directory is not None
    directory = Path(config.directory)
    if config.weights_sha256 is not None and config.weights_sha256 != directory_sha256(directory):
        raise ConfigurationError(
            f"model.directory={directory} holds other weights than the experiment began with; put them back, or start "
            "anew with another --out"
        )
    try:
        theirs = dict(_tensors(directory, shapes=_shapes(config), is_tied=config.tied_head))
        return from_llama_names(theirs, config=config)
    except OSError as error:
        raise _unreachable(directory, error) from error
    except SafetensorError as error:
        raise ConfigurationError(
            f"the weights in model.directory={directory} are damaged ({error}); download them again"
        ) from error
    except KeyError as error:
        raise ConfigurationError(
            f"model.directory={directory} has no tensor {error.args[0]}; name a whole Llama, as transformers saves it"
        ) from None


def _files(directory: Path) -> list[Path]:
    """In the order of their names."""
    index = directory / _INDEX_NAME
    if index.is_file():
        try:
            names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{index} is damaged ({error}); download it again") from None
        if any(not isinstance(name, str) or Path(name).name != name for name in names):
            raise ConfigurationError(f"{index} names files outside {directory}; download it again")
        return [directory / name for name in sorted(names)]
    if not (directory / WEIGHTS_NAME).is_file():
        raise ConfigurationError(
            f"model.directory={directory} holds no {WEIGHTS_NAME}; save the model as safetensors, since pickled "
            "weights are never read"
        )
    return [directory / WEIGHTS_NAME]


def _tensors(directory: Path, *, shapes: Mapping[str, torch.Size], is_tied: bool) -> Iterator[tuple[str, Tensor]]:
    with ExitStack() as stack:
        for file in _files(directory):
            tensors = stack.enter_context(safe_open(file, framework="pt"))
            for name in tensors.keys():  # noqa: SIM118, the file is no mapping
                if name.endswith(_NEVER_TRAINED) or (is_tied and name == _HEAD_NAME):
                    continue
                if name not in shapes:
                    raise ConfigurationError(
                        f"{file} holds {name}, which a plain Llama has not; name another directory"
                    )
                tensor = tensors.get_tensor(name)
                if tensor.dtype not in _FLOATS:
                    raise ConfigurationError(
                        f"{file} holds {name} as {str(tensor.dtype).removeprefix('torch.')}; "
                        "save the model in fp32, bf16 or fp16"
                    )
                if tensor.shape != shapes[name]:
                    raise ConfigurationError(
                        f"{file} holds {name} of shape {tuple(tensor.shape)} where config.json promises "
                        f"{tuple(shapes[name])}; download it again"
                    )
                yield name, tensor.float()


def _shapes(config: ModelConfig) -> dict[str, torch.Size]:
    """Of every tensor, under the names of transformers."""
    ours = parameter_shapes(config)
    return {theirs: ours[name] for name, theirs in llama_names(config).items()}


def _unreachable(directory: Path, error: OSError) -> StorageError:
    return StorageError(f"the weights in model.directory={directory} cannot be read ({error}); check the path")
