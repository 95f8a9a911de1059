"""Triton programs for numbers in two fp16 parts: see workers/stack/split_kernels.py.

What is split lies in planes: for each seed all high parts, then all low parts; `plane` values lie between a high part
and its low part, `stride` between two rows of a plane. A seed's scale is stored by its first program alone.
"""

import triton
import triton.language as tl

__all__ = ["bound_kernel", "multiply_kernel", "part_scale", "split_kernel", "store_parts"]


@triton.jit
def part_scale(bound):
    """The power of two that brings magnitudes up to `bound` below 2^15; NaN where the bound is not finite."""
    bits = bound.to(tl.int32, bitcast=True)
    exponent = tl.minimum(tl.maximum((bits >> 23) - 127, -100), 100)  # bound < 2^(exponent + 1)
    scale = ((14 - exponent + 127) << 23).to(tl.float32, bitcast=True)
    return tl.where(bits >= 0x7F800000, float("nan"), scale)


@triton.jit
def store_parts(parts, plane, value, inside):
    """Store values that are scaled already: what fp16 holds of each, and of what that leaves."""
    high = value.to(tl.float16)
    tl.store(parts, high, inside)
    tl.store(parts + plane, (value - high.to(tl.float32)).to(tl.float16), inside)


@triton.jit
def _magnitude(value):
    """The bits of magnitudes, which as whole numbers are ordered as the magnitudes are, with NaN above all."""
    return tl.abs(value).to(tl.int32, bitcast=True)


@triton.jit
def bound_kernel(values, bounds, values_per_seed, seed_stride, block: tl.constexpr, blocks_per_program: tl.constexpr):
    """Raise each seed's bound, which is given as its bits, to the largest magnitude of its values."""
    seed = tl.program_id(1).to(tl.int64)
    largest = tl.zeros([block], tl.int32)
    for number in range(blocks_per_program):
        index = (tl.program_id(0).to(tl.int64) * blocks_per_program + number) * block + tl.arange(0, block)
        value = tl.load(values + seed * seed_stride + index, index < values_per_seed, other=0.0)
        largest = tl.maximum(largest, _magnitude(value))
    tl.atomic_max(bounds + seed, tl.max(largest), sem="relaxed")  # the same in whatever order


@triton.jit
def split_kernel(
    values, bounds, parts, scales, columns, values_per_seed, seed_stride, plane, stride, block: tl.constexpr
):
    """The parts of each value, scaled as its seed's bound asks for."""
    seed = tl.program_id(1).to(tl.int64)
    index = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = index < values_per_seed
    scale = part_scale(tl.load(bounds + seed))
    if tl.program_id(0) == 0:
        tl.store(scales + seed, scale)
    value = tl.load(values + seed * seed_stride + index, inside, other=0.0)
    place = parts + seed * 2 * plane + index // columns * stride + index % columns
    store_parts(place, plane, value * scale, inside)


@triton.jit
def multiply_kernel(
    left,
    right,
    left_scales,
    right_scales,
    out,
    bounds,
    num_rows,
    num_columns,
    num_pieces,
    terms_per_piece,
    is_left_transposed: tl.constexpr,
    is_right_transposed: tl.constexpr,
    has_bounds: tl.constexpr,
    rows_per_tile: tl.constexpr,
    columns_per_tile: tl.constexpr,
    terms_per_turn: tl.constexpr,
    tiles_per_group: tl.constexpr,
):
    """One tile of one piece of one seed's product: high x high + high x low + low x high.

    The small products have a sum of their own: a matrix unit drops what lies below the last bit of a sum at every
    addition, and the large one takes a third of these then.

    `left` and `right` describe planes of shape (2 seeds, rows, columns); what lies outside of them counts as zeros.
    """
    batch = tl.program_id(1)
    seed, first_term = batch // num_pieces, batch % num_pieces * terms_per_piece
    # Neighbouring programs share operands: they walk through groups of rows of tiles.
    tile, num_tile_rows = tl.program_id(0), tl.cdiv(num_rows, rows_per_tile)
    tiles_in_group = tiles_per_group * tl.cdiv(num_columns, columns_per_tile)
    first_tile_row = tile // tiles_in_group * tiles_per_group
    height = min(num_tile_rows - first_tile_row, tiles_per_group)
    row = (first_tile_row + tile % tiles_in_group % height) * rows_per_tile
    column = tile % tiles_in_group // height * columns_per_tile
    total = tl.zeros([rows_per_tile, columns_per_tile], tl.float32)
    small = tl.zeros([rows_per_tile, columns_per_tile], tl.float32)
    for turn in range(0, terms_per_piece, terms_per_turn):
        term = first_term + turn
        if is_left_transposed:
            left_high = left.load([2 * seed, term, row]).reshape(terms_per_turn, rows_per_tile).T
            left_low = left.load([2 * seed + 1, term, row]).reshape(terms_per_turn, rows_per_tile).T
        else:
            left_high = left.load([2 * seed, row, term]).reshape(rows_per_tile, terms_per_turn)
            left_low = left.load([2 * seed + 1, row, term]).reshape(rows_per_tile, terms_per_turn)
        if is_right_transposed:
            right_high = right.load([2 * seed, column, term]).reshape(columns_per_tile, terms_per_turn).T
            right_low = right.load([2 * seed + 1, column, term]).reshape(columns_per_tile, terms_per_turn).T
        else:
            right_high = right.load([2 * seed, term, column]).reshape(terms_per_turn, columns_per_tile)
            right_low = right.load([2 * seed + 1, term, column]).reshape(terms_per_turn, columns_per_tile)
        small = tl.dot(left_low, right_high, small)
        small = tl.dot(left_high, right_low, small)
        total = tl.dot(left_high, right_high, total)
    total += small
    # One after another: their product may be too large for fp32.
    total *= 1.0 / tl.load(left_scales + seed)
    total *= 1.0 / tl.load(right_scales + seed)
    rows, columns = row + tl.arange(0, rows_per_tile)[:, None], column + tl.arange(0, columns_per_tile)[None, :]
    place = out + batch.to(tl.int64) * num_rows * num_columns + rows.to(tl.int64) * num_columns + columns
    tl.store(place, total, (rows < num_rows) & (columns < num_columns))
    if has_bounds:
        tl.atomic_max(bounds + seed, tl.max(_magnitude(total)), sem="relaxed")  # what lies outside is zero
