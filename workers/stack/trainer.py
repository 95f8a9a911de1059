"""Take optimizer steps for all seeds of a stack at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from configs.experiment import ExperimentConfig
from workers.data_order import AbstractWindowOrder
from workers.initial_model import initial_model
from workers.model import parameter_shapes
from workers.stack.blocks import AbstractStackBlocks
from workers.stack.model import StackedLlama, joined_shapes, views_of

__all__ = ["StackSteps", "StackedTrainer"]

_WARM_UP_STEPS = 3  # before a graph is captured, as torch asks for
_MOMENTS = ("exp_avg", "exp_avg_sq")
# With more weights a step lasts long enough to hide its launches, and what is kept for the capture would not fit.
_MOST_CAPTURED_WEIGHTS = 250_000_000


@dataclass(frozen=True, slots=True)
class StackSteps:
    """What some steps in a row showed."""

    loss: NDArray[np.float64]
    """Mean cross entropy before each update in nats per token, shape (num_steps, num_seeds)."""
    grad_norm: NDArray[np.float64]
    """Global norm of each seed's gradient before clipping, same shape."""


@final
class StackedTrainer:
    """Weights, moments and the number of steps of several seeds, on one device.

    Every seed has its own data order, loss, gradient norm and clipping, as if it were trained alone. All that a step
    needs (windows, learning rates) lies on the device beforehand and a counter there says which step it is, so that on
    a GPU a step is one captured graph, and the host only starts it.

    Args:
        config: The experiment as resolved for the condition that all runs share.
        initialization_seeds: Of each run's weights.
        orders: Each run's data order.
        stream: The training stream.
        blocks: What computes.
        device: Where all tensors live.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        *,
        initialization_seeds: Sequence[int],
        orders: Sequence[AbstractWindowOrder],
        stream: NDArray[np.unsignedinteger],
        blocks: AbstractStackBlocks,
        device: torch.device,
    ) -> None:
        self.num_steps = 0
        self.device = device
        self._config = config
        self._shapes = parameter_shapes(config.model)
        self._flat_SP = torch.empty(len(initialization_seeds), config.model.num_parameters, device=device)
        for index, seed in enumerate(initialization_seeds):
            self._take_weights(dict(initial_model(config.model, seed=seed).named_parameters()), index=index)
        self._moments = {name: torch.zeros_like(self._flat_SP) for name in _MOMENTS}
        self._joined_shapes = joined_shapes(self._shapes)
        views = views_of(self._flat_SP, self._joined_shapes)
        self._weights = {name: view.requires_grad_() for name, view in views.items()}
        self._model = StackedLlama(config.model, weights=self._weights, blocks=blocks)
        self._stream = torch.from_numpy(stream.astype(np.int64)).to(device)
        self._tables = _StepTables(config, orders=orders, device=device)
        at_once = config.placement.tokens_at_once
        self._windows_at_once = None if at_once is None else max(1, at_once // config.model.context_length)
        self._graph: torch.cuda.CUDAGraph | None = None

    @property
    def num_seeds(self) -> int:
        """Seeds in the stack."""
        return len(self._flat_SP)

    @property
    def tokens_per_step(self) -> int:
        """Training tokens of one seed in one step."""
        return self._config.schedule.tokens_per_step

    def take_steps(self, num_steps: int) -> StackSteps:
        """Take steps and wait until they are done."""
        first = self.num_steps
        for _ in range(num_steps):
            self._start_step()
        self.num_steps += num_steps
        shown = self._tables.shown_X2S[first : self.num_steps].double().cpu().numpy()
        return StackSteps(loss=shown[:, 0], grad_norm=shown[:, 1])

    def weights_of(self, index: int) -> dict[str, Tensor]:
        """One seed's weights on the CPU, under the names of `Llama.named_parameters`."""
        return self._of_seed(self._flat_SP, index)

    def device_weights_of(self, index: int) -> dict[str, Tensor]:
        """One seed's weights where they are trained: not copied, to be read at once."""
        flat_1P = self._flat_SP.detach()[index : index + 1]
        return {name: view[0] for name, view in views_of(flat_1P, self._shapes).items()}

    def optimizer_tensors_of(self, index: int) -> dict[str, Tensor]:
        """One seed's moments on the CPU, as `Trainer.optimizer_tensors` names them; empty before a step."""
        if not self.num_steps:
            return {}
        return {
            f"{moment}.{name}": tensor
            for moment, flat_SP in self._moments.items()
            for name, tensor in self._of_seed(flat_SP, index).items()
        }

    def restore(
        self, *, weights: Sequence[Mapping[str, Tensor]], optimizers: Sequence[Mapping[str, Tensor]], num_steps: int
    ) -> None:
        """Go on as if `num_steps` steps had just been taken here; one state for each seed, in the stack's order."""
        for index, state in enumerate(weights):
            self._take_weights(state, index=index)
        for moment, flat_SP in self._moments.items():
            flat_SP.zero_()
            for index, state in enumerate(optimizers if num_steps else ()):
                flat_SP[index] = self._flattened({name: state[f"{moment}.{name}"] for name in self._shapes})
        self.go_to(num_steps)

    def go_to(self, num_steps: int) -> None:
        """Count from `num_steps` on, with weights and moments as they are."""
        self.num_steps = num_steps
        self._tables.counter.fill_(num_steps)

    def _start_step(self) -> None:
        if self.device.type != "cuda" or self._flat_SP.numel() > _MOST_CAPTURED_WEIGHTS:
            self._step()
            return
        if self._graph is None:
            self._graph = self._captured_step()
        self._graph.replay()

    def _captured_step(self) -> torch.cuda.CUDAGraph:
        # The steps that warm up are taken back.
        kept = {flat: flat.clone() for flat in (self._flat_SP, *self._moments.values(), self._tables.counter)}
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP_STEPS):
                self._tables.counter.copy_(kept[self._tables.counter])
                self._step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step()
        for tensor, before in kept.items():
            tensor.detach().copy_(before)
        return graph

    def _step(self) -> None:
        tables = self._tables
        windows_SBX = self._stream[tables.window_indices()]
        losses_S, gradient_SP = self._losses_and_gradient(windows_SBX)
        with torch.no_grad():
            norms_S = torch.linalg.vector_norm(gradient_SP, dim=1)
            # As torch.nn.utils.clip_grad_norm_.
            shrink_S = (self._config.optimization.clip_norm / (norms_S + 1e-6)).clamp(max=1.0)
            gradient_SP *= shrink_S[:, None]
            self._update(gradient_SP)
            tables.note(losses_S, norms_S)

    def _losses_and_gradient(self, windows_SBX: Tensor) -> tuple[Tensor, Tensor]:
        """Of the whole step; the gradients of its parts add up, so that the activations of one part exist at a time."""
        parts = windows_SBX.split(self._windows_at_once or windows_SBX.shape[1], dim=1)
        losses_S, gradients = self._of_part(parts[0], num_windows=windows_SBX.shape[1])
        with torch.no_grad():
            gradient_SP = torch.cat([gradient.flatten(1) for gradient in gradients], dim=1)
        for part in parts[1:]:
            del gradients  # before the next ones are made
            more_S, gradients = self._of_part(part, num_windows=windows_SBX.shape[1])
            losses_S = losses_S + more_S
            for view, gradient in zip(views_of(gradient_SP, self._joined_shapes).values(), gradients, strict=True):
                view += gradient
        return losses_S, gradient_SP

    def _of_part(self, windows_SBX: Tensor, *, num_windows: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What some of a step's windows add to the mean loss of each seed, and to its gradients."""
        losses_S = self._model.mean_losses(windows_SBX[..., :-1], windows_SBX[..., 1:])
        if windows_SBX.shape[1] < num_windows:
            losses_S = losses_S * (windows_SBX.shape[1] / num_windows)
        return losses_S.detach(), torch.autograd.grad(losses_S.sum(), list(self._weights.values()))

    def _update(self, gradient_SP: Tensor) -> None:
        settings = self._config.optimization
        self._tables.count_step()
        torch._fused_adamw_(
            [self._flat_SP],
            [gradient_SP],
            [self._moments["exp_avg"]],
            [self._moments["exp_avg_sq"]],
            [],
            [self._tables.steps_taken],
            lr=self._tables.rate(),
            beta1=settings.betas[0],
            beta2=settings.betas[1],
            weight_decay=settings.weight_decay,
            eps=settings.epsilon,
            amsgrad=False,
            maximize=False,
        )

    def _of_seed(self, flat_SP: Tensor, index: int) -> dict[str, Tensor]:
        on_cpu = views_of(flat_SP.detach()[index : index + 1].cpu(), self._shapes)
        return {name: view[0].contiguous() for name, view in on_cpu.items()}

    def _take_weights(self, state: Mapping[str, Tensor], *, index: int) -> None:
        with torch.no_grad():
            for name, tensor in self.device_weights_of(index).items():
                tensor.copy_(state[name])

    def _flattened(self, state: Mapping[str, Tensor]) -> Tensor:
        return torch.cat([state[name].flatten() for name in self._shapes]).to(self.device)


@final
class _StepTables:
    """What each step reads and shows, on the device; X stands for all steps of a run."""

    def __init__(
        self, config: ExperimentConfig, *, orders: Sequence[AbstractWindowOrder], device: torch.device
    ) -> None:
        num_steps, schedule = config.schedule.num_steps, config.schedule
        starts = [np.stack([order.starts(step) for order in orders]) for step in range(num_steps)]
        rates = [config.optimization.rate_at(step * schedule.tokens_per_step) for step in range(num_steps)]
        self._starts_XSB = torch.from_numpy(np.stack(starts)).to(device)
        self._rates_X = torch.tensor(rates, dtype=torch.float32, device=device)
        self._offsets_T = torch.arange(config.model.context_length + 1, device=device)
        self.shown_X2S = torch.zeros(num_steps, 2, len(orders), device=device)
        self.counter = torch.zeros(1, dtype=torch.int64, device=device)
        """Steps that were begun before the current one."""
        self.steps_taken = torch.zeros((), device=device)
        """The same number plus one, as the optimizer wants it."""

    def window_indices(self) -> Tensor:
        """Positions in the stream of this step's inputs and targets, shape (S, B, T + 1)."""
        return self._starts_XSB.index_select(0, self.counter)[0, :, :, None] + self._offsets_T

    def rate(self) -> Tensor:
        """This step's learning rate."""
        return self._rates_X.index_select(0, self.counter)[0]

    def count_step(self) -> None:
        """Bring the optimizer's number up to date."""
        self.steps_taken.copy_(self.counter[0] + 1)

    def note(self, losses_S: Tensor, norms_S: Tensor) -> None:
        """Keep what this step showed, and make the next step the current one."""
        self.shown_X2S.index_copy_(0, self.counter, torch.stack([losses_S, norms_S])[None])
        self.counter += 1
