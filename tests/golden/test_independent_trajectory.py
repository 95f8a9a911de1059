"""A short run of the published schedule is compared, seed for seed, with an independent implementation's trajectory.

Tolerance: both compute in fp32 and differ in the order of sums only (one batch of 16 windows against 8 of 2, oneDNN
against MKL, fused against plain AdamW). Measured, that is 1.5e-7 of a loss and 2e-7 of a gradient norm within 14 steps;
1e-6 leaves room for other processors. It is narrow enough: a rate 1 % too high moves the third loss by 1e-6 and the
last by 8e-5, a second beta of .99 by 2e-5, an epsilon of 1e-6 by 2e-5, a warm-up one step longer by 2e-5. During
warm-up neither clipping nor decay shows; tests/workers/test_trainer.py has them.
"""

import pytest

from workers.evaluation import evaluate, evaluation_tokens
from workers.model import build_model
from workers.seed_controls import data_order_of
from workers.trainer import Trainer

NUM_STEPS = 14
TOLERANCE = 1e-6

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(params=[101, 404])
def seed(request) -> int:
    return request.param


def test_steps_and_validation_loss_agree_with_an_independent_implementation(
    published_experiment, published_corpus, naive_reference, seed
):
    config, corpus = published_experiment, published_corpus
    expected = naive_reference.train(seed=seed, stream=corpus.train, validation=corpus.validation, num_steps=NUM_STEPS)
    model = build_model(config.model, seed=seed)
    order = data_order_of(config, seed=seed, num_train_tokens=len(corpus.train))
    trainer = Trainer(model, stream=corpus.train, order=order, optimization=config.optimization)

    steps = [trainer.take_step() for _ in range(NUM_STEPS)]
    tokens = evaluation_tokens(corpus.validation, config=config.evaluation, context_length=config.model.context_length)
    val_loss = evaluate(model, tokens=tokens).mean_loss

    assert [step.loss for step in steps] == pytest.approx(expected.train_losses, rel=TOLERANCE)
    assert [step.grad_norm for step in steps] == pytest.approx(expected.grad_norms, rel=TOLERANCE)
    assert val_loss == pytest.approx(expected.val_loss, rel=TOLERANCE)
