"""The passes of a stacked model as Triton programs, each over memory once and without atomic sums.

Every result is written by one program alone and summed in a fixed order, so that repeated steps give the same bits.
"""

import triton
import triton.language as tl

__all__ = [
    "add_rms_norm_backward_kernel",
    "add_rms_norm_kernel",
    "cross_entropy_backward_kernel",
    "cross_entropy_kernel",
    "embed_backward_kernel",
    "embed_kernel",
    "rotate_kernel",
    "split_kernel",
    "swiglu_backward_kernel",
    "swiglu_kernel",
]

# Rows are those of all seeds, one seed after another; `rows_per_seed` of them belong to one seed.


@triton.jit
def store_parts(planes, run, value, inside, is_left: tl.constexpr):
    """Store the three bf16 parts of values into the six planes of one side; `run` values lie between two planes."""
    first = value.to(tl.bfloat16)
    rest = value - first.to(tl.float32)
    second = rest.to(tl.bfloat16)
    third = (rest - second.to(tl.float32)).to(tl.bfloat16)
    tl.store(planes, third if is_left else first, inside)
    tl.store(planes + run, first if is_left else third, inside)
    tl.store(planes + 2 * run, second, inside)
    tl.store(planes + 3 * run, second if is_left else first, inside)
    tl.store(planes + 4 * run, first if is_left else second, inside)
    tl.store(planes + 5 * run, first, inside)


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
    rows_per_seed,
    gain_stride,
    width,
    epsilon,
    has_addition: tl.constexpr,
    block: tl.constexpr,
    is_split: tl.constexpr = False,
):
    """Added = stream + addition; normed = gain * added / rms(added), or its parts for the left of a product."""
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, block)
    inside = columns < width
    x = tl.load(stream + row * width + columns, inside, other=0.0)
    if has_addition:
        x += tl.load(addition + row * width + columns, inside, other=0.0)
        tl.store(added + row * width + columns, x, inside)
    scale = 1.0 / tl.sqrt(tl.sum(x * x) / width + epsilon)
    tl.store(inverse_rms + row, scale)
    g = tl.load(gain + row // rows_per_seed * gain_stride + columns, inside, other=0.0)
    if is_split:
        store_parts(normed + row * 6 * width + columns, width, x * scale * g, inside, True)
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
def swiglu_kernel(gate_up, hidden, mlp_width, num_values, block: tl.constexpr, is_split: tl.constexpr = False):
    """Hidden = silu(gate) * up, or its parts for the left of a product."""
    index = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = index < num_values
    row, column = index // mlp_width, index % mlp_width
    gate = tl.load(gate_up + row * 2 * mlp_width + column, inside, other=0.0)
    up = tl.load(gate_up + row * 2 * mlp_width + mlp_width + column, inside, other=0.0)
    if is_split:
        store_parts(hidden + row * 6 * mlp_width + column, mlp_width, gate * tl.sigmoid(gate) * up, inside, True)
    else:
        tl.store(hidden + index, gate * tl.sigmoid(gate) * up, inside)


@triton.jit
def swiglu_backward_kernel(
    hidden_gradient, gate_up, gradient, mlp_width, num_values, block: tl.constexpr, is_split: tl.constexpr = False
):
    """Gradients of gates and ups, laid out as these are, or their parts for the right of a product."""
    index = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = index < num_values
    row, column = index // mlp_width, index % mlp_width
    start = row * 2 * mlp_width + column
    gate = tl.load(gate_up + start, inside, other=0.0)
    up = tl.load(gate_up + start + mlp_width, inside, other=0.0)
    d = tl.load(hidden_gradient + index, inside, other=0.0)
    s = tl.sigmoid(gate)
    of_gate, of_up = d * up * s * (1.0 + gate * (1.0 - s)), d * gate * s
    if is_split:
        place = gradient + row * 12 * mlp_width + column
        store_parts(place, 2 * mlp_width, of_gate, inside, False)
        store_parts(place + mlp_width, 2 * mlp_width, of_up, inside, False)
    else:
        tl.store(gradient + start, of_gate, inside)
        tl.store(gradient + start + mlp_width, of_up, inside)


@triton.jit
def rotate_kernel(
    qkv,
    cosines,
    sines,
    out,
    length,
    num_pairs,
    num_values,
    head_width,
    direction,
    copy_values: tl.constexpr,
    block: tl.constexpr,
    is_split: tl.constexpr = False,
):
    """Turn the neighbouring pairs of queries and keys by their position's angle, or back (direction -1).

    The result may be split for the right of a product.
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
        width = 2 * num_pairs + num_values
        columns = tl.arange(0, 2 * block)
        turned = tl.interleave(even * c - odd * s, odd * c + even * s)
        store_parts(out + 6 * start + columns, width, turned, columns < 2 * num_pairs, False)
        values = tl.load(qkv + value, pair < num_values, other=0.0)
        store_parts(out + 6 * start + 2 * num_pairs + pair, width, values, pair < num_values, False)
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
    rows_per_seed,
    vocabulary,
    block: tl.constexpr,
    is_split: tl.constexpr = False,
):
    """(softmax - indicator of the target) * its seed's gradient / rows_per_seed, or its parts for the right.

    The gradient may take the place of the logits.
    """
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, block)
    inside = columns < vocabulary
    x = tl.load(logits + row * vocabulary + columns, inside, other=0.0)
    scale = tl.load(of_losses + row // rows_per_seed) / rows_per_seed
    share = tl.exp(x - tl.load(log_sums + row))
    indicator = tl.where(columns == tl.load(targets + row), 1.0, 0.0)
    if is_split:
        place = gradient + row * 6 * vocabulary + columns
        store_parts(place, vocabulary, (share - indicator) * scale, inside, False)
    else:
        tl.store(gradient + row * vocabulary + columns, (share - indicator) * scale, inside)


@triton.jit
def split_kernel(
    values, planes, run, values_per_seed, seed_stride, num_values, is_left: tl.constexpr, block: tl.constexpr
):
    """The three bf16 parts of each value; value i of a run goes to place i of each of the six planes of that run."""
    index = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = index < num_values
    start = index // values_per_seed * seed_stride + index % values_per_seed
    value = tl.load(values + start, inside, other=0.0)
    store_parts(planes + index // run * 6 * run + index % run, run, value, inside, is_left)
