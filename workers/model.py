"""The Llama that every run trains."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from configs.model import ModelConfig
from workers.linear import Linear

__all__ = ["Llama", "build_model", "rotary_tables", "rotate"]

# Shapes: B windows, T tokens of a window, D width, H heads, K dimensions of a head, M MLP width, V vocabulary.


def build_model(config: ModelConfig, *, seed: int) -> "Llama":
    """A model whose initial weights depend on `config` and `seed` alone.

    The generator is consumed in the order of the published study (arXiv 2606.13370): the framework's own initialization
    of every layer as it is built, then N(0, initial_sd) for every matrix in the same order. The tied matrix is drawn
    twice in the second pass, as embedding and as head; the head's draw stays.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Llama(config)
        model.apply(_draw_matrix(config.initial_sd))
    return model


class Llama(nn.Module):
    """A pre-norm decoder with rotary attention, SwiGLU and a head tied to the embedding."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_layers))
        self.norm = _RmsNorm(config)
        self.head = Linear(config.width, config.vocab_size)
        self.head.weight = self.embedding.weight
        cosines_TK, sines_TK = rotary_tables(config)
        self.cosines_TK: Tensor
        self.sines_TK: Tensor
        self.register_buffer("cosines_TK", cosines_TK, persistent=False)
        self.register_buffer("sines_TK", sines_TK, persistent=False)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Next-token logits, shape (B, T, V), for token ids of shape (B, T) with T up to the context length."""
        length = tokens_BT.shape[1]
        rotary = (self.cosines_TK[:length], self.sines_TK[:length])
        stream_BTD = self.embedding(tokens_BT)
        for layer in self.layers:
            stream_BTD = layer(stream_BTD, rotary)
        logits_BTV: Tensor = self.head(self.norm(stream_BTD))
        return logits_BTV


class _Layer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = _RmsNorm(config)
        self.attention = _Attention(config)
        self.mlp_norm = _RmsNorm(config)
        self.mlp = _SwiGlu(config)

    def forward(self, stream_BTD: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
        stream_BTD = stream_BTD + self.attention(self.attention_norm(stream_BTD), rotary)
        mixed_BTD: Tensor = stream_BTD + self.mlp(self.mlp_norm(stream_BTD))
        return mixed_BTD


class _RmsNorm(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(config.width))
        self.epsilon = config.norm_epsilon

    def forward(self, input_BTD: Tensor) -> Tensor:
        return functional.rms_norm(input_BTD, self.gain.shape, self.gain, self.epsilon)


class _Attention(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.query = Linear(config.width, config.width)
        self.key = Linear(config.width, config.width)
        self.value = Linear(config.width, config.width)
        self.output = Linear(config.width, config.width)

    def forward(self, input_BTD: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
        query_BHTK = rotate(self._split(self.query(input_BTD)), rotary)
        key_BHTK = rotate(self._split(self.key(input_BTD)), rotary)
        value_BHTK = self._split(self.value(input_BTD))
        mixed_BHTK = functional.scaled_dot_product_attention(query_BHTK, key_BHTK, value_BHTK, is_causal=True)
        output_BTD: Tensor = self.output(mixed_BHTK.transpose(1, 2).flatten(2))
        return output_BTD

    def _split(self, input_BTD: Tensor) -> Tensor:
        split_BHTK: Tensor = input_BTD.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
        return split_BHTK


class _SwiGlu(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate = Linear(config.width, config.mlp_width)
        self.up = Linear(config.width, config.mlp_width)
        self.down = Linear(config.mlp_width, config.width)

    def forward(self, input_BTD: Tensor) -> Tensor:
        hidden_BTM = functional.silu(self.gate(input_BTD)) * self.up(input_BTD)
        output_BTD: Tensor = self.down(hidden_BTM)
        return output_BTD


def rotary_tables(config: ModelConfig) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary angles in fp32, each of shape (T, K): every frequency stands twice in a row."""
    exponents = torch.arange(0, config.head_width, 2, dtype=torch.float32) / config.head_width
    frequencies = 1.0 / config.rope_base**exponents
    angles_TK = torch.outer(torch.arange(config.context_length, dtype=torch.float32), frequencies)
    angles_TK = angles_TK.repeat_interleave(2, dim=1)
    return angles_TK.cos(), angles_TK.sin()


def rotate(input_BHTK: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate neighbouring pairs of dimensions (2i, 2i + 1) by their position's angle; shape (B, H, T, K) stays."""
    cosines_TK, sines_TK = rotary
    even, odd = input_BHTK.unflatten(-1, (-1, 2)).unbind(-1)
    quarter_turned_BHTK = torch.stack((-odd, even), dim=-1).flatten(-2)
    return input_BHTK * cosines_TK + quarter_turned_BHTK * sines_TK


def _draw_matrix(initial_sd: float) -> Callable[[nn.Module], None]:
    def draw(module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, mean=0.0, std=initial_sd)

    return draw
