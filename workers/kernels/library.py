"""Call the compiled kernels on torch tensors."""

import ctypes
from pathlib import Path
from typing import final

import torch
from torch import Tensor

__all__ = ["KernelLibrary"]


@final
class KernelLibrary:
    """The functions of `kernels.c`; every tensor is dense, fp32 and on the CPU, and threads are torch's.

    torch is imported first, so that the library shares its OpenMP runtime instead of bringing a second pool of threads.

    Args:
        file: What `build_kernels` gave.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._library = ctypes.CDLL(str(file))

    def __reduce__(self) -> tuple[type["KernelLibrary"], tuple[Path]]:
        return KernelLibrary, (self.file,)

    def transposed(self, matrix: Tensor) -> Tensor:
        """The transpose, dense by rows."""
        num_rows, num_columns = matrix.shape
        transpose = matrix.new_empty(num_columns, num_rows)
        self._library.transpose(
            *_pointers(matrix.contiguous(), transpose), *_sizes(num_rows, num_columns), torch.get_num_threads()
        )
        return transpose

    def add_rms_norm(
        self, stream_ND: Tensor, addition_ND: Tensor | None, gain_D: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The sum, its normalized rows, and one over the rows' root mean square, shape (N,)."""
        num_rows, width = stream_ND.shape
        added_ND = stream_ND if addition_ND is None else torch.empty_like(stream_ND)
        normed_ND, inverse_rms_N = torch.empty_like(stream_ND), stream_ND.new_empty(num_rows)
        self._library.add_rms_norm(
            *_pointers(stream_ND, addition_ND, gain_D, added_ND, normed_ND, inverse_rms_N),
            *_sizes(num_rows, width),
            ctypes.c_float(epsilon),
            torch.get_num_threads(),
        )
        return added_ND, normed_ND, inverse_rms_N

    def add_rms_norm_backward(
        self,
        added_gradient_ND: Tensor | None,
        normed_gradient_ND: Tensor,
        added_ND: Tensor,
        gain_D: Tensor,
        inverse_rms_N: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Gradients of the stream (which are those of the addition, too) and of the gain."""
        num_rows, width = added_ND.shape
        num_threads = torch.get_num_threads()
        stream_gradient_ND = torch.empty_like(added_ND)
        gain_gradients = added_ND.new_empty(num_threads, width)
        self._library.add_rms_norm_backward(
            *_pointers(added_gradient_ND, normed_gradient_ND, added_ND, gain_D, inverse_rms_N),
            *_pointers(stream_gradient_ND, gain_gradients),
            *_sizes(num_rows, width),
            num_threads,
        )
        return stream_gradient_ND, gain_gradients[0] if num_threads == 1 else gain_gradients.sum(0)

    def swiglu(self, gate_up_NM: Tensor) -> Tensor:
        """silu(gate) * up, shape (N, M), of rows of M gates and M ups."""
        num_rows, mlp_width = gate_up_NM.shape[0], gate_up_NM.shape[1] // 2
        hidden_NM = gate_up_NM.new_empty(num_rows, mlp_width)
        self._library.swiglu(*_pointers(gate_up_NM, hidden_NM), *_sizes(num_rows, mlp_width), torch.get_num_threads())
        return hidden_NM

    def swiglu_backward(self, hidden_gradient_NM: Tensor, gate_up_NM: Tensor) -> Tensor:
        """The gradient of gates and ups, shape (N, 2 M)."""
        gradient_NM = torch.empty_like(gate_up_NM)
        num_rows, mlp_width = hidden_gradient_NM.shape
        self._library.swiglu_backward(
            *_pointers(hidden_gradient_NM, gate_up_NM, gradient_NM),
            *_sizes(num_rows, mlp_width),
            torch.get_num_threads(),
        )
        return gradient_NM

    def attention(
        self, qkv_ND: Tensor, rotary: tuple[Tensor, Tensor], *, num_windows: int, num_heads: int
    ) -> tuple[Tensor, Tensor]:
        """Mixed values, shape (N, D), and the log of each query's sum of exponentials, shape (B H T,)."""
        num_rows, width = qkv_ND.shape[0], qkv_ND.shape[1] // 3
        output_ND, log_sums = qkv_ND.new_empty(num_rows, width), qkv_ND.new_empty(num_rows * num_heads)
        self._library.attention(
            *_pointers(qkv_ND, *rotary, output_ND, log_sums),
            *_sizes(num_windows, num_rows // num_windows, num_heads, width // num_heads),
            torch.get_num_threads(),
        )
        return output_ND, log_sums

    def attention_backward(
        self,
        output_gradient_ND: Tensor,
        output_ND: Tensor,
        log_sums: Tensor,
        qkv_ND: Tensor,
        rotary: tuple[Tensor, Tensor],
        *,
        num_windows: int,
        num_heads: int,
    ) -> Tensor:
        """The gradient of queries, keys and values, shape (N, 3 D)."""
        gradient_ND = torch.empty_like(qkv_ND)
        num_rows, width = output_ND.shape
        self._library.attention_backward(
            *_pointers(output_gradient_ND, output_ND, log_sums, qkv_ND, *rotary, gradient_ND),
            *_sizes(num_windows, num_rows // num_windows, num_heads, width // num_heads),
            torch.get_num_threads(),
        )
        return gradient_ND

    def cross_entropy_with_gradient(self, logits_NV: Tensor, targets_N: Tensor, *, gradient_scale: float) -> Tensor:
        """Losses in nats, shape (N,); the logits become (softmax - indicator of the target) * `gradient_scale`."""
        losses_N = logits_NV.new_empty(logits_NV.shape[0])
        self._library.cross_entropy_with_gradient(
            *_pointers(logits_NV, targets_N, losses_N),
            *_sizes(*logits_NV.shape),
            ctypes.c_float(gradient_scale),
            torch.get_num_threads(),
        )
        return losses_N


def _pointers(*tensors: Tensor | None) -> list[ctypes.c_void_p]:
    assert all(tensor is None or tensor.is_contiguous() for tensor in tensors)
    return [ctypes.c_void_p(None if tensor is None else tensor.data_ptr()) for tensor in tensors]


def _sizes(*numbers: int) -> list[ctypes.c_long]:
    return [ctypes.c_long(number) for number in numbers]
