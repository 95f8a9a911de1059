"""A step is clipped AdamW at the rate of its tokens, stops at what is not finite, and can be gone on from."""

import math

import numpy as np
import pytest
import torch

from configs.errors import NonFiniteLossError
from workers.data_order import SequentialOrder, ShuffledOrder
from workers.model import Llama, build_model
from workers.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def make_trainer(tiny_experiment, tiny_corpus):
    """A function from overrides to a trainer of the tiny model."""

    def make(*overrides: str, seed: int = 1) -> Trainer:
        config = tiny_experiment(*overrides)
        order = ShuffledOrder(len(tiny_corpus.train), 8, 4, seed)
        model = build_model(config.model, seed=seed)
        return Trainer(model, stream=tiny_corpus.train, order=order, optimization=config.optimization)

    return make


def weights_of(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in trainer.model.named_parameters()}


def windows_of(corpus, *, step: int) -> np.ndarray:
    """The four windows that seed 1 reads in a step, each of 8 tokens and the next."""
    starts = ShuffledOrder(len(corpus.train), 8, 4, 1).starts(step)
    return np.stack([corpus.train[start : start + 9] for start in starts]).astype(np.int64)


def gradients_of(model: Llama, *, windows: np.ndarray) -> dict[str, np.ndarray]:
    """Gradients before clipping, in float64."""
    logits = model(torch.from_numpy(windows[:, :-1])).flatten(0, 1)
    loss = -torch.log_softmax(logits, -1).gather(1, torch.from_numpy(windows[:, 1:]).reshape(-1, 1)).mean()
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return {name: g.double().numpy() for (name, _), g in zip(model.named_parameters(), gradients, strict=True)}


@pytest.mark.parametrize("clip_norm", [0.05, 100.0])
def test_steps_are_clipped_adamw(make_trainer, tiny_corpus, clip_norm):
    # AdamW by hand in float64 (Loshchilov and Hutter 2019, algorithm 2), all tensors decayed. With a small epsilon the
    # scale of the gradients, and with it the clipping, would hardly show.
    settings = (f"optimization.clip_norm={clip_norm}", "optimization.weight_decay=0.5", "optimization.epsilon=1.0e-3")
    trainer = make_trainer(*settings)
    expected = {name: weight.double().numpy() for name, weight in weights_of(trainer).items()}
    first = {name: np.zeros_like(weight) for name, weight in expected.items()}
    second = {name: np.zeros_like(weight) for name, weight in expected.items()}

    for step in range(1, 4):
        gradients = gradients_of(trainer.model, windows=windows_of(tiny_corpus, step=step - 1))
        norm = math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients.values()))
        rate = 1e-2 * max(1, (step - 1) * 32) / 64 if step <= 2 else 1e-2
        result = trainer.take_step()
        for name, gradient in gradients.items():
            clipped = gradient * min(1.0, clip_norm / norm)
            first[name] = 0.9 * first[name] + 0.1 * clipped
            second[name] = 0.95 * second[name] + 0.05 * clipped**2
            direction = first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.95**step)) + 1e-3)
            expected[name] = expected[name] * (1 - rate * 0.5) - rate * direction
        assert result.grad_norm == pytest.approx(norm, rel=1e-5)
        assert result.learning_rate == pytest.approx(rate, rel=1e-12)
        for name, weight in weights_of(trainer).items():
            # fp32 holds a gain near 1 to 6e-8; the rest is the rounding of the gradients.
            np.testing.assert_allclose(weight.numpy(), expected[name], rtol=1e-6, atol=rate * 1e-4, err_msg=name)


def test_loss_is_the_mean_over_the_windows_before_the_update(make_trainer, tiny_corpus):
    trainer = make_trainer()
    windows = windows_of(tiny_corpus, step=0)
    with torch.no_grad():
        probabilities = trainer.model(torch.from_numpy(windows[:, :-1])).double().softmax(-1)
    expected = -probabilities.gather(2, torch.from_numpy(windows[:, 1:, None])).log().mean().item()

    assert trainer.take_step().loss == pytest.approx(expected, rel=1e-6)


def test_rate_follows_the_tokens_seen_before_the_step(make_trainer):
    trainer = make_trainer()

    rates = [trainer.take_step().learning_rate for _ in range(12)]

    # Warm-up over 64 tokens of 32 a step, then the cosine from 1e-2 to 1e-3 at 384 tokens.
    cosine = [1e-3 + 0.5 * (1 + math.cos(math.pi * (32 * step - 64) / 320)) * 9e-3 for step in range(2, 12)]
    assert rates == pytest.approx([1e-2 / 64, 5e-3, *cosine], rel=1e-12)


