"""Products of parts are as exact as those of fp32, alone and in a whole model."""

import pytest
import torch

from configs.errors import ConfigurationError
from configs.load import load_experiment
from configs.model import ModelConfig
from configs.precision import Precision
from workers.model import build_model
from workers.stack.blocks import PlainBlocks
from workers.stack.linear import stacked_linear
from workers.stack.model import StackedLlama, joined_shapes, views_of
from workers.stack.passes import TorchStackPasses
from workers.stack.split_blocks import SplitBlocks
from workers.stack.split_kernels import TorchSplitKernels
from workers.stack.split_linear import split_linear

KERNELS = TorchSplitKernels()
SHAPE = {"vocab_size": 300, "width": 24, "num_layers": 2, "num_heads": 2, "mlp_width": 40, "context_length": 16}


def drawn(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def multiplied(values, weight, precision):
    if precision is None:
        return values @ weight.mT
    is_split = precision is Precision.FP16X3
    return (
        split_linear(values, weight, kernels=KERNELS)
        if is_split
        else stacked_linear(values, weight, precision=precision)
    )


def results(precision, *, rows, kind=torch.float32):
    """A product and both of its gradients."""
    values = drawn(2, rows, 40, seed=1).to(kind).requires_grad_()
    weight = drawn(2, 50, 40, seed=2).to(kind).requires_grad_()
    output = multiplied(values, weight, precision)
    weighting = drawn(2, rows, 50, seed=3).to(kind)
    return output, *torch.autograd.grad((output * weighting).sum(), [values, weight])


def relative_errors(precision, *, rows):
    exact = results(None, rows=rows, kind=torch.float64)
    return [
        ((actual.double() - expected).norm() / expected.norm()).item()
        for actual, expected in zip(results(precision, rows=rows), exact, strict=True)
    ]


# Bounds that are not known but estimated lie above the largest magnitude.
@pytest.mark.parametrize("slack", [1.0, 300.0])
@pytest.mark.parametrize("magnitude", [1e-30, 1e-6, 1.0, 1e6, 1e30])
def test_two_parts_are_the_value_to_24_bits(magnitude, slack):
    values = drawn(2, 50, 70, seed=0) * magnitude
    bound = values.abs().amax(dim=(1, 2)) * slack

    parts, scale = KERNELS.split(values, bound_S=bound)

    assert parts.dtype is torch.float16
    assert parts.shape == (2, 2, 50, 70)
    assert torch.equal(scale.log2(), scale.log2().round())
    assert parts.isfinite().all()
    errors = (parts.double().sum(dim=1) / scale[:, None, None] - values).abs()
    assert (errors <= torch.maximum(2**-23 * values.abs(), 2**-39 * bound[:, None, None]).double()).all()


def test_seeds_have_scales_of_their_own():
    values = drawn(2, 5, 7, seed=0) * torch.tensor([1e-20, 1e20])[:, None, None]

    parts, scale = KERNELS.split(values)

    assert scale[0] > 1e30 * scale[1]
    assert ((parts.double().sum(dim=1) / scale[:, None, None] - values).abs() <= 2**-23 * values.abs()).all()


def test_zeros_stay_zeros():
    assert torch.equal(
        split_linear(torch.zeros(1, 3, 4), drawn(1, 5, 4, seed=1), kernels=KERNELS), torch.zeros(1, 3, 5)
    )


# A weight gradient sums 1,100 rows in pieces.
@pytest.mark.parametrize("rows", [1, 30, 1_100])
def test_products_and_gradients_are_as_exact_as_in_fp32(rows):
    errors = {
        precision: max(relative_errors(precision, rows=rows))
        for precision in (Precision.FP32, Precision.FP16X3, Precision.BF16)
    }

    assert errors[Precision.FP32] < 5e-7
    assert errors[Precision.FP16X3] < 5e-7
    assert errors[Precision.BF16] > 1e-3


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_takes_its_seed_with_it_and_no_other(bad):
    values = drawn(2, 3, 4, seed=0)
    values[0, 1, 2] = bad

    output = split_linear(values, drawn(2, 5, 4, seed=1), kernels=KERNELS)

    assert not torch.isfinite(output[0]).any()
    assert torch.isfinite(output[1]).all()


@pytest.mark.parametrize("changes", [{}, {"num_heads": 6, "num_kv_heads": 2, "tied_head": False}])
def test_a_model_has_the_losses_and_gradients_of_fp32(changes):
    config = ModelConfig.model_validate(SHAPE | changes)
    models = [build_model(config, seed=seed) for seed in (1, 2, 3)]
    flat = torch.stack([torch.cat([p.detach().flatten() for p in model.parameters()]) for model in models])
    shapes = joined_shapes({name: parameter.shape for name, parameter in models[0].named_parameters()})
    tokens, targets = torch.randint(0, 300, (2, 3, 4, 16), generator=torch.Generator().manual_seed(1))

    def losses_and_gradients(blocks):
        weights = {name: view.requires_grad_() for name, view in views_of(flat.clone(), shapes).items()}
        model = StackedLlama(config, weights=weights, blocks=blocks)
        losses = model.mean_losses(tokens, targets)
        return losses.detach(), torch.autograd.grad((losses * torch.tensor([1.0, 2.0, 3.0])).sum(), [*weights.values()])

    expected_losses, expected = losses_and_gradients(
        PlainBlocks(config, passes=TorchStackPasses(), precision=Precision.FP32)
    )
    losses, actual = losses_and_gradients(SplitBlocks(config, passes=TorchStackPasses(), kernels=KERNELS))

    assert torch.allclose(losses, expected_losses, rtol=1e-6)
    for one, other in zip(actual, expected, strict=True):
        assert (one - other).norm() < 2e-6 * other.norm()


def test_a_cpu_is_refused():
    with pytest.raises(ConfigurationError, match="precision=fp16x3 is a way of GPUs"):
        load_experiment("quickstart", overrides=["precision=fp16x3"])
