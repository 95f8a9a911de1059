"""Weights come from a directory of safetensors bit for bit, and what our model has no place for is refused."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from configs.errors import ConfigurationError, UserError
from configs.load import load_experiment
from workers.initial_model import initial_model
from workers.llama_format import to_llama_names
from workers.llama_weights import directory_sha256, read_directory_weights

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = ("model.context_length=32", "schedule.tokens_per_step=64", "evaluation.tokens=64")


def model_of(directory):
    return load_experiment("token-scale-tinyllama", overrides=[f"model.directory={directory}", *SMALL]).model


@pytest.fixture
def tokens():
    return torch.randint(400, (3, 32), generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"shards": "20KB", "dtype": "bfloat16"},
        {"dtype": "float16", "tie_word_embeddings": True},
        {"num_key_value_heads": 4},
        {"num_key_value_heads": 1, "tie_word_embeddings": True},
    ],
    ids=["grouped", "sharded bf16", "tied fp16", "own keys", "one head of keys"],
)
def test_the_model_computes_what_transformers_computes(transformers, make_llama_directory, tmp_path, tokens, changes):
    directory = make_llama_directory(tmp_path / "model", **changes)
    theirs = transformers.LlamaForCausalLM.from_pretrained(directory, dtype=torch.float32)

    ours = initial_model(model_of(directory), seed=1)

    with torch.no_grad():
        assert (ours(tokens) - theirs(tokens).logits).abs().max().item() < 1e-5
    assert sum(parameter.numel() for parameter in ours.parameters()) == theirs.num_parameters()


def test_weights_come_back_bit_for_bit(llama_directory):
    config = model_of(llama_directory)

    again = to_llama_names(read_directory_weights(config), config=config)

    saved = load_file(llama_directory / "model.safetensors")
    assert again.keys() == saved.keys()
    assert all(torch.equal(again[name], saved[name]) for name in saved)


def test_every_seed_begins_with_the_same_weights(llama_directory):
    one, other = (initial_model(model_of(llama_directory), seed=seed) for seed in (1, 2))

    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.fixture
def changed(make_llama_directory, tmp_path):
    """A function that changes the tensors of a directory, and gives the directory."""
    directory = make_llama_directory(tmp_path / "changed")

    def change(edit):
        file = directory / "model.safetensors"
        tensors = load_file(file)
        edit(tensors)
        save_file(tensors, file)
        return directory

    return change


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            lambda tensors: tensors.update({"model.layers.0.self_attn.q_proj.bias": torch.zeros(32)}),
            "holds model.layers.0.self_attn.q_proj.bias, which a plain Llama has not",
        ),
        (lambda tensors: tensors.pop("lm_head.weight"), "has no tensor lm_head.weight; name a whole Llama"),
        (
            lambda tensors: tensors.update({"model.norm.weight": torch.ones(31)}),
            r"holds model.norm.weight of shape \(31,\) where config.json promises \(32,\)",
        ),
        (
            lambda tensors: tensors.update({"model.norm.weight": torch.ones(32, dtype=torch.int8)}),
            "holds model.norm.weight as int8; save the model in fp32, bf16 or fp16",
        ),
    ],
    ids=["bias", "missing", "shape", "quantized"],
)
def test_weights_of_another_model_are_refused(changed, edit, sentence):
    directory = changed(edit)

    with pytest.raises(ConfigurationError, match=sentence):
        read_directory_weights(model_of(directory))


def test_frequencies_that_older_versions_saved_are_passed_over(changed):
    directory = changed(lambda tensors: tensors.update({"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4)}))

    assert len(read_directory_weights(model_of(directory))) == 2 * 9 + 3


def test_pickled_weights_are_never_read(make_llama_directory, tmp_path):
    directory = make_llama_directory(tmp_path / "model")
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")

    with pytest.raises(ConfigurationError, match=r"holds no model.safetensors; .* pickled weights are never read"):
        read_directory_weights(model_of(directory))


@pytest.mark.parametrize(
    "index",
    ["{", "[]", '{"weight_map": {"a": "../elsewhere.safetensors"}}', '{"weight_map": {"a": "missing.safetensors"}}'],
)
def test_a_damaged_index_is_refused(make_llama_directory, tmp_path, index):
    directory = make_llama_directory(tmp_path / "model")
    (directory / "model.safetensors.index.json").write_text(index)

    with pytest.raises(UserError, match=str(directory)):
        read_directory_weights(model_of(directory))


def test_a_file_that_is_cut_is_refused(make_llama_directory, tmp_path):
    directory = make_llama_directory(tmp_path / "model")
    file = directory / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])

    with pytest.raises(ConfigurationError, match=r"are damaged \(.*\); download them again"):
        read_directory_weights(model_of(directory))


def test_other_weights_than_the_experiment_began_with_are_refused(changed):
    directory = changed(lambda tensors: None)
    known = model_of(directory).model_dump() | {"weights_sha256": directory_sha256(directory)}
    config = type(model_of(directory)).model_validate(known)
    read_directory_weights(config)

    changed(lambda tensors: tensors["model.norm.weight"].add_(1e-3))

    with pytest.raises(ConfigurationError, match="holds other weights than the experiment began with"):
        read_directory_weights(config)


def test_the_checksum_is_over_every_shard(make_llama_directory, tmp_path):
    directory = make_llama_directory(tmp_path / "model", shards="20KB")
    before = directory_sha256(directory)
    shards = sorted(directory.glob("*.safetensors"))
    tensors = load_file(shards[-1])
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, shards[-1])

    assert len(shards) > 1
    assert set(json.loads((directory / "model.safetensors.index.json").read_text())["weight_map"].values()) == {
        shard.name for shard in shards
    }
    assert directory_sha256(directory) != before
