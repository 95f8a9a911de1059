"""The compiled kernels compute what torch computes in float64, and give the same bits whoever calls them."""

import pytest
import torch

from configs.errors import ResourceError
from configs.model import ModelConfig
from configs.placement import PlacementConfig
from configs.precision import Precision
from workers.choose_passes import choose_passes
from workers.kernels.build import build_kernels, compiler_version
from workers.kernels.library import KernelLibrary
from workers.kernels.passes import CompiledPasses
from workers.model import build_model, rotary_tables
from workers.passes import TorchPasses

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.skipif(compiler_version() is None, reason="there is no C compiler on this machine"),
]

EPSILON = 1e-6


@pytest.fixture(scope="session")
def kernel_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(scope="session")
def compiled_library(kernel_cache):
    return KernelLibrary(build_kernels(kernel_cache))


@pytest.fixture(scope="session")
def compiled(compiled_library):
    return CompiledPasses(compiled_library)


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def in_doubles(tensors):
    return [None if tensor is None else tensor.detach().double().requires_grad_() for tensor in tensors]


def relative_error(actual, expected):
    return ((actual.double() - expected).norm() / expected.norm()).item()


def assert_same(compute, *, compiled, tensors, tolerance=2e-6):
    """`compute(passes, *tensors)` and the gradients of its outputs agree between kernels and torch in float64."""
    doubles = in_doubles(tensors)
    ours, theirs = compute(compiled, *tensors), compute(TorchPasses(), *doubles)
    for index, (actual, expected) in enumerate(zip(ours, theirs, strict=True)):
        assert relative_error(actual, expected) < tolerance
        weighting = drawn(*actual.shape, seed=9 + index).detach()
        (actual * weighting).sum().backward(retain_graph=True)
        (expected * weighting.double()).sum().backward(retain_graph=True)
    for tensor, double in zip(tensors, doubles, strict=True):
        if tensor is not None:
            assert relative_error(tensor.grad, double.grad) < tolerance


# Widths below, at and beside a whole number of vectors; more rows than threads and fewer.
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("has_addition", [False, True])
@pytest.mark.parametrize(("rows", "width"), [(1, 3), (2, 16), (7, 24), (33, 50), (64, 256)])
def test_added_norm_is_that_of_torch(compiled, rows, width, has_addition, threads):
    torch.set_num_threads(threads)
    addition = drawn(rows, width, seed=1) if has_addition else None
    tensors = [drawn(rows, width), addition, drawn(width, seed=2)]

    assert_same(lambda passes, *given: passes.add_rms_norm(*given, epsilon=EPSILON), compiled=compiled, tensors=tensors)


@pytest.mark.parametrize(("rows", "mlp_width"), [(1, 1), (3, 24), (5, 40), (16, 704)])
def test_swiglu_is_that_of_torch(compiled, rows, mlp_width):
    with torch.no_grad():
        gate_up = (drawn(rows, 2 * mlp_width) * 6).requires_grad_()

    assert_same(lambda passes, given: (passes.swiglu(given),), compiled=compiled, tensors=[gate_up])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("windows", "length", "heads", "kv_heads", "head_width"),
    [
        (1, 2, 1, 1, 2),
        (2, 5, 3, 3, 4),
        (3, 16, 1, 1, 16),
        (2, 17, 2, 2, 18),
        (1, 33, 2, 2, 80),
        (2, 128, 4, 4, 64),
        (2, 5, 4, 2, 4),
        (1, 17, 6, 1, 18),
    ],
)
def test_attention_is_that_of_torch(compiled, windows, length, heads, kv_heads, head_width, threads):
    torch.set_num_threads(threads)
    width = heads * head_width
    shape = {"vocab_size": 300, "width": width, "num_layers": 1, "num_heads": heads, "mlp_width": 8}
    tables = rotary_tables(ModelConfig.model_validate(shape | {"context_length": length}))

    def attend(passes, qkv):
        rotary = tuple(table.to(qkv.dtype) for table in tables)
        return (passes.attention(qkv, rotary, num_windows=windows, num_heads=heads, num_kv_heads=kv_heads),)

    assert_same(attend, compiled=compiled, tensors=[drawn(windows * length, width + 2 * kv_heads * head_width)])


@pytest.mark.parametrize(("rows", "width", "vocabulary"), [(1, 4, 5), (30, 16, 260), (1_100, 32, 300)])
def test_mean_loss_is_that_of_torch(compiled, rows, width, vocabulary):
    targets = torch.randint(0, vocabulary, (rows,), generator=torch.Generator().manual_seed(5))

    def loss(passes, hidden, weight):
        return (passes.mean_loss(hidden, weight, targets, out_of=len(targets), precision=Precision.FP32),)

    assert_same(loss, compiled=compiled, tensors=[drawn(rows, width), drawn(vocabulary, width, seed=1)])


