"""Tables of texts and of choices: losses per token by hand, verdicts on size, what seeds may count."""

import numpy as np
import pytest

from analysis.trends.choice_tables import AnsweredChoices, choice_findings, choice_table
from analysis.trends.choices import ChoiceTable
from analysis.trends.text_tables import ScoredTexts, text_scaling, text_table
from analysis.undefined import Undefined

SIZES = {"small": 1_000, "large": 8_000}


def scored(condition, losses, *, interval=1, is_writer=(False, False, True)):
    """Three seeds, one set of noised and one of written texts, each of two texts of 10 and 30 tokens."""
    per_token = np.array(losses)[:, :, None]
    return ScoredTexts(
        condition=condition,
        interval=interval,
        step=100 * interval,
        tokens=None,
        seeds=(1, 2, 3),
        names=("noise-20", "small-minus-large/greedy"),
        loss_nats=per_token * np.array([10, 30]),
        num_tokens=np.array([[10, 30], [10, 30]]),
        is_writer=is_writer,
    )


def test_loss_is_per_token_and_its_error_that_of_a_ratio():
    uneven = ScoredTexts(
        "small", 0, 0, None, (1,), ("noise-20",), np.array([[[20.0, 30.0, 0.0]]]), np.array([[10, 30, 0]]), (False,)
    )

    (row,) = text_table([uneven]).to_dict("records")

    assert (row["num_texts"], row["num_tokens"], row["loss_nats"]) == (2, 40, 1.25)
    assert row["perplexity"] == pytest.approx(np.exp(1.25))
    # Deviations 20 - 12.5 and 30 - 37.5, SD 7.5 sqrt(2); over a mean of 20 tokens and sqrt(2) texts.
    assert row["loss_se"] == pytest.approx(7.5 / 20)


def test_verdict_on_size_comes_from_the_last_interval_and_from_seeds_that_did_not_write():
    table = text_table(
        [
            scored("small", [[9.0, 9.0]] * 3, interval=0),
            scored("small", [[4.0, 3.0], [4.1, 3.1], [4.0, 9.0]]),
            scored("large", [[3.0, 4.0], [3.1, 4.1], [3.0, 1.0]]),
        ]
    )

    noise, written = text_scaling(table, num_parameters=SIZES)

    # -1 nat for ln 8 of size.
    assert noise.slope.mean == pytest.approx(-1 / np.log(8))
    assert (noise.slope.n, noise.verdict) == (3, "larger models predict better")
    assert written.slope.mean == pytest.approx(1 / np.log(8))
    assert (written.slope.n, written.verdict) == (2, "larger models predict worse")


def test_texts_whose_only_seed_wrote_them_say_so():
    lone = [
        ScoredTexts(name, 1, 100, None, (1,), ("small/greedy",), np.full((1, 1, 1), 30.0), np.array([[10]]), (True,))
        for name in SIZES
    ]

    (written,) = text_scaling(text_table(lone), num_parameters=SIZES)

    assert written.verdict == "no seed is left but the one whose models wrote them"


def test_one_size_has_no_verdict():
    (noise, _) = text_scaling(text_table([scored("small", [[4.0, 3.0]] * 3)]), num_parameters={"small": 1_000})

    assert noise.slope == Undefined("1 size; a slope over sizes needs 2")


ITEMS = ChoiceTable(
    item=np.array([0, 0, 1, 1]),
    is_correct=np.array([True, False, False, True]),
    num_tokens=np.ones(4, dtype=int),
    task=("name", "toy"),
)
RIGHT, WRONG = [-1.0, -2.0, -2.0, -1.0], [-2.0, -1.0, -1.0, -2.0]
HALF = [-1.0, -2.0, -1.0, -2.0]


def answered(condition, answers, *, interval, loss):
    return AnsweredChoices(condition, interval, interval, None, (1, 2), np.array(answers), {1: loss, 2: loss + 0.01})


def test_accuracy_follows_loss_over_sizes_and_grows_with_them():
    rows = choice_table(
        [
            answered("small", [WRONG, WRONG], interval=0, loss=6.0),
            answered("small", [HALF, WRONG], interval=1, loss=4.0),
            answered("large", [WRONG, WRONG], interval=0, loss=6.1),
            answered("large", [RIGHT, HALF], interval=1, loss=3.0),
        ],
        table=ITEMS,
    )

    every, name, toy = choice_findings(rows, sizes=("small", "large"))

    assert (every.task, name.task, toy.task) == ("all", "name", "toy")
    # Seed 1: accuracies 0, .5, 0, 1 with losses 6, 4, 6.1, 3: rho = -.9487 (scipy.stats.spearmanr).
    assert every.with_loss.per_seed[0] == pytest.approx(-0.9486832980505139)
    assert every.with_loss.num_points == 4
    assert every.within["small"].per_seed[0] == Undefined("2 checkpoints; ranks need 3")
    # One step from .5 to 1: I = .5 over a root mean square, and a root median square, of .5.
    assert (every.per_seed[1].linearity, every.per_seed[1].breakthroughness) == (pytest.approx(1), pytest.approx(1))
    assert every.of_mean.linearity == pytest.approx(1)


def test_options_have_their_perplexity_once_for_all_tasks():
    rows = choice_table([answered("small", [RIGHT, WRONG], interval=0, loss=6.0)], table=ITEMS)

    every = rows[rows["task"] == "all"]
    assert every["correct_perplexity"].tolist() == pytest.approx([np.e, np.e**2])
    assert every["incorrect_perplexity"].tolist() == pytest.approx([np.e**2, np.e])
    assert rows[rows["task"] == "toy"]["correct_perplexity"].isna().all()
