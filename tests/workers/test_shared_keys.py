"""Models with shared keys and heads of their own learn what transformers' Llama learns, alone and stacked."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from configs.load import load_experiment
from workers.initial_model import initial_model
from workers.kernels.build import build_kernels
from workers.kernels.library import KernelLibrary
from workers.kernels.passes import CompiledPasses
from workers.model import build_model
from workers.seed_controls import data_order_of
from workers.stack.open_trainer import open_stacked_trainer
from workers.trainer import Trainer
from workers.windows import cut_windows

pytestmark = pytest.mark.usefixtures("one_thread")

NUM_STEPS = 8
SMALL = (
    "seeds=[1, 2, 3]",
    "model.context_length=16",
    "optimization.learning_rate=1.0e-2",
    "optimization.final_learning_rate=1.0e-3",
    "optimization.warmup_tokens=128",
    "optimization.decay_tokens=1024",
    "optimization.weight_decay=0.1",
    "schedule.budget_tokens=1024",
    "schedule.every_tokens=512",
    "schedule.tokens_per_step=128",
    "evaluation.tokens=64",
    "precision=fp32",
    "placement.device=cpu",
    "placement.threads_per_run=1",
    "placement.tokens_at_once=48",
    "conditions={}",
)


@pytest.fixture(scope="module")
def stream():
    return np.random.default_rng(3).integers(0, 400, size=900, dtype=np.uint16)


@pytest.fixture
def config(llama_directory):
    overrides = [f"model.directory={llama_directory}", *SMALL]
    return load_experiment("token-scale-tinyllama", overrides=overrides)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    return CompiledPasses(KernelLibrary(build_kernels(tmp_path_factory.mktemp("kernels"))))


def trainer_of(config, stream, *, seed, passes=None):
    return Trainer(
        initial_model(config.model, seed=seed, passes=passes),
        stream=stream,
        order=data_order_of(config, seed=seed, num_train_tokens=len(stream)),
        optimization=config.optimization,
        tokens_at_once=config.placement.tokens_at_once,
    )


def losses_of_transformers(transformers, config, stream, *, seed):
    """A loop of its own: transformers' model, torch's AdamW, the whole step at once."""
    model = transformers.LlamaForCausalLM.from_pretrained(config.model.directory, dtype=torch.float32)
    settings = config.optimization
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    order = data_order_of(config, seed=seed, num_train_tokens=len(stream))
    losses = []
    for step in range(NUM_STEPS):
        inputs, targets = cut_windows(stream, starts=order.starts(step), context_length=16)
        logits = model(input_ids=inputs, use_cache=False).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = settings.rate_at(step * 128)
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("kernels", ["torch", "compiled"])
def test_losses_of_steps_are_those_of_transformers(transformers, config, stream, compiled, kernels):
    expected = losses_of_transformers(transformers, config, stream, seed=2)
    trainer = trainer_of(config, stream, seed=2, passes=compiled if kernels == "compiled" else None)

    losses = [trainer.take_step().loss for _ in range(NUM_STEPS)]

    assert losses == pytest.approx(expected, rel=1e-5)
    assert expected[-1] < expected[0] - 0.01


def test_each_seed_of_a_stack_learns_what_it_learns_alone(config, stream):
    seeds = (1, 3)
    orders = [data_order_of(config, seed=seed, num_train_tokens=len(stream)) for seed in seeds]
    stack = open_stacked_trainer(config, initialization_seeds=seeds, orders=orders, stream=stream)

    shown = stack.take_steps(NUM_STEPS)

    for index, seed in enumerate(seeds):
        alone = trainer_of(config, stream, seed=seed)
        steps = [alone.take_step() for _ in range(NUM_STEPS)]
        assert shown.loss[:, index] == pytest.approx([step.loss for step in steps], rel=1e-5)
        assert shown.grad_norm[:, index] == pytest.approx([step.grad_norm for step in steps], rel=1e-4)
        for name, parameter in alone.model.named_parameters():
            difference = (stack.weights_of(index)[name] - parameter.detach()).norm() / parameter.detach().norm()
            assert difference.item() < 1e-3, name  # a moment near nothing may turn a step of single weights around


@pytest.mark.parametrize("at_once", [16, 48, 128, 1_000])
def test_a_step_in_parts_is_the_step_as_a_whole(config, stream, at_once):
    whole, parts = (
        open_stacked_trainer(
            config.with_placement(tokens_at_once=tokens),
            initialization_seeds=(1,),
            orders=[data_order_of(config, seed=1, num_train_tokens=len(stream))],
            stream=stream,
        ).take_steps(3)
        for tokens in (None, at_once)
    )

    assert parts.loss == pytest.approx(whole.loss, rel=1e-5)
    assert parts.grad_norm == pytest.approx(whole.grad_norm, rel=1e-5)


def test_a_restored_stack_goes_on_bit_for_bit(config, stream):
    def stack():
        orders = [data_order_of(config, seed=1, num_train_tokens=len(stream))]
        return open_stacked_trainer(config, initialization_seeds=(1,), orders=orders, stream=stream)

    whole, first, resumed = stack(), stack(), stack()
    expected = whole.take_steps(NUM_STEPS)
    first.take_steps(3)

    resumed.restore(weights=[first.weights_of(0)], optimizers=[first.optimizer_tensors_of(0)], num_steps=3)

    assert (resumed.take_steps(NUM_STEPS - 3).loss == expected.loss[3:]).all()


def test_a_head_of_its_own_is_drawn_and_trained(tiny_experiment, tiny_corpus):
    config = tiny_experiment("model.tied_head=false", "model.num_kv_heads=1")
    model = build_model(config.model, seed=1)
    before = model.head.weight.detach().clone()
    order = data_order_of(config, seed=1, num_train_tokens=500)

    Trainer(model, stream=tiny_corpus.train, order=order, optimization=config.optimization).take_step()

    assert [name for name, _ in model.named_parameters()][-1] == "head.weight"
    assert model.layers[0].attention.key.weight.shape == (8, 16)
    assert sum(parameter.numel() for parameter in model.parameters()) == config.model.num_parameters
    assert before.std().item() == pytest.approx(0.02, rel=0.05)
    assert not torch.equal(before, model.embedding.weight)
    assert not torch.equal(before, model.head.weight)
