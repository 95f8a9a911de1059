"""A checkpoint directory is a transformers LlamaForCausalLM that computes what our model computes."""

import pytest
import torch

from configs.model import ModelConfig
from configs.run_paths import RunPaths
from workers.checkpoint import CheckpointDirectory
from workers.evaluation import EvaluationTokens, evaluate
from workers.llama_format import from_llama_names, llama_config, to_llama_names
from workers.local_store import LocalStore
from workers.model import Llama, build_model
from workers.publication import publish_interval
from workers.records import RunId

pytestmark = pytest.mark.usefixtures("one_thread")

SHAPES = {
    "published": ModelConfig(vocab_size=4096, width=256, num_layers=4, num_heads=4, mlp_width=704, context_length=128),
    # Everything that has a default differs from it, so that a value that is not handed over shows.
    "small": ModelConfig(
        vocab_size=300,
        width=24,
        num_layers=3,
        num_heads=2,
        mlp_width=40,
        context_length=16,
        norm_epsilon=1e-2,
        rope_base=50.0,
        initial_sd=0.2,
    ),
    "grouped, with a head of its own": ModelConfig(
        vocab_size=300,
        width=24,
        num_layers=2,
        num_heads=6,
        num_kv_heads=2,
        mlp_width=40,
        context_length=16,
        tied_head=False,
    ),
}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
def model(request) -> Llama:
    """A model whose gains are not all one."""
    model = build_model(request.param, seed=3)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("gain"):
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return model


@pytest.fixture
def tokens(model) -> torch.Tensor:
    shape = (4, model.config.context_length)
    return torch.randint(model.config.vocab_size, shape, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def checkpoint_dir(model, tokens, tmp_path, steps_of, make_record):
    run = RunId("base", 1)
    paths = RunPaths(tmp_path)
    CheckpointDirectory(LocalStore(paths), run=run, attempt=1, model=model.config, num_intervals=1).stage(
        0,
        weights=dict(model.named_parameters()),
        optimizer={},
        scores=evaluate(model, tokens=EvaluationTokens(inputs=tokens, targets=tokens)),
        steps=steps_of(0),
        make_record=lambda hashes: make_record(0, hashes=hashes),
    )
    publish_interval(paths, run=run, interval=0, attempt=1)
    return paths.checkpoint_dir("base", 1, 0)


def test_transformers_gives_the_same_logits(transformers, model, tokens, checkpoint_dir):
    theirs = transformers.LlamaForCausalLM.from_pretrained(checkpoint_dir)

    with torch.no_grad():
        difference = theirs(tokens).logits - model(tokens)

    assert theirs.dtype == torch.float32
    assert difference.abs().max().item() < 1e-5


def test_transformers_finds_every_weight_and_no_other(transformers, checkpoint_dir):
    _, report = transformers.LlamaForCausalLM.from_pretrained(checkpoint_dir, output_loading_info=True)

    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert not report["mismatched_keys"]


def test_transformers_reads_the_shape(transformers, model, checkpoint_dir):
    theirs = transformers.LlamaForCausalLM.from_pretrained(checkpoint_dir)

    is_tied = theirs.lm_head.weight is theirs.model.embed_tokens.weight
    assert is_tied == theirs.config.tie_word_embeddings == model.config.tied_head
    assert theirs.config.num_key_value_heads == model.config.num_key_value_heads
    assert theirs.config.max_position_embeddings == model.config.context_length
    assert theirs.num_parameters() == model.config.num_parameters


def test_weights_come_back_bit_for_bit(model):
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}

    again = from_llama_names(to_llama_names(weights, config=model.config), config=model.config)

    assert again.keys() == weights.keys()
    assert all(torch.equal(again[name], weights[name]) for name in weights)


def test_even_dimensions_of_each_head_come_before_its_odd_ones():
    config = ModelConfig(vocab_size=260, width=12, num_layers=1, num_heads=2, mlp_width=4, context_length=4)
    weights = {name: p.detach() for name, p in build_model(config, seed=1).named_parameters()}
    weights["layers.0.attention.query.weight"] = torch.arange(12.0)[:, None].expand(12, 12)

    exported = to_llama_names(weights, config=config)["model.layers.0.self_attn.q_proj.weight"]

    assert exported[:, 0].tolist() == [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]  # heads of 6, by hand


def test_missing_weight_is_a_key_error():
    config = SHAPES["small"]
    weights = to_llama_names(dict(build_model(config, seed=1).named_parameters()), config=config)
    del weights["model.norm.weight"]

    with pytest.raises(KeyError, match=r"model\.norm\.weight"):
        from_llama_names(weights, config=config)


def test_end_token_is_that_of_the_tokenizer():
    # published-study.md section 2: specials in order <pad> <unk> <bos> <eos> = ids 0..3
    config = llama_config(SHAPES["small"])

    assert (config["pad_token_id"], config["bos_token_id"], config["eos_token_id"]) == (0, 2, 3)
