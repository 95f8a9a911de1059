"""Take one optimizer step after another."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from configs.errors import NonFiniteLossError
from configs.optimization import OptimizationConfig
from workers.data_order import AbstractWindowOrder
from workers.model import Llama
from workers.windows import cut_windows

__all__ = ["StepResult", "Trainer"]

_MOST_TOKENS_AT_ONCE = 1_024  # bounds the activations: 70 MB for the published study's model
_MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step showed."""

    loss: float
    """Mean cross entropy over the step's tokens before the update, in nats per token."""
    grad_norm: float
    """Global norm of the gradient before clipping."""
    learning_rate: float


@final
class Trainer:
    """The state that training changes: weights, optimizer moments and the number of steps taken.

    Args:
        model: With its initial weights.
        stream: The training stream.
        order: In which windows of it are read.
        optimization: How weights are updated.
        tokens_at_once: Most tokens whose activations exist at a time; None is 1,024.
    """

    def __init__(
        self,
        model: Llama,
        *,
        stream: NDArray[np.unsignedinteger],
        order: AbstractWindowOrder,
        optimization: OptimizationConfig,
        tokens_at_once: int | None = None,
    ) -> None:
        self.model = model
        self.num_steps = 0
        self._stream = stream
        self._order = order
        self._optimization = optimization
        self._tokens_at_once = tokens_at_once or _MOST_TOKENS_AT_ONCE
        self._last_loss: float | None = None
        self._optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=optimization.learning_rate,
            betas=optimization.betas,
            eps=optimization.epsilon,
            weight_decay=optimization.weight_decay,
            fused=True,
        )

    @property
    def tokens_per_step(self) -> int:
        """Training tokens in one step."""
        return self._order.windows_per_step * self._order.context_length

    def take_step(self) -> StepResult:
        """Read the next windows and update the weights once.

        Raises:
            NonFiniteLossError: If the loss or the gradient norm is not finite; the weights are then as before the step.
        """
        learning_rate = self._optimization.rate_at(self.num_steps * self.tokens_per_step)
        inputs, targets = cut_windows(
            self._stream, starts=self._order.starts(self.num_steps), context_length=self._order.context_length
        )
        self._optimizer.zero_grad(set_to_none=True)
        loss = self._accumulate_gradients(inputs, targets)
        gradients = [parameter.grad for parameter in self.model.parameters() if parameter.grad is not None]
        grad_norm = torch.nn.utils.get_total_norm(gradients)
        result = StepResult(loss=loss, grad_norm=grad_norm.item(), learning_rate=learning_rate)
        self._require_finite(result)
        # As torch.nn.utils.clip_grad_norm_, but for the product with 1 where nothing is clipped.
        if result.grad_norm + 1e-6 > self._optimization.clip_norm:
            torch.nn.utils.clip_grads_with_norm_(
                self.model.parameters(), max_norm=self._optimization.clip_norm, total_norm=grad_norm
            )
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()
        self.num_steps += 1
        self._last_loss = result.loss
        return result

    def _accumulate_gradients(self, inputs_BT: Tensor, targets_BT: Tensor) -> float:
        """The mean loss; the gradients of its parts add up, so that the activations of one part exist at a time."""
        num_windows = max(1, self._tokens_at_once // inputs_BT.shape[1])
        loss = 0.0
        for inputs, targets in zip(inputs_BT.split(num_windows), targets_BT.split(num_windows), strict=True):
            part = self.model.mean_loss(inputs, targets, out_of=inputs_BT.numel())
            part.backward()
            loss += part.item()
        return loss

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """Both moments of every parameter, as `exp_avg.PARAMETER` and `exp_avg_sq.PARAMETER`; empty before a step."""
        state = self._optimizer.state
        return {
            f"{moment}.{name}": state[parameter][moment]
            for name, parameter in self.model.named_parameters()
            if parameter in state
            for moment in _MOMENTS
        }

    def restore(self, *, weights: Mapping[str, Tensor], optimizer: Mapping[str, Tensor], num_steps: int) -> None:
        """Go on as if `num_steps` steps had just been taken here.

        Args:
            weights: State of the model, under the names of `Llama.named_parameters`.
            optimizer: What `optimizer_tensors` gave.
            num_steps: Steps taken when both were saved.
        """
        self._optimizer.state.clear()
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(weights[name])
                if num_steps:
                    self._optimizer.state[parameter] = {
                        "step": torch.tensor(float(num_steps)),
                        **{moment: optimizer[f"{moment}.{name}"].clone() for moment in _MOMENTS},
                    }
        self.num_steps = num_steps

    def _require_finite(self, result: StepResult) -> None:
        if math.isfinite(result.loss) and math.isfinite(result.grad_norm):
            return
        last = "no finite one came before" if self._last_loss is None else f"the last finite loss was {self._last_loss}"
        raise NonFiniteLossError(
            f"step {self.num_steps + 1} gave loss={result.loss} and gradient norm={result.grad_norm}; {last}. "
            "Lower optimization.learning_rate or lengthen optimization.warmup_tokens."
        )
