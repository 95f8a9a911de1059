"""Compare the rates of fp32 matrix products through MKL and oneDNN, in the shapes that the published study trains.

Usage: python benchmarks/products.py [--threads 1] [--rounds 15]
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

_ROWS = 2_048  # tokens of one step
_WEIGHTS = {"attention": (256, 256), "gate and up": (704, 256), "down": (256, 704), "head": (4_096, 256)}


def main() -> None:
    """Print one row per product: median GFLOP/s of each library, taken in turn, and their ratio."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--rounds", type=int, default=15)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{'product':28} {'MKL':>8} {'oneDNN':>8}  GFLOP/s  {'ratio':>6}")
    for name, (num_outputs, num_inputs) in _WEIGHTS.items():
        for part, (left, right) in _operands(num_outputs, num_inputs).items():
            _report(f"{name}, {part}", left=left, right=right, rounds=options.rounds)


def _operands(num_outputs: int, num_inputs: int) -> dict[str, tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(_ROWS, num_inputs, generator=generator)
    gradients = torch.randn(_ROWS, num_outputs, generator=generator)
    weight = torch.randn(num_outputs, num_inputs, generator=generator)
    return {
        "forward": (inputs, weight),
        "gradient of inputs": (gradients, weight.T),
        "gradient of weights": (gradients.T, inputs.T),
    }


def _report(name: str, *, left: Tensor, right: Tensor, rounds: int) -> None:
    flops = 2 * left.shape[0] * left.shape[1] * right.shape[0]
    timings: dict[str, list[float]] = {"mkl": [], "onednn": []}
    products: dict[str, Callable[[], Tensor]] = {
        "mkl": lambda: left @ right.T,
        "onednn": lambda: torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], ""),
    }
    for _ in range(rounds):
        for library, product in products.items():
            before_s = time.perf_counter()
            product()
            timings[library].append(time.perf_counter() - before_s)
    rates = {library: flops / statistics.median(durations) / 1e9 for library, durations in timings.items()}
    print(f"{name:28} {rates['mkl']:8.0f} {rates['onednn']:8.0f}           {rates['onednn'] / rates['mkl']:6.2f}")


if __name__ == "__main__":
    main()
