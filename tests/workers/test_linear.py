"""The linear layer computes what torch's own computes, forward and backward."""

import pytest
import torch
from torch import nn

from workers.linear import Linear

pytestmark = pytest.mark.usefixtures("one_thread")

SHAPES = [((5,), 3, 4), ((2, 7), 16, 24), ((1, 1), 8, 300), ((4, 16), 256, 704)]


@pytest.fixture(params=SHAPES, ids=str)
def layers(request):
    """Our layer, torch's in float64 with the same weights, and an input."""
    rows, input_width, output_width = request.param
    generator = torch.Generator().manual_seed(3)
    ours = Linear(input_width, output_width)
    theirs = nn.Linear(input_width, output_width, bias=False, dtype=torch.float64)
    with torch.no_grad():
        ours.weight.copy_(torch.randn(output_width, input_width, generator=generator))
        theirs.weight.copy_(ours.weight)
    return ours, theirs, torch.randn(*rows, input_width, generator=generator)


def relative_error(actual, expected):
    return ((actual.double() - expected).norm() / expected.norm()).item()


def test_output_is_that_of_torch(layers):
    ours, theirs, values = layers

    output = ours(values)

    assert output.shape == theirs(values.double()).shape
    assert relative_error(output, theirs(values.double())) < 1e-5


def test_gradients_are_those_of_torch(layers):
    ours, theirs, values = layers
    inputs, doubles = values.clone().requires_grad_(), values.double().requires_grad_()
    weighting = torch.randn(*ours(values).shape, generator=torch.Generator().manual_seed(4))

    (ours(inputs) * weighting).sum().backward()
    (theirs(doubles) * weighting.double()).sum().backward()

    assert relative_error(inputs.grad, doubles.grad) < 1e-5
    assert relative_error(ours.weight.grad, theirs.weight.grad) < 1e-5


@pytest.mark.filterwarnings("ignore:Input #.* is not a double precision")
def test_gradients_are_the_slopes_of_the_output():
    layer = Linear(6, 5)
    values = torch.randn(4, 6, generator=torch.Generator().manual_seed(3), requires_grad=True)

    # The product is linear, so that a wide step has no truncation error and fp32 suffices.
    assert torch.autograd.gradcheck(
        lambda inputs, weight: torch.func.functional_call(layer, {"weight": weight}, (inputs,)),
        (values, layer.weight),
        eps=0.5,
        atol=1e-4,
        rtol=1e-4,
    )


def test_gradient_of_an_input_laid_out_otherwise_is_right(layers):
    ours, theirs, values = layers
    # A stride that is not the shape's own, as after a transpose.
    strided = values.flatten(0, -2).T.contiguous().T

    assert relative_error(ours(strided), theirs(strided.double())) < 1e-5


def test_layer_in_double_precision_stays_in_double_precision():
    layer = Linear(6, 5).double()
    values = torch.randn(4, 6, dtype=torch.float64)

    assert torch.equal(layer(values), values @ layer.weight.T)


def test_repeated_products_have_the_same_bits():
    layer = Linear(256, 704)
    values = torch.randn(2048, 256, generator=torch.Generator().manual_seed(3))

    assert torch.equal(layer(values), layer(values))


def test_initial_weights_are_those_of_torch():
    torch.manual_seed(8)
    ours = Linear(6, 5)
    torch.manual_seed(8)
    theirs = nn.Linear(6, 5, bias=False)

    assert torch.equal(ours.weight, theirs.weight)
    assert ours.bias is None
