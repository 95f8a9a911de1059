"""The Triton programs compute what torch computes; without a GPU they run in Triton's interpreter."""

import json
import os
import subprocess
import sys

import numpy
import pytest
import torch

pytest.importorskip("triton", reason="triton comes with torch's builds for GPUs only")

COMPARISON = """
import json, sys, torch
from configs.model import ModelConfig
from configs.precision import Precision
from workers.model import build_model
from workers.stack.blocks import PlainBlocks
from workers.stack.model import StackedLlama, joined_shapes, views_of
from workers.stack.passes import TorchStackPasses
from workers.stack.split_blocks import SplitBlocks
from workers.stack.triton_passes import TritonStackPasses
from workers.stack.triton_split import TritonSplitKernels

device = "cuda" if torch.cuda.is_available() else "cpu"
config = ModelConfig.model_validate(json.loads(sys.argv[1]))
models = [build_model(config, seed=seed) for seed in (1, 2, 3)]
flat = torch.stack([torch.cat([p.detach().flatten() for p in model.parameters()]) for model in models]).to(device)
shapes = joined_shapes({name: parameter.shape for name, parameter in models[0].named_parameters()})
tokens, targets = torch.randint(0, 300, (2, 3, 4, 16), generator=torch.Generator().manual_seed(1)).to(device)
results = []
expected_blocks = PlainBlocks(config, passes=TorchStackPasses(), precision=Precision.FP32)
triton = TritonStackPasses()
if Precision(sys.argv[2]) is Precision.FP16X3:
    actual_blocks = SplitBlocks(config, passes=triton, kernels=TritonSplitKernels())
else:
    actual_blocks = PlainBlocks(config, passes=triton, precision=Precision.FP32)
for blocks in (expected_blocks, actual_blocks):
    weights = {name: view.requires_grad_() for name, view in views_of(flat.clone(), shapes).items()}
    model = StackedLlama(config, weights=weights, blocks=blocks)
    losses = model.mean_losses(tokens, targets)
    weighted = (losses * torch.tensor([1.0, 2.0, 3.0], device=device)).sum()
    results.append((losses.detach(), torch.autograd.grad(weighted, list(weights.values()))))
(expected_losses, expected), (losses, actual) = results
print(float((losses - expected_losses).abs().max()))
for one, other in zip(actual, expected):
    print(float((one - other).norm() / other.norm()))
"""


SHAPE = {"vocab_size": 300, "width": 24, "num_layers": 2, "num_heads": 2, "mlp_width": 40, "context_length": 16}


@pytest.mark.parametrize(
    ("changes", "num_tensors"),
    [
        ({}, 14),
        ({"num_heads": 6, "num_kv_heads": 2, "tied_head": False}, 15),
        ({"num_heads": 3, "num_kv_heads": 1}, 14),
    ],
)
@pytest.mark.parametrize("precision", ["fp32", "fp16x3"])
def test_losses_and_gradients_are_those_of_torch(changes, num_tensors, precision):
    is_interpreted = not torch.cuda.is_available()
    if is_interpreted and precision == "fp16x3" and numpy.lib.NumpyVersion(numpy.__version__) >= "2.4.0":
        pytest.skip("triton's interpreter turns one-element arrays into numbers, which numpy 2.4 does not")
    # A process of its own: the interpreter is chosen when triton is imported.
    environment = {**os.environ, **({"TRITON_INTERPRET": "1"} if is_interpreted else {})}
    answer = subprocess.run(
        [sys.executable, "-c", COMPARISON, json.dumps(SHAPE | changes), precision],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )

    errors = [float(line) for line in answer.stdout.split()]
    assert len(errors) == 1 + num_tensors
    assert max(errors) < 2e-6