@pytest.mark.parametrize("name", ["torch", "compiled"])
def test_parts_of_a_mean_loss_add_up(compiled, name):
    passes = TorchPasses() if name == "torch" else compiled
    hidden, weight = drawn(30, 16), drawn(260, 16, seed=1)
    targets = torch.randint(0, 260, (30,), generator=torch.Generator().manual_seed(5))

    whole = passes.mean_loss(hidden, weight, targets, out_of=30, precision=Precision.FP32)
    parts = [
        passes.mean_loss(hidden[rows], weight, targets[rows], out_of=30, precision=Precision.FP32)
        for rows in (slice(0, 12), slice(12, 30))
    ]

    assert sum(part.item() for part in parts) == pytest.approx(whole.item(), rel=1e-6)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (5, 33), (48, 32), (100, 17)])
def test_turned_matrix_is_the_transpose(compiled_library, shape, threads):
    matrix = drawn(*shape).detach()
    torch.set_num_threads(threads)

    transpose = compiled_library.transposed(matrix)

    assert transpose.is_contiguous()
    assert torch.equal(transpose, matrix.T)


@pytest.mark.parametrize(("rows", "width", "widths"), [(1, 3, (2,)), (33, 24, (50,)), (40, 32, (16, 8, 40))])
def test_linear_is_that_of_torch(compiled, rows, width, widths):
    def multiply(passes, values, *weights):
        return (passes.linear(values, *weights, precision=Precision.FP32),)

    weights = [drawn(output_width, width, seed=place) for place, output_width in enumerate(widths, start=1)]
    assert_same(multiply, compiled=compiled, tensors=[drawn(rows, width), *weights])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_hidden_value_that_is_not_finite_makes_the_loss_not_finite(compiled, bad):
    hidden = drawn(3, 4).detach()
    hidden[1, 2] = bad

    loss = compiled.mean_loss(hidden, drawn(20, 4, seed=1), torch.tensor([0, 1, 2]), out_of=3, precision=Precision.FP32)

    assert not torch.isfinite(loss)


def test_large_logits_neither_overflow_nor_vanish(compiled):
    hidden, weight = torch.eye(2) * 200.0, torch.eye(2)

    loss = compiled.mean_loss(hidden, weight, torch.tensor([0, 0]), out_of=2, precision=Precision.FP32)

    assert loss.item() == pytest.approx((0.0 + 200.0) / 2, rel=1e-6)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_model_has_the_same_loss_and_gradients_with_kernels_and_without(compiled, threads):
    torch.set_num_threads(threads)
    shape = {"vocab_size": 300, "width": 48, "num_layers": 2, "num_heads": 2, "mlp_width": 56, "context_length": 20}
    config = ModelConfig.model_validate(shape)
    tokens, targets = torch.randint(0, 300, (2, 4, 20), generator=torch.Generator().manual_seed(6))
    plain, fast = build_model(config, seed=1), build_model(config, seed=1, passes=compiled)

    losses = [model.mean_loss(tokens, targets) for model in (plain, fast)]
    for loss in losses:
        loss.backward()

    assert losses[1].item() == pytest.approx(losses[0].item(), rel=1e-6)
    for (name, ours), theirs in zip(fast.named_parameters(), plain.parameters(), strict=True):
        assert relative_error(ours.grad, theirs.grad.double()) < 1e-5, name
    assert relative_error(fast(tokens), plain(tokens).double()) < 1e-6


def test_the_library_is_compiled_once(kernel_cache, compiled):
    before = {file: file.stat().st_mtime_ns for file in kernel_cache.iterdir()}

    again = build_kernels(kernel_cache)

    assert {file: file.stat().st_mtime_ns for file in kernel_cache.iterdir()} == before == {again: before[again]}


def test_without_a_compiler_one_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ResourceError, match=r"^no C compiler was found \(cc, gcc, clang\); install one, such as gcc$"):
        choose_passes(PlacementConfig(kernels="compiled"), cache_dir=tmp_path)


@pytest.mark.parametrize("kernels", ["torch", "auto"])
def test_torch_needs_no_compiler(tmp_path, monkeypatch, kernels):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert isinstance(choose_passes(PlacementConfig(kernels=kernels), cache_dir=tmp_path), TorchPasses)
