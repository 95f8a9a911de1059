"""Loss, rank and ties of each evaluated token are what plain NumPy in float64 makes of the logits."""

import numpy as np
import pytest
import torch

from configs.evaluation import EvaluationConfig
from configs.model import ModelConfig
from workers.evaluation import EvaluationTokens, TokenScores, evaluate, evaluation_tokens
from workers.model import build_model

pytestmark = pytest.mark.usefixtures("one_thread")

CONFIG = ModelConfig(
    vocab_size=300, width=24, num_layers=2, num_heads=2, mlp_width=40, context_length=16, initial_sd=0.3
)


@pytest.fixture
def model():
    return build_model(CONFIG, seed=3)


@pytest.fixture
def tokens():
    generator = torch.Generator().manual_seed(5)
    inputs, targets = (torch.randint(300, (150, 16), generator=generator) for _ in range(2))
    return EvaluationTokens(inputs=inputs, targets=targets)  # 2,400 tokens: more than one batch


@pytest.fixture
def logits(model, tokens):
    """Shape (num_tokens, vocab_size), float64."""
    with torch.no_grad():
        return model(tokens.inputs).flatten(0, 1).double().numpy()


def scores_of(loss_nats: list[float]) -> TokenScores:
    zeros = np.zeros(len(loss_nats), dtype=np.int32)
    return TokenScores(loss_nats=np.array(loss_nats, dtype=np.float32), rank=zeros, num_ties=zeros)


def test_slice_is_consecutive_windows_from_the_offset():
    stream = np.arange(1_000, 1_100, dtype=np.uint16)

    tokens = evaluation_tokens(stream, config=EvaluationConfig(tokens=6, offset=11), context_length=3)

    assert tokens.inputs.tolist() == [[1011, 1012, 1013], [1014, 1015, 1016]]
    assert tokens.targets.tolist() == [[1012, 1013, 1014], [1015, 1016, 1017]]


def test_loss_is_the_negative_log_probability_of_the_target(model, tokens, logits):
    targets = tokens.targets.flatten().numpy()
    shifted = logits - logits.max(axis=1, keepdims=True)
    expected = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]

    scores = evaluate(model, tokens=tokens)

    # Logits of a batch of another size differ in their last bits.
    np.testing.assert_allclose(scores.loss_nats, expected, rtol=1e-4, atol=1e-4)
    assert scores.mean_loss == pytest.approx(expected.mean(), rel=1e-6)


def test_rank_counts_the_tokens_that_are_likelier(model, tokens, logits):
    targets = tokens.targets.flatten().numpy()
    expected = (logits > logits[np.arange(len(targets)), targets][:, None]).sum(axis=1)

    scores = evaluate(model, tokens=tokens)

    # Where two logits agree but for rounding, their order may change with the size of the batch.
    assert np.mean(scores.rank != expected) < 0.01
    assert np.abs(scores.rank - expected).max() <= 1
    assert scores.rank.dtype == scores.num_ties.dtype == np.int32


def test_rank_and_ties_of_logits_written_out():
    class Parrot(torch.nn.Module):
        """Gives the same five logits at every place."""

        def forward(self, inputs):
            return torch.tensor([1.0, 3.0, 2.0, 3.0, 0.0]).expand(*inputs.shape, 5)

    targets = torch.arange(5)[None]

    scores = evaluate(Parrot(), tokens=EvaluationTokens(inputs=targets, targets=targets))

    assert scores.rank.tolist() == [3, 0, 2, 0, 4]
    assert scores.num_ties.tolist() == [0, 1, 0, 1, 0]


def test_healthy_model_has_no_ties(model, tokens):
    assert evaluate(model, tokens=tokens).num_ties.sum() == 0


def test_model_with_an_empty_head_has_nothing_but_ties(model, tokens):
    with torch.no_grad():
        model.head.weight.zero_()

    scores = evaluate(model, tokens=tokens)

    assert set(scores.num_ties.tolist()) == {299}
    assert set(scores.rank.tolist()) == {0}
    assert scores.mean_loss == pytest.approx(np.log(300), rel=1e-6)


def test_mean_and_standard_error_of_losses_written_out():
    scores = scores_of([1.0, 2.0, 3.0, 6.0])

    assert scores.mean_loss == 3.0
    # sample variance (4 + 1 + 0 + 9) / 3, over 4 tokens
    assert scores.mean_loss_se == pytest.approx(np.sqrt(14 / 3 / 4), rel=1e-12)


def test_standard_error_of_equal_losses_is_zero():
    assert scores_of([2.0, 2.0, 2.0]).mean_loss_se == 0.0


def test_mean_is_taken_in_double_precision():
    # Added one by one in fp32, 2^24 is a wall that ones cannot pass.
    assert scores_of([2.0**24] + [1.0] * 4).mean_loss == (2.0**24 + 4) / 5


def test_scores_keep_the_order_of_the_stream(model, tokens):
    scores = evaluate(model, tokens=tokens)
    last = EvaluationTokens(inputs=tokens.inputs[-1:], targets=tokens.targets[-1:])

    np.testing.assert_allclose(scores.loss_nats[-16:], evaluate(model, tokens=last).loss_nats, rtol=1e-4, atol=1e-4)
    assert len(scores.loss_nats) == 150 * 16


def test_evaluation_leaves_the_model_as_it_was(model, tokens):
    before = [parameter.clone() for parameter in model.parameters()]

    evaluate(model, tokens=tokens)

    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_second_evaluation_gives_the_same_bits(model, tokens):
    one, other = evaluate(model, tokens=tokens), evaluate(model, tokens=tokens)

    assert one.loss_nats.tobytes() == other.loss_nats.tobytes()
