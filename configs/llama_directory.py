"""Read the shape of a Llama from the config.json of a Hugging Face directory, and refuse what is no plain Llama."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from configs.errors import ConfigurationError
from configs.model import ModelConfig

__all__ = ["require_directory_shape", "with_directory_shape"]

_CONFIG_NAME = "config.json"
# Our names and theirs; a size without a default has to be there.
_SIZES = {
    "vocab_size": "vocab_size",
    "width": "hidden_size",
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "mlp_width": "intermediate_size",
}
_POSITIONS = 2_048  # the default of transformers' LlamaConfig, as are those below


def with_directory_shape(values: Mapping[str, Any]) -> dict[str, Any]:  # Any: what stood in a YAML file
    """The values of a config, the shape of its model filled in from `model.directory` where it names one.

    A config that tells the whole shape is left as it is, so that a run directory opens where the model is not.

    Args:
        values: Nested dictionaries, not validated yet.

    Raises:
        ConfigurationError: If the directory cannot be read, holds no Llama of ours, or contradicts what is given.
    """
    model = values.get("model")
    if not isinstance(model, Mapping) or not isinstance(model.get("directory"), str) or not model["directory"]:
        return dict(values)
    directory = _absolute(model["directory"])
    model = {**model, "directory": str(directory)}
    if not ModelConfig.model_fields.keys() - {"weights_sha256"} <= model.keys():
        shape = _shape_of(directory)
        _require_same(model, shape=shape, directory=directory)
        given = {name: value for name, value in model.items() if value is not None or name not in shape}
        model = shape | given
    return {**values, "model": model}


def _absolute(name: str) -> Path:
    """As workers understand it, who have another current directory."""
    try:
        return Path(name).expanduser().absolute()
    except RuntimeError as error:  # the home of nobody
        raise ConfigurationError(f"model.directory={name} cannot be found: {error}; check the path") from None


def require_directory_shape(config: ModelConfig) -> None:
    """Check that the directory still holds a model of this shape.

    Raises:
        ConfigurationError: As `with_directory_shape`.
    """
    assert config.directory is not None
    directory = Path(config.directory)
    _require_same(config.model_dump(), shape=_shape_of(directory), directory=directory)


def _require_same(given: Mapping[str, Any], *, shape: Mapping[str, Any], directory: Path) -> None:
    for name, found in shape.items():
        value = given.get(name)
        if name == "initial_sd" or value is None:
            continue
        if name == "context_length" and isinstance(value, int) and value <= found:
            continue
        if value != found:
            what = f"has {found} positions" if name == "context_length" else f"has {name}={found}"
            raise ConfigurationError(
                f"model.{name}={value}, but the model in {directory} {what}; leave model.{name} out, or name another "
                "model.directory"
            )


def _shape_of(directory: Path) -> dict[str, Any]:
    config = _read_config(directory)
    if config.get("model_type") != "llama":
        raise ConfigurationError(
            f"{directory / _CONFIG_NAME} has model_type={config.get('model_type')}, and only a llama can be trained "
            "further; name another model.directory"
        )
    missing = next((theirs for theirs in _SIZES.values() if not isinstance(config.get(theirs), int)), None)
    if missing is not None:
        raise ConfigurationError(f"{directory / _CONFIG_NAME} does not tell {missing}; name another model.directory")
    for is_other, what in _OTHERS:
        if is_other(config):
            raise ConfigurationError(
                f"{directory / _CONFIG_NAME} tells of {what}, which a plain Llama has not; name another model.directory"
            )
    end_id = config.get("eos_token_id")
    end_id = end_id[0] if isinstance(end_id, list) and end_id else end_id
    if not isinstance(end_id, int):
        raise ConfigurationError(f"{directory / _CONFIG_NAME} names no eos_token_id, which ends each story; add it")
    return {ours: config[theirs] for ours, theirs in _SIZES.items()} | {
        "num_kv_heads": config.get("num_key_value_heads") or config["num_attention_heads"],
        "context_length": config.get("max_position_embeddings") or _POSITIONS,
        "norm_epsilon": config.get("rms_norm_eps", 1e-6),
        "rope_base": config.get("rope_theta") or _rope(config).get("rope_theta") or 10_000.0,
        "initial_sd": config.get("initializer_range", 0.02),
        "tied_head": bool(config.get("tie_word_embeddings", False)),
        "end_id": end_id,
    }


def _read_config(directory: Path) -> dict[str, Any]:
    path = directory / _CONFIG_NAME
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"model.directory={directory} holds no {_CONFIG_NAME}; name a Llama's directory, as transformers saves it"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}; name another model.directory") from None
    if not isinstance(config, dict):
        raise ConfigurationError(f"{path} is no config of a model; name another model.directory")
    return config


def _rope(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """What newer versions of transformers write of the rotary positions."""
    rope = config.get("rope_parameters")
    return rope if isinstance(rope, Mapping) else {}


def _is_scaled(config: Mapping[str, Any]) -> bool:
    rope = config.get("rope_scaling") or _rope(config)
    kind = rope.get("rope_type", rope.get("type", "default")) if isinstance(rope, Mapping) else "unknown"
    return bool(kind != "default")


def _has_other_heads(config: Mapping[str, Any]) -> bool:
    head_width = config.get("head_dim")
    return head_width is not None and head_width * config["num_attention_heads"] != config["hidden_size"]


# What our model has no place for: whether a config tells of it, and what it is called.
_OTHERS: tuple[tuple[Callable[[Mapping[str, Any]], bool], str], ...] = (
    (lambda config: config.get("hidden_act", "silu") != "silu", "another activation than silu"),
    (lambda config: bool(config.get("attention_bias")), "biases in attention (attention_bias)"),
    (lambda config: bool(config.get("mlp_bias")), "biases in the MLP (mlp_bias)"),
    (_is_scaled, "scaled rotary positions (rope_scaling)"),
    (_has_other_heads, "heads whose width is not hidden_size / num_attention_heads (head_dim)"),
    (lambda config: config.get("sliding_window") is not None, "a sliding window (sliding_window)"),
    (
        lambda config: any(place.get("partial_rotary_factor", 1) != 1 for place in (config, _rope(config))),
        "partly rotary heads (partial_rotary_factor)",
    ),
    (lambda config: config.get("quantization_config") is not None, "quantized weights (quantization_config)"),
)
