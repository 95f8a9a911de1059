"""Start the Triton programs for numbers in two parts on tensors."""

import torch
import triton
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

from workers.stack.split_kernels import Split
from workers.stack.triton_parts import bound_kernel, multiply_kernel, split_kernel

__all__ = ["bound", "multiply", "new_split", "split_into"]

# Shapes: see workers/stack/split_kernels.py.

_VALUES_PER_PROGRAM = 1_024
_BLOCKS_OF_A_BOUND = 8
# The fastest of six on an H100 over the products of the published study, with two sums of a tile in registers.
_ROWS_PER_TILE, _COLUMNS_PER_TILE, _TERMS_PER_TURN = 128, 64, 32
_TILES_PER_GROUP, _STAGES, _WARPS = 8, 4, 4
_VALUES_OF_16_BYTES = 8  # in fp16


def new_split(num_seeds: int, num_rows: int, num_columns: int, *, like: Tensor) -> Split:
    """Where the parts of such values can lie, on the same device."""
    padded = triton.cdiv(num_columns, _VALUES_OF_16_BYTES) * _VALUES_OF_16_BYTES
    parts_S2RC = like.new_empty(num_seeds, 2, num_rows, padded, dtype=torch.float16)[..., :num_columns]
    return Split(parts_S2RC, like.new_empty(num_seeds))


def bound(values_SRC: Tensor) -> Tensor:
    """The largest magnitude of each seed, whose rows are dense, shape (S,)."""
    num_seeds, num_rows, num_columns = values_SRC.shape
    bound_S = values_SRC.new_zeros(num_seeds)
    num_programs = triton.cdiv(num_rows * num_columns, _VALUES_PER_PROGRAM * _BLOCKS_OF_A_BOUND)
    bound_kernel[(num_programs, num_seeds)](
        values_SRC,
        bound_S.view(torch.int32),
        num_rows * num_columns,
        values_SRC.stride(0),
        block=_VALUES_PER_PROGRAM,
        blocks_per_program=_BLOCKS_OF_A_BOUND,
    )
    return bound_S


def split_into(out: Split, values_SRC: Tensor, *, bound_S: Tensor) -> Split:
    """Fill `out` with the parts of values, of each seed dense rows, whose bound is given."""
    num_seeds, num_rows, num_columns = values_SRC.shape
    split_kernel[(triton.cdiv(num_rows * num_columns, _VALUES_PER_PROGRAM), num_seeds)](
        values_SRC,
        bound_S,
        out.parts,
        out.scale,
        num_columns,
        num_rows * num_columns,
        values_SRC.stride(0),
        out.parts.stride(1),
        out.parts.stride(2),
        block=_VALUES_PER_PROGRAM,
    )
    return out


def multiply(
    left: Split, right: Split, *, are_transposed: tuple[bool, bool], most_terms: int, bound_S: Tensor | None = None
) -> Tensor:
    """See `AbstractSplitKernels.multiply`; each seed's bound of all pieces, of zeros before, is raised where given.

    Returns:
        Shape (S, pieces, rows, columns).
    """
    num_seeds, _, *left_shape = left.parts.shape
    right_shape = right.parts.shape[2:]
    (num_rows, num_terms) = reversed(left_shape) if are_transposed[0] else left_shape
    num_columns = right_shape[0] if are_transposed[1] else right_shape[1]
    num_pieces = triton.cdiv(num_terms, most_terms)
    turns_per_piece = triton.cdiv(triton.cdiv(num_terms, num_pieces), _TERMS_PER_TURN)
    out = left.scale.new_empty(num_seeds, num_pieces, num_rows, num_columns)
    num_tiles = triton.cdiv(num_rows, _ROWS_PER_TILE) * triton.cdiv(num_columns, _COLUMNS_PER_TILE)
    multiply_kernel[(num_tiles, num_seeds * num_pieces)](
        _described(left, is_transposed=are_transposed[0], lines=_ROWS_PER_TILE),
        _described(right, is_transposed=not are_transposed[1], lines=_COLUMNS_PER_TILE),
        left.scale,
        right.scale,
        out,
        None if bound_S is None else bound_S.view(torch.int32),
        num_rows,
        num_columns,
        num_pieces,
        turns_per_piece * _TERMS_PER_TURN,
        is_left_transposed=are_transposed[0],
        is_right_transposed=are_transposed[1],
        has_bounds=bound_S is not None,
        rows_per_tile=_ROWS_PER_TILE,
        columns_per_tile=_COLUMNS_PER_TILE,
        terms_per_turn=_TERMS_PER_TURN,
        tiles_per_group=_TILES_PER_GROUP,
        num_stages=_STAGES,
        num_warps=_WARPS,
    )
    return out


def _described(operand: Split, *, is_transposed: bool, lines: int) -> TensorDescriptor:
    """Both planes of each seed, of which a program takes `lines` rows (or columns, where terms are rows) at a time."""
    block = [1, _TERMS_PER_TURN, lines] if is_transposed else [1, lines, _TERMS_PER_TURN]
    return TensorDescriptor.from_tensor(operand.parts.flatten(0, 1), block)