def test_training_learns(make_trainer):
    trainer = make_trainer()

    losses = [trainer.take_step().loss for _ in range(40)]

    assert losses[0] == pytest.approx(math.log(260), abs=0.1)  # nothing known: each of 260 tokens alike
    assert losses[-1] < losses[0] - 1.0  # only 52 tokens occur, which alone is worth log(260 / 52) = 1.6


def test_optimizer_is_empty_before_a_step(make_trainer):
    assert make_trainer().optimizer_tensors() == {}


def test_optimizer_has_two_moments_of_every_parameter(make_trainer):
    trainer = make_trainer()
    trainer.take_step()

    names = {name for name, _ in trainer.model.named_parameters()}

    assert trainer.optimizer_tensors().keys() == {f"{m}.{name}" for m in ("exp_avg", "exp_avg_sq") for name in names}


def test_same_seed_trains_to_the_same_bits(make_trainer):
    one, other = make_trainer(), make_trainer()

    results = [[trainer.take_step() for _ in range(8)] for trainer in (one, other)]

    assert results[0] == results[1]
    assert all(torch.equal(weights_of(one)[name], weight) for name, weight in weights_of(other).items())


@pytest.mark.parametrize("num_steps_before", [0, 1, 5])
def test_restored_training_equals_uninterrupted_training(make_trainer, num_steps_before):
    undisturbed = make_trainer()
    for _ in range(num_steps_before):
        undisturbed.take_step()
    weights = weights_of(undisturbed)
    optimizer = {name: tensor.clone() for name, tensor in undisturbed.optimizer_tensors().items()}
    resumed = make_trainer(seed=1)
    resumed.model.load_state_dict(build_model(resumed.model.config, seed=99).state_dict())

    resumed.restore(weights=weights, optimizer=optimizer, num_steps=num_steps_before)

    assert resumed.num_steps == num_steps_before
    assert [resumed.take_step() for _ in range(5)] == [undisturbed.take_step() for _ in range(5)]
    assert all(torch.equal(weights_of(resumed)[name], weight) for name, weight in weights_of(undisturbed).items())
    moments = undisturbed.optimizer_tensors()
    assert all(torch.equal(tensor, moments[name]) for name, tensor in resumed.optimizer_tensors().items())


def test_training_goes_on_without_touching_what_it_was_restored_from(make_trainer):
    trainer = make_trainer()
    trainer.take_step()
    weights, optimizer = weights_of(trainer), {k: v.clone() for k, v in trainer.optimizer_tensors().items()}
    copies = {name: tensor.clone() for name, tensor in (weights | optimizer).items()}

    resumed = make_trainer()
    resumed.restore(weights=weights, optimizer=optimizer, num_steps=1)
    resumed.take_step()

    assert all(torch.equal(tensor, copies[name]) for name, tensor in (weights | optimizer).items())


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_loss_that_is_not_finite_stops_before_the_update(make_trainer, poison):
    trainer = make_trainer()
    trainer.take_step()
    with torch.no_grad():
        trainer.model.layers[0].mlp.up.weight[0, 0] = poison
    before = weights_of(trainer)

    with pytest.raises(NonFiniteLossError, match=r"step 2 gave loss=nan and gradient norm=nan"):
        trainer.take_step()

    assert trainer.num_steps == 1
    torch.testing.assert_close(weights_of(trainer), before, rtol=0, atol=0, equal_nan=True)


def test_error_tells_the_last_finite_loss_and_the_remedy(make_trainer):
    trainer = make_trainer()
    last = trainer.take_step().loss
    with torch.no_grad():
        trainer.model.norm.gain.fill_(math.nan)

    with pytest.raises(NonFiniteLossError) as caught:
        trainer.take_step()

    assert f"the last finite loss was {last}." in str(caught.value)
    assert str(caught.value).endswith("Lower optimization.learning_rate or lengthen optimization.warmup_tokens.")


def test_error_at_the_first_step_says_that_none_was_finite(make_trainer):
    trainer = make_trainer()
    with torch.no_grad():
        trainer.model.norm.gain.fill_(math.nan)

    with pytest.raises(NonFiniteLossError, match=r"step 1 gave loss=nan .*; no finite one came before"):
        trainer.take_step()


def test_step_reads_the_windows_of_its_order(tiny_experiment, tiny_corpus):
    config = tiny_experiment()
    trainers = [
        Trainer(
            build_model(config.model, seed=1),
            stream=stream,
            order=SequentialOrder(500, 8, 4),
            optimization=config.optimization,
        )
        for stream in (tiny_corpus.train, np.concatenate([tiny_corpus.train[:33], np.zeros(467, dtype=np.uint16)]))
    ]

    first, second = ([trainer.take_step().loss for _ in range(2)] for trainer in trainers)

    # Step 1 reads tokens 0 to 32, step 2 goes on behind them.
    assert first[0] == second[0]
    assert first[1] != second[1]
