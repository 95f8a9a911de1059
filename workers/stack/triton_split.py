"""Split products, and what is split for them, on a GPU through Triton."""

from typing import final

from torch import Tensor

from workers.stack import triton_launches, triton_part_launches
from workers.stack.split_kernels import AbstractSplitKernels, Split

__all__ = ["TritonSplitKernels"]


@final
class TritonSplitKernels(AbstractSplitKernels):
    """Each pass goes over memory once; bounds that would take another one are estimated from those of what went in."""

    def split(self, values_SRC: Tensor, *, bound_S: Tensor | None = None) -> Split:
        """See the base class."""
        dense_SRC = values_SRC if values_SRC[0].is_contiguous() else values_SRC.contiguous()
        known_S = triton_part_launches.bound(dense_SRC) if bound_S is None else bound_S
        out = triton_part_launches.new_split(*dense_SRC.shape, like=dense_SRC)
        return triton_part_launches.split_into(out, dense_SRC, bound_S=known_S)

    def multiply(self, left: Split, right: Split, *, are_transposed: tuple[bool, bool], most_terms: int) -> Tensor:
        """See the base class."""
        pieces = triton_part_launches.multiply(left, right, are_transposed=are_transposed, most_terms=most_terms)
        return _sum(pieces)

    def multiply_bounded(
        self, left: Split, right: Split, *, are_transposed: tuple[bool, bool], most_terms: int
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        bound_S = left.scale.new_zeros(left.scale.shape)
        pieces = triton_part_launches.multiply(
            left, right, are_transposed=are_transposed, most_terms=most_terms, bound_S=bound_S
        )
        return _sum(pieces), bound_S * pieces.shape[1] if pieces.shape[1] > 1 else bound_S

    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Split, Tensor]:
        """See the base class."""
        normed = triton_part_launches.new_split(*stream_SND.shape, like=stream_SND)
        added_SND, inverse_rms_SN = triton_launches.add_rms_norm(
            stream_SND, addition_SND, gain_SD, epsilon=epsilon, out=normed
        )
        return added_SND, normed, inverse_rms_SN

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
        return triton_launches.add_rms_norm_gradients(of_added_SND, of_normed_SND, added_SND, gain_SD, inverse_rms_SN)

    def rotate(self, qkv_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        return triton_launches.rotate(qkv_SNO, rotary=rotary, num_values=num_values, direction=1.0, out=qkv_SNO)

    def rotate_backward(self, of_rotated_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Split:
        """See the base class."""
        dense_SNO = of_rotated_SNO.contiguous()
        return triton_launches.rotate(
            dense_SNO,
            rotary=rotary,
            num_values=num_values,
            direction=-1.0,
            out=triton_part_launches.new_split(*dense_SNO.shape, like=dense_SNO),
            bound_S=triton_part_launches.bound(dense_SNO),
        )

    def swiglu(self, gate_up_SNM: Tensor, *, bound_S: Tensor) -> Split:
        """See the base class."""
        num_seeds, num_rows, both_widths = gate_up_SNM.shape
        out = triton_part_launches.new_split(num_seeds, num_rows, both_widths // 2, like=gate_up_SNM)
        return triton_launches.swiglu(gate_up_SNM, out=out, bound_S=bound_S)

    def swiglu_backward(
        self, of_hidden_SNM: Tensor, gate_up_SNM: Tensor, *, of_hidden_bound_S: Tensor, bound_S: Tensor
    ) -> Split:
        """See the base class."""
        return triton_launches.swiglu_gradient(
            of_hidden_SNM,
            gate_up_SNM,
            out=triton_part_launches.new_split(*gate_up_SNM.shape, like=gate_up_SNM),
            of_hidden_bound_S=of_hidden_bound_S,
            bound_S=bound_S,
        )

    def cross_entropy(self, logits_SNV: Tensor, targets_SN: Tensor) -> tuple[Tensor, Tensor]:
        """See the base class."""
        return triton_launches.cross_entropy(logits_SNV, targets_SN)

    def cross_entropy_backward(
        self, of_losses_S: Tensor, *, logits_SNV: Tensor, targets_SN: Tensor, log_sums_SN: Tensor
    ) -> Split:
        """See the base class."""
        return triton_launches.cross_entropy_gradient(
            of_losses_S,
            logits_SNV=logits_SNV,
            targets_SN=targets_SN,
            log_sums_SN=log_sums_SN,
            out=triton_part_launches.new_split(*logits_SNV.shape, like=logits_SNV),
        )


def _sum(pieces: Tensor) -> Tensor:
    return pieces[:, 0] if pieces.shape[1] == 1 else pieces.sum(dim=1)
