"""Seeds trained stacked learn what they learn one by one, and do not touch each other."""

import pytest
import torch

from workers.model import build_model
from workers.seed_controls import data_order_of
from workers.stack.open_trainer import open_stacked_trainer
from workers.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")

NUM_STEPS = 12


@pytest.fixture
def orders(tiny_experiment):
    config = tiny_experiment()
    return lambda seeds: [data_order_of(config, seed=seed, num_train_tokens=500) for seed in seeds]


@pytest.fixture
def stack(tiny_experiment, tiny_corpus, orders):
    """A function that makes a trainer of several seeds."""

    def make(*seeds, initialization_seeds=None):
        return open_stacked_trainer(
            tiny_experiment(),
            initialization_seeds=initialization_seeds or seeds,
            orders=orders(seeds),
            stream=tiny_corpus.train,
        )

    return make


@pytest.mark.parametrize("seeds", [(1,), (1, 2), (3, 1, 2)])
def test_each_seed_learns_what_it_learns_alone(tiny_experiment, tiny_corpus, stack, orders, seeds):
    stacked = stack(*seeds)
    shown = stacked.take_steps(NUM_STEPS)

    for index, (seed, order) in enumerate(zip(seeds, orders(seeds), strict=True)):
        config = tiny_experiment()
        model = build_model(config.model, seed=seed)
        alone = Trainer(model, stream=tiny_corpus.train, order=order, optimization=config.optimization)
        steps = [alone.take_step() for _ in range(NUM_STEPS)]
        assert shown.loss[:, index] == pytest.approx([step.loss for step in steps], rel=1e-6)
        assert shown.grad_norm[:, index] == pytest.approx([step.grad_norm for step in steps], rel=5e-6)
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(stacked.weights_of(index)[name], parameter.detach(), rtol=1e-4, atol=1e-6)
        for name, moment in alone.optimizer_tensors().items():
            torch.testing.assert_close(stacked.optimizer_tensors_of(index)[name], moment, rtol=1e-4, atol=1e-7)


def test_initial_weights_are_the_bits_of_a_run_alone(tiny_experiment, stack):
    stacked = stack(1, 2)

    for index, seed in enumerate((1, 2)):
        for name, parameter in build_model(tiny_experiment().model, seed=seed).named_parameters():
            assert torch.equal(stacked.weights_of(index)[name], parameter.detach())
        assert stacked.optimizer_tensors_of(index) == {}


def test_a_restored_stack_goes_on_bit_for_bit(stack):
    whole, first = stack(1, 2), stack(1, 2)
    expected = whole.take_steps(NUM_STEPS)
    first.take_steps(5)
    resumed = stack(1, 2, initialization_seeds=(8, 9))

    resumed.restore(
        weights=[first.weights_of(index) for index in range(2)],
        optimizers=[first.optimizer_tensors_of(index) for index in range(2)],
        num_steps=5,
    )
    shown = resumed.take_steps(NUM_STEPS - 5)

    assert (shown.loss == expected.loss[5:]).all()
    assert (shown.grad_norm == expected.grad_norm[5:]).all()
    assert all(torch.equal(resumed.weights_of(1)[name], tensor) for name, tensor in whole.weights_of(1).items())


def test_a_seed_that_goes_wrong_leaves_the_others_as_they_are(stack):
    sound, ill = stack(1, 2), stack(1, 2)
    broken = {name: tensor * float("nan") for name, tensor in ill.weights_of(1).items()}

    ill.restore(weights=[ill.weights_of(0), broken], optimizers=[{}, {}], num_steps=0)
    shown, expected = ill.take_steps(NUM_STEPS), sound.take_steps(NUM_STEPS)

    assert (shown.loss[:, 0] == expected.loss[:, 0]).all()
    assert (shown.loss[:, 1] != shown.loss[:, 1]).all()
