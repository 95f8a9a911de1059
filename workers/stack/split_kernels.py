"""The passes around split products: what they write is split already, without an fp32 copy in between."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor
from torch.nn import functional

from workers.stack.passes import rotated
from workers.stack.split_linear import split

__all__ = ["AbstractSplitKernels", "TorchSplitKernels"]

# Shapes: see workers/stack/passes.py and workers/stack/split_linear.py.


class AbstractSplitKernels(ABC):
    """Forward and backward passes whose results are the operands of split products."""

    @abstractmethod
    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The sum, its normalized rows for the left, shape (S, N, P, D), and one over the root mean squares, (S, N)."""

    @abstractmethod
    def add_rms_norm_backward(
        self,
        of_added_SND: Tensor | None,
        of_normed_SND: Tensor,
        *,
        added_SND: Tensor,
        gain_SD: Tensor,
        inverse_rms_SN: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Gradients of the sum and of the gain, in fp32."""

    @abstractmethod
    def rotate(self, qkv_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """Queries and keys rotated by their angles, in fp32; may overwrite."""

    @abstractmethod
    def rotate_backward(self, of_rotated_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """The gradient of queries, keys and values for the right, shape (S, N, P, O)."""

    @abstractmethod
    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """silu(gate) * up for the left, shape (S, N, P, M), of rows of M gates and M ups."""

    @abstractmethod
    def swiglu_backward(self, of_hidden_SNM: Tensor, gate_up_SNM: Tensor) -> Tensor:
        """The gradient of gates and ups for the right, shape (S, N, P, 2 M)."""

    @abstractmethod
    def cross_entropy(self, logits_SNV: Tensor, targets_SN: Tensor) -> tuple[Tensor, Tensor]:
        """Each seed's mean loss in nats, shape (S,), and the log of each row's sum of exponentials, shape (S, N)."""

    @abstractmethod
    def cross_entropy_backward(
        self, of_losses_S: Tensor, *, logits_SNV: Tensor, targets_SN: Tensor, log_sums_SN: Tensor
    ) -> Tensor:
        """The gradient of the logits for the right, shape (S, N, P, V)."""


@final
class TorchSplitKernels(AbstractSplitKernels):
    """Plain torch, on any device."""

    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See the base class."""
        added_SND = stream_SND if addition_SND is None else stream_SND + addition_SND
        inverse_rms_SN = (added_SND.square().mean(dim=2) + epsilon).rsqrt()
        normed_SND = added_SND * inverse_rms_SN[..., None] * gain_SD[:, None]
        return added_SND, split(normed_SND, is_left=True), inverse_rms_SN

    def add_rms_norm_backward(
        self,
        of_added_SND: Tensor | None,
        of_normed_SND: Tensor,
        *,
        added_SND: Tensor,
        gain_SD: Tensor,
        inverse_rms_SN: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        scaled_SND = added_SND * inverse_rms_SN[..., None]
        of_scaled_SND = of_normed_SND * gain_SD[:, None]
        pull_SN = (of_scaled_SND * scaled_SND).mean(dim=2)
        of_stream_SND = (of_scaled_SND - scaled_SND * pull_SN[..., None]) * inverse_rms_SN[..., None]
        if of_added_SND is not None:
            of_stream_SND = of_stream_SND + of_added_SND
        return of_stream_SND, (of_normed_SND * scaled_SND).sum(dim=1)

    def rotate(self, qkv_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        return rotated(qkv_SNO, rotary, num_values=num_values)

    def rotate_backward(self, of_rotated_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        back = (rotary[0], -rotary[1])
        return split(rotated(of_rotated_SNO, back, num_values=num_values), is_left=False)

    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        gate_SNM, up_SNM = gate_up_SNM.chunk(2, dim=2)
        return split(functional.silu(gate_SNM) * up_SNM, is_left=True)

    def swiglu_backward(self, of_hidden_SNM: Tensor, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        gate_SNM, up_SNM = gate_up_SNM.chunk(2, dim=2)
        share_SNM = gate_SNM.sigmoid()
        of_gate_SNM = of_hidden_SNM * up_SNM * share_SNM * (1 + gate_SNM * (1 - share_SNM))
        return split(torch.cat([of_gate_SNM, of_hidden_SNM * gate_SNM * share_SNM], dim=2), is_left=False)

    def cross_entropy(self, logits_SNV: Tensor, targets_SN: Tensor) -> tuple[Tensor, Tensor]:
        """See the base class."""
        log_sums_SN = logits_SNV.logsumexp(dim=2)
        of_targets_SN = logits_SNV.gather(2, targets_SN[..., None])[..., 0]
        return (log_sums_SN - of_targets_SN).mean(dim=1), log_sums_SN

    def cross_entropy_backward(
        self, of_losses_S: Tensor, *, logits_SNV: Tensor, targets_SN: Tensor, log_sums_SN: Tensor
    ) -> Tensor:
        """See the base class."""
        gradient_SNV = (logits_SNV - log_sums_SN[..., None]).exp()
        gradient_SNV.scatter_add_(2, targets_SN[..., None], gradient_SNV.new_full((*targets_SN.shape, 1), -1.0))
        return split(gradient_SNV * (of_losses_S / targets_SN.shape[1])[:, None, None], is_left=False)
