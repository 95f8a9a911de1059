"""The Llama that every run trains."""

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from configs.model import ModelConfig
from configs.precision import Precision
from workers.passes import AbstractPasses, TorchPasses

__all__ = ["Llama", "blank_model", "build_model", "parameter_shapes", "rotary_tables"]

# Shapes: N = B T rows, B windows, T tokens of a window, D width, K dimensions of a head, M MLP width, V vocabulary.
# Rows of queries, keys and values, written ND, are wider than D.


def build_model(
    config: ModelConfig, *, seed: int, passes: AbstractPasses | None = None, precision: Precision = Precision.FP32
) -> "Llama":
    """A model whose initial weights depend on `config` and `seed` alone.

    The generator is consumed in the order of the published study (arXiv 2606.13370): the framework's own initialization
    of every layer as it is built, then N(0, initial_sd) for every matrix in the same order. The tied matrix is drawn
    twice in the second pass, as embedding and as head; the head's draw stays. A `config.directory` is not looked at;
    see `workers.initial_model`.

    Args:
        config: The shape.
        seed: Of the generator.
        passes: What computes between the products; torch where it is not given.
        precision: Of the products.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Llama(config, passes=passes or TorchPasses(), precision=precision)
        model.apply(_draw_matrix(config.initial_sd))
    return model


def blank_model(
    config: ModelConfig,
    *,
    device: torch.device | None = None,
    passes: AbstractPasses | None = None,
    precision: Precision = Precision.FP32,
) -> "Llama":
    """A model for somebody else's weights: nothing is drawn, and whatever was in memory is in its matrices."""
    with device or torch.device("cpu"), _Undrawn():
        model = Llama(config, passes=passes or TorchPasses(), precision=precision)
    # Computed where those of every other model are, to the same bits.
    model.cosines_TK, model.sines_TK = (table.to(device) for table in rotary_tables(config))
    return model


def parameter_shapes(config: ModelConfig) -> dict[str, torch.Size]:
    """The shape of every parameter, in the order of `Llama.named_parameters`."""
    # Memory that nobody writes into is never taken.
    return {name: parameter.shape for name, parameter in blank_model(config).named_parameters()}


@final
class _Undrawn(TorchFunctionMode):
    """Spares the framework's own initialization, which for a large model takes many seconds."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:  # Any: whatever torch calls
        if getattr(function, "__module__", None) == nn.init.__name__:
            return kwargs["tensor"]
        return function(*args, **(kwargs or {}))


class Llama(nn.Module):
    """A pre-norm decoder with rotary attention, SwiGLU and a head that may be tied to the embedding."""

    def __init__(self, config: ModelConfig, *, passes: AbstractPasses, precision: Precision) -> None:
        super().__init__()
        self.config = config
        self.passes = passes
        self.precision = precision
        self.embedding = nn.Embedding(config.vocab_size, config.width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_layers))
        self.norm = _Gain(config)
        self.head = _matrix(config.width, config.vocab_size)
        if config.tied_head:
            self.head.weight = self.embedding.weight
        cosines_TK, sines_TK = rotary_tables(config)
        self.cosines_TK: Tensor
        self.sines_TK: Tensor
        self.register_buffer("cosines_TK", cosines_TK, persistent=False)
        self.register_buffer("sines_TK", sines_TK, persistent=False)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Next-token logits, shape (B, T, V), for token ids of shape (B, T) with T up to the context length."""
        logits_NV = self.passes.linear(self._hidden(tokens_BT), self.head.weight, precision=self.precision)
        return logits_NV.reshape(*tokens_BT.shape, -1)

    def mean_loss(self, tokens_BT: Tensor, targets_BT: Tensor, *, out_of: int | None = None) -> Tensor:
        """Mean cross entropy of the targets in nats per token; both arguments of shape (B, T).

        Args:
            tokens_BT: The windows.
            targets_BT: What follows each token.
            out_of: Targets of which these are a part; their sum is then divided by that number, so that parts add up.
        """
        return self.passes.mean_loss(
            self._hidden(tokens_BT),
            self.head.weight,
            targets_BT.flatten(),
            out_of=out_of or targets_BT.numel(),
            precision=self.precision,
        )

    def _hidden(self, tokens_BT: Tensor) -> Tensor:
        num_windows, length = tokens_BT.shape
        rotary = (self.cosines_TK[:length], self.sines_TK[:length])
        stream_ND = self.embedding(tokens_BT.flatten())
        addition_ND = None
        for layer in self.layers:
            assert isinstance(layer, _Layer)
            stream_ND, normed_ND = self._add_norm(stream_ND, addition_ND, layer.attention_norm)
            addition_ND = self._attention(layer.attention, normed_ND, rotary, num_windows)
            stream_ND, normed_ND = self._add_norm(stream_ND, addition_ND, layer.mlp_norm)
            addition_ND = self._mlp(layer.mlp, normed_ND)
        _, normed_ND = self._add_norm(stream_ND, addition_ND, self.norm)
        return normed_ND

    def _add_norm(self, stream_ND: Tensor, addition_ND: Tensor | None, norm: "_Gain") -> tuple[Tensor, Tensor]:
        return self.passes.add_rms_norm(stream_ND, addition_ND, norm.gain, epsilon=self.config.norm_epsilon)

    def _attention(
        self, layer: "_Attention", normed_ND: Tensor, rotary: tuple[Tensor, Tensor], num_windows: int
    ) -> Tensor:
        qkv_ND = self.passes.linear(
            normed_ND, layer.query.weight, layer.key.weight, layer.value.weight, precision=self.precision
        )
        mixed_ND = self.passes.attention(
            qkv_ND,
            rotary,
            num_windows=num_windows,
            num_heads=self.config.num_heads,
            num_kv_heads=self.config.num_key_value_heads,
        )
        return self.passes.linear(mixed_ND, layer.output.weight, precision=self.precision)

    def _mlp(self, layer: "_SwiGlu", normed_ND: Tensor) -> Tensor:
        gate_up_NM = self.passes.linear(normed_ND, layer.gate.weight, layer.up.weight, precision=self.precision)
        return self.passes.linear(self.passes.swiglu(gate_up_NM), layer.down.weight, precision=self.precision)


# The layers only hold weights, in the order in which the published study draws them.


class _Layer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = _Gain(config)
        self.attention = _Attention(config)
        self.mlp_norm = _Gain(config)
        self.mlp = _SwiGlu(config)


class _Gain(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(config.width))


class _Attention(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.query = _matrix(config.width, config.width)
        self.key = _matrix(config.width, config.kv_width)
        self.value = _matrix(config.width, config.kv_width)
        self.output = _matrix(config.width, config.width)


class _SwiGlu(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate = _matrix(config.width, config.mlp_width)
        self.up = _matrix(config.width, config.mlp_width)
        self.down = _matrix(config.mlp_width, config.width)


def _matrix(input_width: int, output_width: int) -> nn.Linear:
    return nn.Linear(input_width, output_width, bias=False)


def rotary_tables(config: ModelConfig) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary angles in fp32, each of shape (T, K): every frequency stands twice in a row."""
    exponents = torch.arange(0, config.head_width, 2, dtype=torch.float32) / config.head_width
    frequencies = 1.0 / config.rope_base**exponents
    angles_TK = torch.outer(torch.arange(config.context_length, dtype=torch.float32), frequencies)
    angles_TK = angles_TK.repeat_interleave(2, dim=1)
    return angles_TK.cos(), angles_TK.sin()


def _draw_matrix(initial_sd: float) -> Callable[[nn.Module], None]:
    def draw(module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, mean=0.0, std=initial_sd)

    return draw
