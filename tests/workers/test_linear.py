"""A product computes what torch's own computes, forward and backward."""

import pytest
import torch
from torch.nn import functional

from configs.precision import Precision
from workers.linear import linear

pytestmark = pytest.mark.usefixtures("one_thread")

# Rows, input width, output widths of the matrices that are multiplied at once.
SHAPES = [(5, 3, (4,)), (14, 16, (24,)), (1, 8, (300,)), (64, 256, (704, 704)), (64, 704, (256,)), (6, 16, (16, 16, 8))]


@pytest.fixture(params=SHAPES, ids=str)
def operands(request):
    """Rows and matrices, all of them asking for gradients."""
    rows, input_width, output_widths = request.param
    generator = torch.Generator().manual_seed(3)
    weights = [torch.randn(width, input_width, generator=generator, requires_grad=True) for width in output_widths]
    return torch.randn(rows, input_width, generator=generator, requires_grad=True), weights


def relative_error(actual, expected):
    return ((actual.double() - expected).norm() / expected.norm()).item()


def in_doubles(values, weights):
    values, weights = values.detach().double(), [weight.detach().double() for weight in weights]
    for tensor in (values, *weights):
        tensor.requires_grad_()
    return values, weights, functional.linear(values, torch.cat(weights))


@pytest.mark.parametrize(("precision", "tolerance"), [(Precision.FP32, 1e-5), (Precision.BF16, 1e-2)])
def test_output_and_gradients_are_those_of_torch(operands, precision, tolerance):
    values, weights = operands
    doubles, double_weights, expected = in_doubles(values, weights)
    weighting = torch.randn(*expected.shape, generator=torch.Generator().manual_seed(4))

    output = linear(values, *weights, precision=precision)
    (output * weighting).sum().backward()
    (expected * weighting.double()).sum().backward()

    assert output.dtype == torch.float32
    assert output.shape == expected.shape
    assert relative_error(output, expected) < tolerance
    assert relative_error(values.grad, doubles.grad) < tolerance
    for ours, theirs in zip(weights, double_weights, strict=True):
        assert ours.grad.shape == ours.shape
        assert relative_error(ours.grad, theirs.grad) < tolerance


def test_bf16_is_not_what_fp32_gives(operands):
    values, weights = operands

    fine, coarse = (linear(values, *weights, precision=precision) for precision in (Precision.FP32, Precision.BF16))

    assert not torch.equal(fine, coarse)


def test_the_same_call_gives_the_same_bits(operands):
    values, weights = operands

    first, second = (linear(values, *weights, precision=Precision.FP32) for _ in range(2))

    assert torch.equal(first, second)
