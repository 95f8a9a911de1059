"""fp32 products on a GPU's matrix units, from operands in two fp16 parts, and the passes that write such operands."""

from abc import ABC, abstractmethod
from typing import NamedTuple, final

import torch
from torch import Tensor
from torch.nn import functional

from workers.stack.passes import rotated

__all__ = ["AbstractSplitKernels", "Split", "TorchSplitKernels"]

# Shapes: see workers/stack/passes.py. R rows and C columns of any operand; two parts of each value.


class Split(NamedTuple):
    """Numbers as scaled sums of a high and a low part, of 11 bits of mantissa each.

    A power of two for each seed brings its numbers below 2^15, so that fp16 neither overflows nor loses what counts: a
    number has an error of 2^-24 of itself or of 2^-40 of what the scale was made for, whichever is larger. Of a product
    of two, the product of both low parts is left out, which is 2^-24 of the whole.

    Source: Ootomo, Yokota 2022, arXiv:2203.03341; there the low parts have a scale of their own.
    """

    parts: Tensor
    """fp16, shape (S, 2, R, C), high parts first. On a GPU rows begin at multiples of 16 bytes."""
    scale: Tensor
    """fp32, shape (S,)."""


class AbstractSplitKernels(ABC):
    """Products of split operands, and forward and backward passes whose results are such operands.

    A bound, of shape (S,), is at least the largest magnitude of a seed's values.
    """

    @abstractmethod
    def split(self, values_SRC: Tensor, *, bound_S: Tensor | None = None) -> Split:
        """Any values in fp32; the bound is found where none is given."""

    @abstractmethod
    def multiply(self, left: Split, right: Split, *, are_transposed: tuple[bool, bool], most_terms: int) -> Tensor:
        """Each seed's product in fp32, shape (S, rows, columns).

        Args:
            left: Of shape (rows, terms), or (terms, rows) where it is transposed.
            right: Of shape (terms, columns), or (columns, terms).
            are_transposed: Whether the left and the right one are.
            most_terms: In one sum of a matrix unit, which drops what lies below the last bit at every addition; longer
                sums are cut in pieces that are added in fp32.
        """

    @abstractmethod
    def multiply_bounded(
        self, left: Split, right: Split, *, are_transposed: tuple[bool, bool], most_terms: int
    ) -> tuple[Tensor, Tensor]:
        """The same, and a bound of it."""

    @abstractmethod
    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Split, Tensor]:
        """The sum, its normalized rows, and one over the root mean squares, shape (S, N)."""

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
    def rotate_backward(self, of_rotated_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Split:
        """The gradient of queries, keys and values."""

    @abstractmethod
    def swiglu(self, gate_up_SNM: Tensor, *, bound_S: Tensor) -> Split:
        """silu(gate) * up, M of them in a row, of rows of M gates and M ups, whose bound is given."""

    @abstractmethod
    def swiglu_backward(
        self, of_hidden_SNM: Tensor, gate_up_SNM: Tensor, *, of_hidden_bound_S: Tensor, bound_S: Tensor
    ) -> Split:
        """The gradient of gates and ups; of both arguments the bounds are given."""

    @abstractmethod
    def cross_entropy(self, logits_SNV: Tensor, targets_SN: Tensor) -> tuple[Tensor, Tensor]:
        """Each seed's mean loss in nats, shape (S,), and the log of each row's sum of exponentials, shape (S, N)."""

    @abstractmethod
    def cross_entropy_backward(
        self, of_losses_S: Tensor, *, logits_SNV: Tensor, targets_SN: Tensor, log_sums_SN: Tensor
    ) -> Split:
        """The gradient of the logits."""


@final
class TorchSplitKernels(AbstractSplitKernels):
    """Plain torch, on any device."""

    def split(self, values_SRC: Tensor, *, bound_S: Tensor | None = None) -> Split:
        """See the base class."""
        scale_S = _scale(_largest(values_SRC) if bound_S is None else bound_S)
        scaled_SRC = values_SRC * scale_S[:, None, None]
        high_SRC = scaled_SRC.half()
        return Split(torch.stack([high_SRC, (scaled_SRC - high_SRC.float()).half()], dim=1), scale_S)

    def multiply(self, left: Split, right: Split, *, are_transposed: tuple[bool, bool], most_terms: int) -> Tensor:
        """See the base class."""
        left_parts, right_parts = (
            (operand.parts.mT if is_transposed else operand.parts).float()
            for operand, is_transposed in zip((left, right), are_transposed, strict=True)
        )
        pieces = zip(left_parts.split(most_terms, dim=3), right_parts.split(most_terms, dim=2), strict=True)
        total = torch.stack([_product(*piece) for piece in pieces]).sum(dim=0)
        return total / left.scale[:, None, None] / right.scale[:, None, None]

    def multiply_bounded(
        self, left: Split, right: Split, *, are_transposed: tuple[bool, bool], most_terms: int
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        out = self.multiply(left, right, are_transposed=are_transposed, most_terms=most_terms)
        return out, _largest(out)

    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Split, Tensor]:
        """See the base class."""
        added_SND = stream_SND if addition_SND is None else stream_SND + addition_SND
        inverse_rms_SN = (added_SND.square().mean(dim=2) + epsilon).rsqrt()
        return added_SND, self.split(added_SND * inverse_rms_SN[..., None] * gain_SD[:, None]), inverse_rms_SN

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

    def rotate_backward(self, of_rotated_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Split:
        """See the base class."""
        return self.split(rotated(of_rotated_SNO, (rotary[0], -rotary[1]), num_values=num_values))

    def swiglu(self, gate_up_SNM: Tensor, *, bound_S: Tensor) -> Split:
        """See the base class."""
        gate_SNM, up_SNM = gate_up_SNM.chunk(2, dim=2)
        return self.split(functional.silu(gate_SNM) * up_SNM, bound_S=bound_S.square())

    def swiglu_backward(
        self, of_hidden_SNM: Tensor, gate_up_SNM: Tensor, *, of_hidden_bound_S: Tensor, bound_S: Tensor
    ) -> Split:
        """See the base class."""
        gate_SNM, up_SNM = gate_up_SNM.chunk(2, dim=2)
        share_SNM = gate_SNM.sigmoid()
        of_gate_SNM = of_hidden_SNM * up_SNM * share_SNM * (1 + gate_SNM * (1 - share_SNM))
        of_gate_up_SNM = torch.cat([of_gate_SNM, of_hidden_SNM * gate_SNM * share_SNM], dim=2)
        return self.split(of_gate_up_SNM, bound_S=1.1 * of_hidden_bound_S * bound_S)  # the slope of silu is below 1.1

    def cross_entropy(self, logits_SNV: Tensor, targets_SN: Tensor) -> tuple[Tensor, Tensor]:
        """See the base class."""
        log_sums_SN = logits_SNV.logsumexp(dim=2)
        of_targets_SN = logits_SNV.gather(2, targets_SN[..., None])[..., 0]
        return (log_sums_SN - of_targets_SN).mean(dim=1), log_sums_SN

    def cross_entropy_backward(
        self, of_losses_S: Tensor, *, logits_SNV: Tensor, targets_SN: Tensor, log_sums_SN: Tensor
    ) -> Split:
        """See the base class."""
        gradient_SNV = (logits_SNV - log_sums_SN[..., None]).exp()
        gradient_SNV.scatter_add_(2, targets_SN[..., None], gradient_SNV.new_full((*targets_SN.shape, 1), -1.0))
        return self.split(gradient_SNV * (of_losses_S / targets_SN.shape[1])[:, None, None])


def _product(left_parts: Tensor, right_parts: Tensor) -> Tensor:
    (left_high, left_low), (right_high, right_low) = left_parts.unbind(1), right_parts.unbind(1)
    return (left_low @ right_high + left_high @ right_low) + left_high @ right_high


def _largest(values_SRC: Tensor) -> Tensor:
    return values_SRC.abs().amax(dim=(1, 2))


def _scale(bound_S: Tensor) -> Tensor:
    """The power of two that brings magnitudes up to a bound below 2^15; NaN where the bound is not finite."""
    exponent_S = bound_S.frexp().exponent.clamp(-99, 101)  # bound < 2^exponent
    return torch.where(bound_S.isfinite(), torch.ldexp(torch.ones_like(bound_S), 15 - exponent_S), torch.nan)
