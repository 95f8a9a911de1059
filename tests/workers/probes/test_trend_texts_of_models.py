"""Noised stories, mixtures of two models, and scores of sequences, against transformers and plain NumPy."""

import numpy as np
import pytest
import torch

from configs.model import ModelConfig
from workers.llama_format import llama_config, to_llama_names
from workers.model import build_model
from workers.probes.mixtures import MIXTURES, continue_texts, mixture_names, normalized
from workers.probes.model import ProbeModel
from workers.probes.noised_texts import beginnings, noised
from workers.probes.sequence_losses import sequence_losses
from workers.probes.tokens import ProbeTokens

CONFIG = ModelConfig(
    vocab_size=300, width=16, num_layers=2, num_heads=2, mlp_width=24, context_length=16, initial_sd=0.5
)
END = 3


def opened(seed):
    module = build_model(CONFIG, seed=seed).eval()
    return ProbeModel(module, CONFIG.vocab_size, CONFIG.num_parameters, CONFIG.num_embedding_parameters)


@pytest.fixture(scope="module")
def models():
    return opened(1), opened(2)


@pytest.fixture(scope="module")
def tokens():
    rng = np.random.default_rng(0)
    stories = [np.append(rng.integers(4, 300, length), END) for length in (30, 1, 5, 40)]
    return ProbeTokens(stream=np.concatenate(stories).astype(np.uint32), end_id=END, context_length=16)


def test_losses_of_sequences_of_any_length_are_those_of_transformers(models):
    transformers = pytest.importorskip("transformers")
    module = transformers.LlamaForCausalLM(transformers.LlamaConfig(**llama_config(CONFIG))).eval()
    weights = to_llama_names(dict(models[0].module.named_parameters()), config=CONFIG)
    module.load_state_dict(weights, strict=False)
    module.tie_weights()
    rng = np.random.default_rng(1)
    sequences = [rng.integers(4, 300, length) for length in (2, 17, 9, 9, 3)]

    losses = sequence_losses(models[0], sequences)

    assert [len(loss) for loss in losses] == [1, 16, 8, 8, 2]
    for sequence, loss in zip(sequences, losses, strict=True):
        ids = torch.from_numpy(sequence)[None]
        with torch.inference_mode():
            log_p = module(input_ids=ids[:, :-1]).logits.double().log_softmax(-1)
        expected = -log_p[0, torch.arange(len(sequence) - 1), ids[0, 1:]]
        assert loss == pytest.approx(expected.numpy(), abs=1e-5)


def test_stories_are_cut_and_those_of_one_token_left_out(tokens):
    texts = beginnings(tokens, num_tokens=12)

    assert [len(text) for text in texts] == [12, 5, 12]
    assert texts[1].tolist() == tokens.stream[33:38].tolist()
    assert not any((text == END).any() for text in texts)


def test_noise_replaces_its_share_and_larger_shares_contain_smaller_ones(tokens):
    texts = beginnings(tokens, num_tokens=12)
    by_percent = {percent: noised(texts, percent=percent, tokens=tokens) for percent in (0, 20, 60, 100)}

    assert all((one == text).all() for one, text in zip(by_percent[0], texts, strict=True))
    changed = {
        percent: [one != text for one, text in zip(noisy, texts, strict=True)] for percent, noisy in by_percent.items()
    }
    # .2 x 12 = 2.4 and .2 x 5 = 1 tokens; a replacement may be the token itself.
    assert [at_most >= mask.sum() for at_most, mask in zip((2, 1, 2), changed[20], strict=True)] == [True] * 3
    assert all((small <= large).all() for small, large in zip(changed[20], changed[60], strict=True))
    assert np.mean(np.concatenate(changed[100])) > 0.8
    assert not any((text == END).any() for text in by_percent[100])
    assert set(np.concatenate(by_percent[100])) <= set(tokens.stream.tolist())


def test_rows_are_cut_at_zero_and_sum_to_one_and_empty_ones_are_counted():
    mixed, num_empty = normalized(torch.tensor([[0.3, -0.2, 0.1], [0.0, 0.0, -0.5]], dtype=torch.float64))

    assert mixed.numpy() == pytest.approx(np.array([[0.75, 0, 0.25], [1 / 3, 1 / 3, 1 / 3]]))
    assert num_empty == 1


@pytest.mark.parametrize("mixture", list(MIXTURES))
def test_greedy_mixtures_are_those_of_plain_numpy(models, mixture):
    prompts = np.array([[END, 10, 20], [END, 30, 40]])

    written = continue_texts(*models, prompts=prompts, num_new=4, num_types=290, end_id=END, name=f"{mixture}/greedy")

    small_weight, large_weight = MIXTURES[mixture]
    for prompt, new in zip(prompts, written.tokens, strict=True):
        ids = prompt.tolist()
        for token in new:
            predictions = []
            for model in models:
                logits = model.logits(torch.tensor([ids]))[0, -1].numpy().astype(np.float64)[:290]
                logits[END] = -np.inf
                predictions.append(np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum())
            mixed = small_weight * predictions[0] + large_weight * predictions[1]
            assert token == mixed.argmax()
            ids.append(int(token))


def test_nucleus_sampling_stays_within_the_nucleus_and_repeats(models):
    prompts = np.full((200, 1), END)
    first, again = (
        continue_texts(*models, prompts=prompts, num_new=1, num_types=300, end_id=END, name="large/nucleus").tokens
        for _ in range(2)
    )

    logits = models[1].logits(torch.tensor([[END]]))[0, -1].double()
    logits[END] = -torch.inf
    p = logits.softmax(0).numpy()
    order = np.argsort(-p)
    nucleus = set(order[: int(np.searchsorted(p[order].cumsum(), 0.9)) + 1].tolist())
    assert (first == again).all()
    assert set(first[:, 0].tolist()) <= nucleus
    assert len(set(first[:, 0].tolist())) > 1


def test_two_equal_models_leave_nothing_of_their_difference(models):
    written = continue_texts(
        models[0],
        models[0],
        prompts=np.array([[END, 10]]),
        num_new=3,
        num_types=300,
        end_id=END,
        name="small-minus-large/nucleus",
    )

    assert written.num_empty == 3
    assert not (written.tokens == END).any()


def test_every_mixture_is_written_by_both_decoders():
    assert len(mixture_names()) == 10
    assert mixture_names()[:2] == ("small-minus-large/greedy", "small-minus-large/nucleus")
