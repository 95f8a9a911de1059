"""Continue stories by a mixture of what a small and a large model predict.

Source: Xia et al. 2023, arXiv:2212.09803, section 4: p' = l_small p_small + l_large p_large in the space of
probabilities, negative values set to zero and the rest made to sum to one again.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from workers.probes.model import ProbeModel

__all__ = [
    "DECODERS",
    "MIXTURES",
    "NUM_NEW",
    "NUM_PROMPT",
    "Continuation",
    "continue_texts",
    "mixture_names",
    "normalized",
]

# B texts, V rows of the head.

MIXTURES = {
    "small-minus-large": (1.0, -1.0),
    "small": (1.0, 0.0),
    "small-plus-large": (1.0, 1.0),
    "large": (0.0, 1.0),
    "large-minus-small": (-1.0, 1.0),
}
"""Weights of the small and of the large model."""
DECODERS = ("greedy", "nucleus")
NUCLEUS = 0.9  # Xia et al. 2023, section 4
NUM_PROMPT = 5
NUM_NEW = 50
DECODING_SEED = 20_221_219  # Any fixed number would do; changing it changes every sampled text.


@dataclass(frozen=True, eq=False, slots=True)
class Continuation:
    """What one mixture wrote."""

    tokens: NDArray[np.int64]
    """New tokens, shape (num_texts, num_new)."""
    num_empty: int
    """Predictions in which no token was left above zero, so that all were equally likely."""


def mixture_names() -> tuple[str, ...]:
    """Every mixture with every decoder, in the order in which they are written."""
    return tuple(f"{mixture}/{decoder}" for mixture in MIXTURES for decoder in DECODERS)


def continue_texts(
    small: "ProbeModel",
    large: "ProbeModel",
    *,
    prompts: NDArray[np.int64],
    num_new: int,
    num_types: int,
    end_id: int,
    name: str,
) -> Continuation:
    """Write `num_new` tokens after every prompt; a text never ends before, as its end token is never taken.

    Args:
        small: The model that weighs `MIXTURES[...][0]`.
        large: The other; same tokenizer.
        prompts: Shape (num_texts, num_prompt).
        num_new: Tokens to write.
        num_types: Token ids that can occur; further rows of a head are padding.
        end_id: The token that ends a text.
        name: One of `mixture_names()`.
    """
    mixture, decoder = name.split("/")
    generator = torch.Generator().manual_seed(DECODING_SEED)
    tokens_BT, num_empty = torch.from_numpy(prompts), 0
    for _ in range(num_new):
        predictions = [
            weight * _next_token(model, tokens_BT, num_types=num_types, end_id=end_id)
            for model, weight in zip((small, large), MIXTURES[mixture], strict=True)
            if weight
        ]
        mixed_BV, num_empty_rows = normalized(torch.stack(predictions).sum(0))
        mixed_BV[:, end_id] = 0  # a row without any token left is uniform over all of them
        new_B = mixed_BV.argmax(1) if decoder == "greedy" else _draw_from_nucleus(mixed_BV, generator=generator)
        tokens_BT = torch.cat([tokens_BT, new_B[:, None]], dim=1)
        num_empty += num_empty_rows
    return Continuation(tokens=tokens_BT[:, prompts.shape[1] :].numpy(), num_empty=num_empty)


def normalized(mixed_BV: Tensor) -> tuple[Tensor, int]:
    """Set negative values to zero and make each row sum to one; and the number of rows that had nothing above zero.

    Such a row, which the difference of two equal distributions gives, becomes uniform.
    """
    positive_BV = mixed_BV.clamp_min(0)
    total_B1 = positive_BV.sum(1, keepdim=True)
    is_empty_B1 = total_B1 == 0
    uniform_BV = torch.full_like(positive_BV, 1 / positive_BV.shape[1])
    return torch.where(is_empty_B1, uniform_BV, positive_BV / total_B1), int(is_empty_B1.sum())


def _next_token(model: "ProbeModel", tokens_BT: Tensor, *, num_types: int, end_id: int) -> Tensor:
    logits_BV = model.logits(tokens_BT)[:, -1, :num_types].double()
    logits_BV[:, end_id] = -torch.inf
    return logits_BV.softmax(1)


def _draw_from_nucleus(mixed_BV: Tensor, *, generator: torch.Generator) -> Tensor:
    """Draw from the fewest most likely tokens that together reach `NUCLEUS`."""
    sorted_BV, order_BV = mixed_BV.sort(1, descending=True)
    before_BV = sorted_BV.cumsum(1) - sorted_BV
    sorted_BV[before_BV >= NUCLEUS] = 0
    drawn_B1 = torch.multinomial(sorted_BV, 1, generator=generator)
    return order_BV.gather(1, drawn_B1)[:, 0]
