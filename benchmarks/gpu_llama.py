"""A Llama of any size on one device, built once and begun anew for each seed, in bf16 products over fp32 weights."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

# Shapes: B windows, T tokens of a window, D width, H heads, G key and value heads, K head width, V vocabulary.


@dataclass(frozen=True)
class Shape:
    """The sizes of a Llama; the defaults are TinyLlama's, with an untied head: 1,100,048,384 parameters."""

    width: int = 2_048
    num_layers: int = 22
    num_heads: int = 32
    num_kv_heads: int = 4
    mlp_width: int = 5_632
    vocab_size: int = 32_000
    context_length: int = 2_048
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5
    initial_sd: float = 0.02

    @classmethod
    def of_directory(cls, directory: Path) -> Self:
        """The sizes that a Hugging Face directory's config.json gives.

        Raises:
            ValueError: If it is no Llama that is built here.
        """
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        if config.get("model_type") != "llama" or config.get("attention_bias") or config.get("rope_scaling"):
            raise ValueError(f"{directory} holds no plain Llama; give a directory whose config.json says llama")
        rope = config.get("rope_parameters") or {}
        return cls(
            width=config["hidden_size"],
            num_layers=config["num_hidden_layers"],
            num_heads=config["num_attention_heads"],
            num_kv_heads=config.get("num_key_value_heads", config["num_attention_heads"]),
            mlp_width=config["intermediate_size"],
            vocab_size=config["vocab_size"],
            context_length=min(config["max_position_embeddings"], 2_048),
            rope_base=config.get("rope_theta") or rope.get("rope_theta", 10_000.0),
            norm_epsilon=config["rms_norm_eps"],
            initial_sd=config.get("initializer_range", 0.02),
        )

    @property
    def head_width(self) -> int:
        """Dimensions of one head."""
        return self.width // self.num_heads

    @property
    def training_flops_per_token(self) -> int:
        """6 per matrix weight (the embedding is only looked up), and the causal half of the attention products."""
        kv_width = self.num_kv_heads * self.head_width
        per_layer = 2 * self.width**2 + 2 * self.width * kv_width + 3 * self.width * self.mlp_width
        weights = self.num_layers * per_layer + self.vocab_size * self.width
        return 6 * weights + 6 * self.num_layers * self.width * self.context_length


