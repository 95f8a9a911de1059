"""How exact products are in each precision: relative errors of a stack's products and of both their gradients.

Usage: python benchmarks/split_errors.py [--device cuda] [--seeds 6]. The shapes are those of the published study; each
line has the largest Frobenius error of outputs, gradients of inputs and gradients of weights against float64.
"""

import argparse

import torch
from torch import Tensor

from configs.precision import Precision
from workers.stack.linear import stacked_linear
from workers.stack.split_kernels import AbstractSplitKernels, TorchSplitKernels
from workers.stack.split_linear import split_linear

_ROWS = 2_048
# Output and input width of each matrix.
_WEIGHTS = ((768, 256), (256, 256), (1_408, 256), (256, 704), (4_096, 256))
_PRECISIONS = (Precision.FP32, Precision.FP16X3, Precision.BF16)


def main() -> None:
    """Print one line for each precision."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--device", default="cuda")
    arguments.add_argument("--seeds", type=int, default=6)
    options = arguments.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    generator = torch.Generator(options.device).manual_seed(0)
    worst = dict.fromkeys(_PRECISIONS, (0.0, 0.0, 0.0))
    for num_outputs, num_inputs in _WEIGHTS:
        shapes = ((_ROWS, num_inputs), (num_outputs, num_inputs), (_ROWS, num_outputs))
        values, weight, weighting = (
            torch.randn(options.seeds, *shape, device=options.device, generator=generator) for shape in shapes
        )
        exact = _results(values.double(), weight.double() * 0.02, weighting.double(), precision=None)
        for precision in _PRECISIONS:
            found = _results(values, weight * 0.02, weighting, precision=precision)
            errors = (_error(one, other) for one, other in zip(found, exact, strict=True))
            worst[precision] = tuple(map(max, worst[precision], errors))
    print(f"{'':8} {'outputs':>9} {'inputs':>9} {'weights':>9}")
    for precision, errors in worst.items():
        print(f"{precision:8} " + " ".join(f"{error:9.1e}" for error in errors))


def _results(values: Tensor, weight: Tensor, weighting: Tensor, *, precision: Precision | None) -> tuple[Tensor, ...]:
    values, weight = values.requires_grad_(), weight.requires_grad_()
    if precision is None:
        output = values @ weight.mT
    elif precision is Precision.FP16X3:
        output = split_linear(values, weight, kernels=_kernels(values.device))
    else:
        output = stacked_linear(values, weight, precision=precision)
    return output, *torch.autograd.grad((output * weighting).sum(), [values, weight])


def _kernels(device: torch.device) -> AbstractSplitKernels:
    if device.type != "cuda":
        return TorchSplitKernels()
    from workers.stack.triton_split import TritonSplitKernels  # triton comes with torch's builds for GPUs only

    return TritonSplitKernels()


def _error(found: Tensor, exact: Tensor) -> float:
    return ((found.double() - exact).norm() / exact.norm()).item()


if __name__ == "__main__":
    main()
