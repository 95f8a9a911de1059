"""A directory gives the shape of its model; what is contradicted or no plain Llama is refused in one sentence."""

import json

import pytest

from configs.load import load_experiment
from configs.model import ModelConfig


@pytest.fixture
def directory(llama_json, tmp_path):
    """A function that writes a config.json, some of its values changed or left out, and gives the directory."""

    def write(**changes):
        values = {name: value for name, value in (llama_json | changes).items() if value != "left out"}
        (tmp_path / "config.json").write_text(json.dumps(values))
        return tmp_path

    return write


def tinyllama(directory, *overrides):
    return load_experiment("token-scale-tinyllama", overrides=[f"model.directory={directory}", *overrides])


SMALL = ("model.context_length=64", "schedule.tokens_per_step=256", "evaluation.tokens=64")


def test_the_shape_is_that_of_the_directory(directory):
    model = tinyllama(directory(), *SMALL).model

    assert model.model_dump() == {
        "vocab_size": 400,
        "width": 32,
        "num_layers": 2,
        "num_heads": 4,
        "num_kv_heads": 2,
        "mlp_width": 48,
        "context_length": 64,
        "norm_epsilon": 1e-5,
        "rope_base": 5000.0,
        "initial_sd": 0.1,
        "tied_head": False,
        "directory": str(directory()),
        "weights_sha256": None,
        "end_id": 2,
    }


def test_tinyllama_has_its_published_number_of_parameters():
    # transformers: LlamaForCausalLM(LlamaConfig(...)).num_parameters() of TinyLlama-1.1B-Chat-v1.0 is 1,100,048,384
    shape = {"vocab_size": 32_000, "width": 2_048, "num_layers": 22, "num_heads": 32, "mlp_width": 5_632}
    model = ModelConfig.model_validate(shape | {"context_length": 2_048, "num_kv_heads": 4, "tied_head": False})

    assert model.num_parameters == 1_100_048_384
    assert model.num_embedding_parameters == 2 * 32_000 * 2_048
    # 6 x (all but one embedding and 45 gains of 2,048) + 12 x 22 x 2,048 x 2,048, by hand
    assert model.training_flops_per_token == 6 * (1_100_048_384 - 65_536_000 - 45 * 2_048) + 1_107_296_256


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"num_key_value_heads": "left out"}, {"num_kv_heads": 4}),
        ({"tie_word_embeddings": "left out"}, {"tied_head": False}),
        ({"rope_theta": "left out"}, {"rope_base": 10_000.0}),
        (
            {"rope_theta": "left out", "rope_parameters": {"rope_type": "default", "rope_theta": 7.0}},
            {"rope_base": 7.0},
        ),
        ({"rms_norm_eps": "left out"}, {"norm_epsilon": 1e-6}),
        ({"eos_token_id": [7, 2]}, {"end_id": 7}),
    ],
)
def test_what_a_directory_leaves_out_is_what_transformers_takes(directory, changes, expected):
    model = tinyllama(directory(**changes), *SMALL).model

    assert {name: getattr(model, name) for name in expected} == expected


def test_without_a_directory_the_preset_says_what_is_missing(refusal):
    assert refusal(source="token-scale-tinyllama") == (
        "model: directory is not set; give --set model.directory=DIR, a Hugging Face directory of a Llama with "
        "config.json, safetensors and tokenizer.json"
    )


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"model_type": "mistral"}, "has model_type=mistral, and only a llama can be trained further"),
        ({"model_type": "left out"}, "has model_type=None"),
        ({"hidden_act": "gelu"}, "another activation than silu"),
        ({"attention_bias": True}, "biases in attention (attention_bias)"),
        ({"mlp_bias": True}, "biases in the MLP (mlp_bias)"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "scaled rotary positions (rope_scaling)"),
        ({"rope_parameters": {"rope_type": "llama3", "factor": 8.0}}, "scaled rotary positions (rope_scaling)"),
        ({"head_dim": 16}, "heads whose width is not hidden_size / num_attention_heads (head_dim)"),
        ({"sliding_window": 32}, "a sliding window (sliding_window)"),
        ({"partial_rotary_factor": 0.5}, "partly rotary heads (partial_rotary_factor)"),
        ({"quantization_config": {"bits": 4}}, "quantized weights (quantization_config)"),
        ({"hidden_size": "left out"}, "does not tell hidden_size"),
        ({"eos_token_id": "left out"}, "names no eos_token_id, which ends each story"),
    ],
)
def test_what_is_no_plain_llama_is_refused(refusal, directory, changes, what):
    sentence = refusal(f"model.directory={directory(**changes)}", *SMALL, source="token-scale-tinyllama")

    assert what in sentence
    assert str(directory(**changes) / "config.json") in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("name", ["~nobody-of-this-name/model", "a\0b"])
def test_a_directory_that_no_path_leads_to_is_refused(refusal, name):
    sentence = refusal(f"model.directory={json.dumps(name)}", source="token-scale-tinyllama")

    assert sentence.startswith(("model.directory=~nobody-of-this-name/model cannot be found", "/"))
    assert "\n" not in sentence


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff"])
def test_a_directory_without_a_readable_config_is_refused(refusal, tmp_path, content):
    if content is not None:
        (tmp_path / "config.json").write_bytes(content)

    sentence = refusal(f"model.directory={tmp_path}", source="token-scale-tinyllama")

    assert str(tmp_path) in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("override", ["model.width=64", "model.num_kv_heads=4", "model.tied_head=true"])
def test_a_shape_that_contradicts_the_directory_is_refused(refusal, directory, override):
    name, _, value = override.partition("=")

    sentence = refusal(f"model.directory={directory()}", override, *SMALL, source="token-scale-tinyllama")

    assert sentence.startswith(
        f"{name}={value.capitalize() if value.isalpha() else value}, but the model in {directory()} has "
    )
    assert f"leave {name} out" in sentence


def test_a_context_beyond_the_positions_of_the_model_is_refused(refusal, directory):
    sentence = refusal(f"model.directory={directory()}", "model.context_length=128", source="token-scale-tinyllama")

    assert sentence.startswith(f"model.context_length=128, but the model in {directory()} has 64 positions")


def test_seeds_cannot_change_weights_that_are_given(refusal, directory):
    sentence = refusal(
        f"model.directory={directory()}",
        *SMALL,
        "seed_controls=[initialization, data_order]",
        source="token-scale-tinyllama",
    )

    assert sentence == (
        "seed_controls names initialization, but every run begins with the weights in model.directory; "
        "set seed_controls=[data_order]"
    )


def test_conditions_cannot_change_a_model_that_is_given(refusal, directory):
    sentence = refusal(
        f"model.directory={directory()}", *SMALL, "conditions={wide: {model.width: 64}}", source="token-scale-tinyllama"
    )

    assert "cannot override model.width, since model.directory gives the model" in sentence


def test_a_saved_config_opens_where_the_model_is_not(directory, write_config, dump):
    config = tinyllama(directory(), *SMALL)
    (directory() / "config.json").unlink()

    assert load_experiment(write_config(dump(config.to_dict()))) == config


@pytest.mark.parametrize("value", ["1", "'yes'", "0"])
def test_a_claim_is_true_or_false(refusal, value):
    assert refusal(f"model.tied_head={value}").startswith("model.tied_head=")


def test_keys_are_shared_by_equally_many_heads(refusal):
    assert refusal("model.num_kv_heads=3") == (
        "model: num_heads=4 is not divisible by num_kv_heads=3; choose a divisor"
    )