class GpuLlama(nn.Module):
    """Pre-norm decoder; queries, keys and values are one product, and so are the two halves of the gated MLP."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocab_size, shape.width)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.num_layers))
        self.norm = _RmsNorm(shape)
        self.head = nn.Linear(shape.width, shape.vocab_size, bias=False)
        cosines_TK, sines_TK = _rotary_tables(shape)
        self.loss_function = _mean_loss
        self.register_buffer("cosines_TK", cosines_TK, persistent=False)
        self.register_buffer("sines_TK", sines_TK, persistent=False)

    def compile_layers(self) -> None:
        """Compile the layers, which share one code and so are compiled once, and the loss."""
        for layer in self.layers:
            layer.compile(dynamic=False)
        self.loss_function = torch.compile(_mean_loss, dynamic=False)

    def forward(self, inputs_BT: Tensor, targets_BT: Tensor, *, reduction: str = "mean") -> Tensor:
        """Cross entropy in nats: the mean over all tokens, or one value per token."""
        stream_BTD = self.embedding(inputs_BT).to(torch.bfloat16)
        for layer in self.layers:
            stream_BTD = layer(stream_BTD, self.cosines_TK, self.sines_TK)
        hidden_BTD = self.norm(stream_BTD)
        if reduction == "none":
            return _token_losses(hidden_BTD, self.head.weight, targets_BT)
        return self.loss_function(hidden_BTD, self.head.weight, targets_BT)

    @torch.no_grad()
    def draw(self, seed: int) -> None:
        """Draw every matrix from N(0, initial_sd) by a generator of this seed, on the device, and set gains to 1."""
        generator = torch.Generator(self.embedding.weight.device).manual_seed(seed)
        for name, parameter in self.named_parameters():
            if name.endswith("gain"):
                parameter.fill_(1.0)
            else:
                parameter.normal_(0.0, self.shape.initial_sd, generator=generator)

    @torch.no_grad()
    def load(self, directory: Path) -> None:
        """Take the weights of a Hugging Face directory, in one safetensors file or several.

        Raises:
            ValueError: If a tensor is missing or has another shape.
        """
        theirs = {
            name: tensor for file in sorted(directory.glob("*.safetensors")) for name, tensor in load_file(file).items()
        }
        theirs.setdefault("lm_head.weight", theirs.get("model.embed_tokens.weight", torch.empty(0)))
        for ours, names in self._names().items():
            missing = [name for name in names if name not in theirs]
            if missing:
                raise ValueError(f"{directory} has no tensor {missing[0]}; give a Llama saved as safetensors")
            self.get_parameter(ours).copy_(torch.cat([theirs[name] for name in names]))

    def _names(self) -> dict[str, tuple[str, ...]]:
        """Our parameters, and those of transformers that make them up, one above the other."""
        names = {
            "embedding.weight": ("model.embed_tokens.weight",),
            "norm.gain": ("model.norm.weight",),
            "head.weight": ("lm_head.weight",),
        }
        parts = {
            "attention_norm.gain": ("input_layernorm",),
            "query_key_value.weight": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
            "output.weight": ("self_attn.o_proj",),
            "mlp_norm.gain": ("post_attention_layernorm",),
            "gate_up.weight": ("mlp.gate_proj", "mlp.up_proj"),
            "down.weight": ("mlp.down_proj",),
        }
        for layer in range(self.shape.num_layers):
            for ours, theirs in parts.items():
                names[f"layers.{layer}.{ours}"] = tuple(f"model.layers.{layer}.{name}.weight" for name in theirs)
        return names

    @torch.no_grad()
    def checksum(self) -> str:
        """A sum over the bits of all weights, each weighted by its place: equal weights, equal sums."""
        total = 0
        for parameter in self.parameters():
            bits = parameter.detach().flatten().view(torch.int32)
            for start, part in _pieces(bits):
                places = torch.arange(start, start + len(part), device=part.device) % 1_000_003 + 1
                total = (total * 31 + int((part.to(torch.int64) * places).sum())) % 2**64
        return f"{total:016x}"


class _Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        kv_width = shape.num_kv_heads * shape.head_width
        self.attention_norm = _RmsNorm(shape)
        self.query_key_value = nn.Linear(shape.width, shape.width + 2 * kv_width, bias=False)
        self.output = nn.Linear(shape.width, shape.width, bias=False)
        self.mlp_norm = _RmsNorm(shape)
        self.gate_up = nn.Linear(shape.width, 2 * shape.mlp_width, bias=False)
        self.down = nn.Linear(shape.mlp_width, shape.width, bias=False)

    def forward(self, stream_BTD: Tensor, cosines_TK: Tensor, sines_TK: Tensor) -> Tensor:
        shape = self.shape
        kv_width = shape.num_kv_heads * shape.head_width
        mixed = self.query_key_value(self.attention_norm(stream_BTD))
        query, key, value = mixed.split((shape.width, kv_width, kv_width), dim=-1)
        query_BHTK = _rotate(_heads(query, shape.num_heads), cosines_TK, sines_TK)
        key_BGTK = _rotate(_heads(key, shape.num_kv_heads), cosines_TK, sines_TK)
        attended_BHTK = functional.scaled_dot_product_attention(
            query_BHTK, key_BGTK, _heads(value, shape.num_kv_heads), is_causal=True, enable_gqa=True
        )
        stream_BTD = stream_BTD + self.output(attended_BHTK.transpose(1, 2).flatten(2))
        gate, up = self.gate_up(self.mlp_norm(stream_BTD)).chunk(2, dim=-1)
        return stream_BTD + self.down(functional.silu(gate) * up)


class _RmsNorm(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.norm_epsilon

    def forward(self, input_BTD: Tensor) -> Tensor:
        wide = input_BTD.float()
        scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.epsilon)
        return (wide * scale * self.gain).to(input_BTD.dtype)


def _heads(input_BTD: Tensor, num_heads: int) -> Tensor:
    return input_BTD.unflatten(2, (num_heads, -1)).transpose(1, 2)


def _rotate(input_BHTK: Tensor, cosines_TK: Tensor, sines_TK: Tensor) -> Tensor:
    length = input_BHTK.shape[2]
    left, right = input_BHTK.chunk(2, dim=-1)
    turned = torch.cat((-right, left), dim=-1)
    return (input_BHTK * cosines_TK[:length] + turned * sines_TK[:length]).to(input_BHTK.dtype)


def _rotary_tables(shape: Shape) -> tuple[Tensor, Tensor]:
    exponents = torch.arange(0, shape.head_width, 2, dtype=torch.float32) / shape.head_width
    angles = torch.outer(torch.arange(shape.context_length, dtype=torch.float32), 1.0 / shape.rope_base**exponents)
    angles_TK = torch.cat((angles, angles), dim=-1)
    return angles_TK.cos(), angles_TK.sin()


def _mean_loss(hidden_BTD: Tensor, weight_VD: Tensor, targets_BT: Tensor) -> Tensor:
    logits = functional.linear(hidden_BTD.flatten(0, 1), weight_VD)
    return functional.cross_entropy(logits.float(), targets_BT.flatten())


def _token_losses(hidden_BTD: Tensor, weight_VD: Tensor, targets_BT: Tensor) -> Tensor:
    logits = functional.linear(hidden_BTD.flatten(0, 1), weight_VD)
    return functional.cross_entropy(logits.float(), targets_BT.flatten(), reduction="none")


def _pieces(bits: Tensor, size: int = 2**26) -> Iterator[tuple[int, Tensor]]:
    for index in range(math.ceil(len(bits) / size)):
        yield index * size, bits[index * size : (index + 1) * size]
