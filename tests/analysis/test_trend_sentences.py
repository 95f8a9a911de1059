"""Sentences of a study of trends count right, write shares one way, and say what cannot be said."""

import numpy as np
import pytest

from analysis.trends.choice_tables import AnsweredChoices, choice_findings, choice_table
from analysis.trends.choices import ChoiceTable
from analysis.trends.text_tables import ScoredTexts, text_scaling, text_table
from analysis.trends.token_trends import find_token_trends
from analysis.trends.trajectories import TokenTrajectories
from analysis.trends.trend_sentences import trend_sentences
from analysis.trends.trend_summary import ChoiceFacts, TextFacts, TrendFacts

ITEMS = ChoiceTable(
    item=np.array([0, 0]), is_correct=np.array([True, False]), num_tokens=np.ones(2, dtype=int), task=("toy",)
)


@pytest.fixture
def facts():
    """A function that makes what a study of so many seeds, sizes and checkpoints found."""

    def make(*, num_seeds: int = 1, sizes: tuple[int, ...] = (1_000,), num_steps: int = 6, num_left_out: int = 0):
        names = {f"size-{size}": size for size in sizes}
        seeds = tuple(range(num_seeds))
        steps = np.arange(num_steps)
        rng = np.random.default_rng(0)
        trajectories = [
            TokenTrajectories(
                condition=name,
                seeds=seeds,
                intervals=tuple(range(num_steps)),
                steps=steps,
                tokens=steps,
                losses=rng.uniform(2, 4, (num_seeds, 50, num_steps)).astype(np.float32),
                num_parameters=size,
            )
            for name, size in names.items()
        ]
        texts = text_table([_texts(name, seeds=seeds, loss=100 / size) for name, size in names.items()])
        rows = choice_table(
            [_answers(name, seeds=seeds, step=step, loss=4 - step / 9) for name in names for step in range(num_steps)],
            table=ITEMS,
        )
        return TrendFacts(
            trends=find_token_trends(trajectories, starts=(0.125,)),
            starts=(0.125,),
            sizes=names,
            texts=TextFacts(text_scaling(texts, num_parameters=names), {}),
            choices=ChoiceFacts(choice_findings(rows, sizes=tuple(names)), rows, num_left_out),
        )

    return make


def _texts(name: str, *, seeds: tuple[int, ...], loss: float) -> ScoredTexts:
    losses = np.full((len(seeds), 1, 2), 10 * loss) + np.arange(len(seeds))[:, None, None] / 100
    return ScoredTexts(name, 1, 1, None, seeds, ("noise-20",), losses, np.array([[10, 10]]), (False,) * len(seeds))


def _answers(name: str, *, seeds: tuple[int, ...], step: int, loss: float) -> AnsweredChoices:
    log_probability = np.tile([-1.0 if step % 2 else -3.0, -2.0], (len(seeds), 1))
    return AnsweredChoices(name, step, step, None, seeds, log_probability, dict.fromkeys(seeds, loss))


def test_one_size_is_told_to_say_nothing_of_size(facts) -> None:
    sentences = trend_sentences(facts(num_seeds=3))

    assert (
        "With one size of model nothing can be said of size: neither what larger models predict better nor whether "
        "they answer more."
    ) in sentences
    assert not [sentence for sentence in sentences if "noise-20" in sentence]


def test_two_sizes_are_told_of_with_the_texts(facts) -> None:
    sentences = trend_sentences(facts(num_seeds=3, sizes=(1_000, 8_000)))

    assert "Larger models predict these texts better: noise-20." in sentences
    assert not [sentence for sentence in sentences if "one size" in sentence]


def test_one_seed_is_one_seed_in_every_sentence(facts) -> None:
    text = " ".join(trend_sentences(facts(sizes=(1_000, 8_000))))

    assert "(paper-index, n = 1)" in text
    assert "on 1 two-shot item at the last interval, 1 seed; chance is 50.0 %." in text
    assert "Of these texts nothing can be said about size (one seed tells nothing about the sign): noise-20." in text
    assert "1 seeds" not in text


def test_shares_are_written_one_way(facts) -> None:
    text = " ".join(trend_sentences(facts(num_seeds=3)))

    assert "after 12.5 % of training" in text
    assert text.count("%") == text.count(" %")


def test_one_checkpoint_is_counted_as_one(facts) -> None:
    text = " ".join(trend_sentences(facts(num_steps=2)))

    assert "1 checkpoint from 12.5 % of training on; a slope's p-value needs 3." in text
    assert "Whether accuracy goes with loss cannot be said: no seed has a rho: 2 checkpoints; ranks need 3." in text


def test_items_left_out_are_counted_without_a_verb_to_agree_with(facts) -> None:
    assert "Items left out, since they do not fit a window of the models: 1." in trend_sentences(facts(num_left_out=1))
