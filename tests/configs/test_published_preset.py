"""The preset published-study says what arXiv 2606.13370 did; figures are from shared/reference/published-study.md."""

import pytest

from configs.load import load_experiment


@pytest.fixture
def published():
    return load_experiment("published-study")


def test_seeds_change_the_initial_weights_only(published):
    assert published.seeds == (101, 202, 303, 404, 505, 606)  # section 3
    assert published.seed_controls == ("initialization",)  # section 7.7


def test_model(published):
    # section 1
    assert published.model.model_dump() == {
        "vocab_size": 4096,
        "width": 256,
        "num_layers": 4,
        "num_heads": 4,
        "mlp_width": 704,
        "context_length": 128,
        "norm_epsilon": 1e-6,
        "rope_base": 10_000.0,
        "initial_sd": 0.02,
        "num_kv_heads": None,
        "tied_head": True,
        "directory": None,
        "weights_sha256": None,
        "end_id": None,
    }
    assert published.model.head_width == 64


def test_number_of_parameters(published):
    # section 1: 4096*256 + 4*(4*256^2 + 3*256*704 + 2*256) + 256
    assert published.model.num_parameters == 4_262_144


def test_floating_point_operations_of_a_token(published):
    # 6 x (4,262,144 - 9 gains of 256) matrix weights + 12 x 4 layers x width 256 x context 128, by hand
    assert published.model.training_flops_per_token == 6 * 4_259_840 + 1_572_864


def test_corpus(published):
    corpus = published.corpus

    assert (corpus.train_stories, corpus.tokenizer_stories, corpus.validation_stories) == (2_000, 1_000, 2_000)
    assert corpus.order == "sequential"
    assert corpus.reference_train_tokens == 428_628  # section 2


def test_optimization(published):
    # section 3
    assert published.optimization.model_dump() == {
        "learning_rate": 4e-4,
        "final_learning_rate": 4e-5,
        "warmup_tokens": 1_000_000,
        "decay_tokens": 20_000_000,
        "betas": (0.9, 0.95),
        "epsilon": 1e-8,
        "weight_decay": 0.1,
        "clip_norm": 1.0,
    }


def test_schedule(published):
    # section 3: micro-batch 2 x accumulation 8 x context 128
    assert published.schedule.model_dump() == {
        "budget_tokens": 20_000_000,
        "every_tokens": 1_000_000,
        "tokens_per_step": 2 * 8 * 128,
        "spacing": "even",
    }


def test_evaluated_slice(published):
    assert (published.evaluation.offset, published.evaluation.tokens) == (9_001, 2_048)  # section 4


def test_runs_are_on_a_cpu(published):
    assert published.placement.device == "cpu"


def test_passes(published):
    # section 2: 46.66 passes
    passes = published.schedule.num_tokens / published.corpus.reference_train_tokens

    assert passes == pytest.approx(46.66, abs=5e-3)


def test_unrepeated_study_differs_in_the_text_only(published):
    unrepeated = load_experiment("published-study-unrepeated")

    differing = {name for name in type(published).model_fields if getattr(published, name) != getattr(unrepeated, name)}
    assert differing == {"name", "corpus"}
    assert unrepeated.corpus.train_stories == "all"
    assert unrepeated.corpus.tokenizer_stories == 1_000
