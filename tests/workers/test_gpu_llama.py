"""The Llama of the GPU benchmark computes what transformers computes, and is begun anew from its seed alone."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

transformers = pytest.importorskip("transformers", reason="the extra hf is not installed")


@pytest.fixture(scope="module")
def gpu_llama():
    path = Path(__file__).parents[2] / "benchmarks" / "gpu_llama.py"
    specification = importlib.util.spec_from_file_location("gpu_llama", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules["gpu_llama"] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    yield module
    del sys.modules["gpu_llama"]


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    torch.manual_seed(3)
    config = transformers.LlamaConfig(
        vocab_size=300,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
        rms_norm_eps=1e-5,
        tie_word_embeddings=False,
    )
    model = transformers.LlamaForCausalLM(config)
    directory = tmp_path_factory.mktemp("llama")
    model.save_pretrained(directory)
    return model, directory


def test_weights_of_a_hugging_face_directory_give_its_losses(gpu_llama, pretrained):
    theirs, directory = pretrained
    ours = gpu_llama.GpuLlama(gpu_llama.Shape.of_directory(directory))
    ours.load(directory)
    tokens = torch.randint(0, 300, (3, 33), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits = theirs(tokens[:, :-1]).logits.float()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = ours(tokens[:, :-1], tokens[:, 1:])

    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    assert float(loss) == pytest.approx(float(expected), abs=2e-3)  # bf16 products against fp32


def test_shape_of_tinyllama_has_its_number_of_parameters(gpu_llama):
    with torch.device("meta"):
        model = gpu_llama.GpuLlama(gpu_llama.Shape())

    # The published study logs this number for TinyLlama-1.1B.
    assert sum(parameter.numel() for parameter in model.parameters()) == 1_100_048_384


def test_same_seed_begins_with_the_same_weights(gpu_llama, pretrained):
    model = gpu_llama.GpuLlama(gpu_llama.Shape.of_directory(pretrained[1]))
    checksums = []
    for seed in (1, 2, 1):
        model.draw(seed)
        checksums.append(model.checksum())

    assert checksums[0] == checksums[2] != checksums[1]


def test_directory_without_its_tensors_is_refused(gpu_llama, pretrained, tmp_path):
    _, directory = pretrained
    (tmp_path / "config.json").write_text((directory / "config.json").read_text())
    model = gpu_llama.GpuLlama(gpu_llama.Shape.of_directory(tmp_path))

    with pytest.raises(ValueError, match=r"no tensor model\.embed_tokens\.weight"):
        model.load(tmp_path)
