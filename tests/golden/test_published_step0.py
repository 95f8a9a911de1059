"""Before the first step, each seed's validation loss is the published one: tokenizer, slice, weights, model agree."""

import pytest

from workers.evaluation import evaluate, evaluation_tokens
from workers.model import build_model


@pytest.mark.parametrize(
    ("seed", "published_loss"),
    [
        # published-study.md section 4, from the author's result files
        (101, 8.334211),
        (202, 8.368661),
        (303, 8.364190),
        (404, 8.344798),
        (505, 8.376261),
        (606, 8.343096),
    ],
)
def test_initial_validation_loss_is_the_published_one(published_experiment, published_corpus, seed, published_loss):
    config = published_experiment
    model = build_model(config.model, seed=seed)
    tokens = evaluation_tokens(
        published_corpus.validation, config=config.evaluation, context_length=config.model.context_length
    )

    scores = evaluate(model, tokens=tokens)

    assert scores.mean_loss == pytest.approx(published_loss, abs=1e-5)
