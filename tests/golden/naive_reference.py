"""The published study once more, as plainly as possible and without any code of ours.

The model is transformers' LlamaForCausalLM, the optimizer torch's AdamW in its default form; gradients are accumulated
over micro-batches, and the stream is read by moving a cursor. Recipe: shared/reference/published-study.md, sections 1
to 4 (arXiv 2606.13370). A test compares this with our workers, seed for seed.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY, WIDTH, LAYERS, HEADS, MLP, CONTEXT = 4096, 256, 4, 4, 704, 128
MICRO_BATCH, ACCUMULATION = 2, 8


@dataclass(frozen=True)
class Trajectory:
    """Losses of the steps before their updates, and of the validation slice after the last, in nats per token."""

    train_losses: list[float]
    grad_norms: list[float]
    val_loss: float


def train(*, seed: int, stream: np.ndarray, validation: np.ndarray, num_steps: int) -> Trajectory:
    """Train the published model for `num_steps` steps."""
    stream_ids = torch.from_numpy(stream.astype(np.int64))
    model = initial_model(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-4, betas=(0.9, 0.95), weight_decay=0.1)
    cursor, tokens_seen = 0, 0
    train_losses, grad_norms = [], []
    for _ in range(num_steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(tokens_seen)
        optimizer.zero_grad()
        step_loss = 0.0
        for _ in range(ACCUMULATION):
            starts = [(cursor + row * CONTEXT) % (len(stream_ids) - CONTEXT - 1) for row in range(MICRO_BATCH)]
            loss = mean_loss(model, stream_ids, starts)
            (loss / ACCUMULATION).backward()
            step_loss += loss.item() / ACCUMULATION
            cursor = (cursor + MICRO_BATCH * CONTEXT) % (len(stream_ids) - CONTEXT - 1)
        grad_norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        tokens_seen += ACCUMULATION * MICRO_BATCH * CONTEXT
        train_losses.append(step_loss)
    return Trajectory(train_losses, grad_norms, validation_loss(model, validation))


def rate(tokens_seen: int) -> float:
    """The learning rate of a step taken after so many tokens."""
    if tokens_seen < 1e6:
        return 4e-4 * max(1, tokens_seen) / 1e6
    return 4e-5 + 0.5 * (1 + math.cos(math.pi * (tokens_seen - 1e6) / 19e6)) * 3.6e-4


def mean_loss(model: LlamaForCausalLM, ids: torch.Tensor, starts: list[int]) -> torch.Tensor:
    """Mean cross entropy over windows that begin at `starts`."""
    inputs = torch.stack([ids[start : start + CONTEXT] for start in starts])
    targets = torch.stack([ids[start + 1 : start + CONTEXT + 1] for start in starts])
    logits = model(input_ids=inputs, use_cache=False).logits
    return functional.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1))


@torch.no_grad()
def validation_loss(model: LlamaForCausalLM, validation: np.ndarray) -> float:
    """Mean of eight batch means over tokens 9,001 to 11,049."""
    ids = torch.from_numpy(validation.astype(np.int64))
    batches = [[9001 + (2 * batch + row) * CONTEXT for row in range(2)] for batch in range(8)]
    return sum(mean_loss(model, ids, starts).item() for starts in batches) / len(batches)


def initial_model(seed: int) -> LlamaForCausalLM:
    """transformers' Llama with the published initial weights."""
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=MLP,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config).float().train()
    drawn = draw_matrices(seed)
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(drawn["head"])
        for index, layer in enumerate(model.model.layers):
            layer.self_attn.q_proj.weight.copy_(halves(drawn[f"{index}.q"]))
            layer.self_attn.k_proj.weight.copy_(halves(drawn[f"{index}.k"]))
            layer.self_attn.v_proj.weight.copy_(drawn[f"{index}.v"])
            layer.self_attn.o_proj.weight.copy_(drawn[f"{index}.o"])
            layer.mlp.gate_proj.weight.copy_(drawn[f"{index}.gate"])
            layer.mlp.up_proj.weight.copy_(drawn[f"{index}.up"])
            layer.mlp.down_proj.weight.copy_(drawn[f"{index}.down"])
    assert model.lm_head.weight is model.model.embed_tokens.weight
    return model


def draw_matrices(seed: int) -> dict[str, torch.Tensor]:
    """Every matrix from the generator in the published order: torch's own initialization first, N(0, 0.02) second."""
    shapes = {"embedding": (VOCABULARY, WIDTH)}
    for index in range(LAYERS):
        shapes |= {f"{index}.{name}": (WIDTH, WIDTH) for name in "qkvo"}
        shapes |= {f"{index}.{name}": (MLP, WIDTH) for name in ("gate", "up")}
        shapes |= {f"{index}.down": (WIDTH, MLP)}
    shapes["head"] = (VOCABULARY, WIDTH)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, (rows, columns) in shapes.items():
            if name == "embedding":
                torch.nn.Embedding(rows, columns)
            else:
                torch.nn.Linear(columns, rows, bias=False)
        return {name: torch.empty(shape).normal_(0.0, 0.02) for name, shape in shapes.items()}


def halves(matrix: torch.Tensor) -> torch.Tensor:
    """Rows of each head for a rotary embedding that turns dimension i with i + 32 rather than 2i with 2i + 1."""
    reordered = torch.empty_like(matrix)
    head_width = WIDTH // HEADS
    for head in range(HEADS):
        rows = matrix[head * head_width : (head + 1) * head_width]
        reordered[head * head_width : (head + 1) * head_width] = torch.cat([rows[0::2], rows[1::2]])
    return reordered
