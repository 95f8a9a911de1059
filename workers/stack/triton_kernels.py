"""The passes of a stacked model as Triton programs, each over memory once and without atomic sums.

Every result is written by one program alone and summed in a fixed order, so that repeated steps give the same bits.
"""

import triton
import triton.language as tl

from workers.stack.triton_parts import part_scale, store_parts

__all__ = [
    "add_rms_norm_backward_kernel",
    "add_rms_norm_kernel",
    "cross_entropy_backward_kernel",
    "cross_entropy_kernel",
    "embed_backward_kernel",
    "embed_kernel",
    "rotate_kernel",
    "swiglu_backward_kernel",
    "swiglu_kernel",
]

# Rows are those of all seeds, one seed after another; `rows_per_seed` of them belong to one seed. Results may be split:
# `scales`, `plane` and `stride` are those of workers/stack/triton_parts.py then, and of no use otherwise.


@triton.jit
def embed_kernel(tokens, weight, out, rows_per_seed, seed_stride, width, block: tl.constexpr):
    """out[row] = the row of its seed's matrix that its token names."""
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, block)
    start = row // rows_per_seed * seed_stride + tl.load(tokens + row) * width
    tl.store(out + row * width + columns, tl.load(weight + start + columns, columns < width), columns < width)


@triton.jit
def embed_backward_kernel(keys, order, gradient, out, num_rows, width, block: tl.constexpr):
    """out[key] = sum of the gradients of all rows with that key; the first program of each run of equal keys adds."""
    position = tl.program_id(0).to(tl.int64)
    key = tl.load(keys + position)
    before = tl.load(keys + position - 1, position > 0, other=-1)
    if key != before:
        columns = tl.arange(0, block)
        total = tl.zeros([block], tl.float32)
        current = key
        while current == key:
            row = tl.load(order + position)
            total += tl.load(gradient + row * width + columns, columns < width, other=0.0)
            position += 1
            current = tl.load(keys + position, position < num_rows, other=-1)
        tl.store(out + key * width + columns, total, columns < width)


@triton.jit
def add_rms_norm_kernel(
    stream,
    addition,
    gain,
    added,
    normed,
    inverse_rms,
    scales,
    rows_per_seed,
    gain_stride,
    width,
    epsilon,
    plane,
    stride,
    has_addition: tl.constexpr,
    is_split: tl.constexpr,
    block: tl.constexpr,
):
    """Added = stream + addition; normed = gain * added / rms(added), or its parts."""
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, block)
    inside = columns < width
    x = tl.load(stream + row * width + columns, inside, other=0.0)
    if has_addition:
        x += tl.load(addition + row * width + columns, inside, other=0.0)
        tl.store(added + row * width + columns, x, inside)
    scale = 1.0 / tl.sqrt(tl.sum(x * x) / width + epsilon)
    tl.store(inverse_rms + row, scale)
    seed, row_of_seed = row // rows_per_seed, row % rows_per_seed
    g = tl.load(gain + seed * gain_stride + columns, inside, other=0.0)
    if is_split:
        # No value is larger than its row's norm, which the root mean square brings to sqrt(width).
        split_scale = part_scale(tl.max(tl.abs(g)) * tl.sqrt(width.to(tl.float32)))
        if row_of_seed == 0:
            tl.store(scales + seed, split_scale)
        place = normed + seed * 2 * plane + row_of_seed * stride + columns
        store_parts(place, plane, x * scale * g * split_scale, inside)
    else:
        tl.store(normed + row * width + columns, x * scale * g, inside)


@triton.jit
def add_rms_norm_backward_kernel(
    added_gradient,
    normed_gradient,
    added,
    gain,
    inverse_rms,
    stream_gradient,
    gain_gradients,
    rows_per_seed,
    gain_stride,
    width,
    rows_per_part: tl.constexpr,
    has_added_gradient: tl.constexpr,
    block: tl.constexpr,
):
    """The gradient of the sum, and of the gain from `rows_per_part` rows, which divide `rows_per_seed`."""
    part = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, block)
    inside = columns < width
    first = part * rows_per_part
    g = tl.load(gain + first // rows_per_seed * gain_stride + columns, inside, other=0.0)
    of_gain = tl.zeros([block], tl.float32)
    for offset in range(rows_per_part):
        row = first + offset
        x = tl.load(added + row * width + columns, inside, other=0.0)
        dy = tl.load(normed_gradient + row * width + columns, inside, other=0.0)
        scale = tl.load(inverse_rms + row)
        pull = tl.sum(dy * x * g) * scale * scale * scale / width
        dx = dy * g * scale - x * pull
        if has_added_gradient:
            dx += tl.load(added_gradient + row * width + columns, inside, other=0.0)
        tl.store(stream_gradient + row * width + columns, dx, inside)
        of_gain += dy * x * scale
    tl.store(gain_gradients + part * width + columns, of_gain, inside)


@triton.jit
def swiglu_kernel(
    gate_up,
    bounds,
    hidden,
    scales,
    mlp_width,
    rows_per_seed,
    plane,
    stride,
    is_split: tl.constexpr,
    block: tl.constexpr,
):
    """Hidden = silu(gate) * up, or its parts; `bounds` are those of gates and ups."""
    seed = tl.program_id(1).to(tl.int64)
    index = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    row, column = index // mlp_width, index % mlp_width
    inside = row < rows_per_seed
    start = (seed * rows_per_seed + row) * 2 * mlp_width + column
    gate = tl.load(gate_up + start, inside, other=0.0)
    up = tl.load(gate_up + start + mlp_width, inside, other=0.0)
    value = gate * tl.sigmoid(gate) * up
    if is_split:
        bound = tl.load(bounds + seed)
        scale = part_scale(bound * bound)
        if tl.program_id(0) == 0:
            tl.store(scales + seed, scale)
        store_parts(hidden + seed * 2 * plane + row * stride + column, plane, value * scale, inside)
    else:
        tl.store(hidden + seed * rows_per_seed * mlp_width + index, value, inside)


@triton.jit
def swiglu_backward_kernel(
    hidden_gradient,
    gate_up,
    gradient_bounds,
    bounds,
    gradient,
    scales,
    mlp_width,
    rows_per_seed,
    plane,
    stride,
    is_split: tl.constexpr,
    block: tl.constexpr,
):
    """Gradients of gates and ups, laid out as these are, or their parts; `bounds` are those of gates and ups."""
    seed = tl.program_id(1).to(tl.int64)
    index = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    row, column = index // mlp_width, index % mlp_width
    inside = row < rows_per_seed
    start = (seed * rows_per_seed + row) * 2 * mlp_width + column
    gate = tl.load(gate_up + start, inside, other=0.0)
    up = tl.load(gate_up + start + mlp_width, inside, other=0.0)
    d = tl.load(hidden_gradient + seed * rows_per_seed * mlp_width + index, inside, other=0.0)
    s = tl.sigmoid(gate)
    of_gate, of_up = d * up * s * (1.0 + gate * (1.0 - s)), d * gate * s
    if is_split:
        # The slope of silu is at most 1.1.
        scale = part_scale(1.1 * tl.load(gradient_bounds + seed) * tl.load(bounds + seed))
        if tl.program_id(0) == 0:
            tl.store(scales + seed, scale)
        place = gradient + seed * 2 * plane + row * stride + column
        store_parts(place, plane, of_gate * scale, inside)
        store_parts(place + mlp_width, plane, of_up * scale, inside)
    else:
        tl.store(gradient + start, of_gate, inside)
        tl.store(gradient + start + mlp_width, of_up, inside)


@triton.jit
def rotate_kernel(
    qkv,
    cosines,
    sines,
    bounds,
    out,
    scales,
    rows_per_seed,
    length,
    num_pairs,
    num_values,
    head_width,
    direction,
    plane,
    stride,
    copy_values: tl.constexpr,
    is_split: tl.constexpr,
    block: tl.constexpr,
):
    """Turn the neighbouring pairs of queries and keys by their position's angle, or back (direction -1).

    The result may be split; `bounds` are those of what is turned.
    """
    row = tl.program_id(0).to(tl.int64)
    pair = tl.arange(0, block)
    inside = pair < num_pairs
    start = row * (2 * num_pairs + num_values)
    first = start + 2 * pair
    angle = row % length * head_width + 2 * pair % head_width
    c = tl.load(cosines + angle, inside, other=0.0)
    s = tl.load(sines + angle, inside, other=0.0) * direction
    even = tl.load(qkv + first, inside, other=0.0)
    odd = tl.load(qkv + first + 1, inside, other=0.0)
    value = start + 2 * num_pairs + pair
    if is_split:
        seed, row_of_seed = row // rows_per_seed, row % rows_per_seed
        scale = part_scale(1.5 * tl.load(bounds + seed))  # a pair that is turned grows by sqrt(2) at most
        if row_of_seed == 0:
            tl.store(scales + seed, scale)
        place = out + seed * 2 * plane + row_of_seed * stride
        columns = tl.arange(0, 2 * block)
        turned = tl.interleave(even * c - odd * s, odd * c + even * s)
        store_parts(place + columns, plane, turned * scale, columns < 2 * num_pairs)
        values = tl.load(qkv + value, pair < num_values, other=0.0)
        store_parts(place + 2 * num_pairs + pair, plane, values * scale, pair < num_values)
    else:
        tl.store(out + first, even * c - odd * s, inside)
        tl.store(out + first + 1, odd * c + even * s, inside)
        if copy_values:
            tl.store(out + value, tl.load(qkv + value, pair < num_values, other=0.0), pair < num_values)


@triton.jit
def cross_entropy_kernel(logits, targets, losses, log_sums, vocabulary, block: tl.constexpr):
    """Losses = log of the sum of exponentials - logit of the target."""
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, block)
    x = tl.load(logits + row * vocabulary + columns, columns < vocabulary, other=float("-inf"))
    top = tl.max(x)
    log_sum = tl.log(tl.sum(tl.exp(x - top))) + top
    tl.store(log_sums + row, log_sum)
    tl.store(losses + row, log_sum - tl.load(logits + row * vocabulary + tl.load(targets + row)))


@triton.jit
def cross_entropy_backward_kernel(
    logits,
    targets,
    log_sums,
    of_losses,
    gradient,
    scales,
    rows_per_seed,
    vocabulary,
    plane,
    stride,
    is_split: tl.constexpr,
    block: tl.constexpr,
):
    """(softmax - indicator of the target) * its seed's gradient / rows_per_seed, or its parts.

    The gradient may take the place of the logits.
    """
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, block)
    inside = columns < vocabulary
    x = tl.load(logits + row * vocabulary + columns, inside, other=0.0)
    seed, row_of_seed = row // rows_per_seed, row % rows_per_seed
    factor = tl.load(of_losses + seed) / rows_per_seed
    share = tl.exp(x - tl.load(log_sums + row))
    indicator = tl.where(columns == tl.load(targets + row), 1.0, 0.0)
    if is_split:
        scale = part_scale(tl.abs(factor))
        if row_of_seed == 0:
            tl.store(scales + seed, scale)
        place = gradient + seed * 2 * plane + row_of_seed * stride + columns
        store_parts(place, plane, (share - indicator) * factor * scale, inside)
    else:
        tl.store(gradient + row * vocabulary + columns, (share - indicator) * factor, inside)
