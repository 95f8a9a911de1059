"""What fell when, by how much the number of tokens moves it, and how alike seeds rank."""

import numpy as np
import pytest

from analysis.probes.entropy_dynamics import rank_distance, summarize_dynamics
from analysis.probes.entropy_summary import entropy_sentences, entropy_summary
from analysis.probes.entropy_table import ScoredGroup, entropy_table


def _group(interval: int, *, step: int, loss: float, ranks: list[list[int]]) -> ScoredGroup:
    rank = np.array(ranks)
    return ScoredGroup(
        condition="base",
        interval=interval,
        step=step,
        tokens=None,
        arrays={
            "seeds": np.array([7, 8]),
            "loss_nats": np.full(rank.shape, loss),
            "rank": rank,
            "num_ties": np.zeros_like(rank),
            "num_parameters": np.array(30),
            "num_embedding_parameters": np.array(10),
        },
    )


@pytest.fixture
def groups() -> list[ScoredGroup]:
    """The loss falls by 1 from step 0 to 1 and by 3 from 1 to 15; ranks are settled from step 1 on."""
    settled = [[0, 0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 0, 0, 1, 1, 2]]
    return [
        _group(0, step=0, loss=5.0, ranks=[list(range(8)), list(range(8))]),
        _group(1, step=1, loss=4.0, ranks=settled),
        _group(2, step=15, loss=1.0, ranks=settled),
    ]


def test_half_way_steps_are_interpolated_in_the_logarithm_of_the_step(groups) -> None:
    summary = summarize_dynamics(entropy_table(groups), groups=groups)

    # The loss is half-way at 3, a third of the way from ln 2 to ln 16: exp(ln 2 + ln(8) / 3) - 1 = 3.
    assert summary["half_way_step"]["cross_entropy"]["mean"] == pytest.approx(3.0)
    # The error entropy is settled at step 1, and nothing was measured between 0 and 1.
    assert summary["half_way_step"]["error_entropy"] == {
        "undefined": "half of the change is made before step 1, the first step measured after 0"
    }
    assert summary["num_non_embedding_parameters"] == 20


def test_changes_of_the_parts_sum_to_the_change_of_the_loss(groups) -> None:
    change = summarize_dynamics(entropy_table(groups), groups=groups)["change"]

    parts = sum(change[part]["mean"] for part in ("error_entropy", "self_alignment", "minus_log_norm"))
    assert change["cross_entropy"]["mean"] == pytest.approx(-4.0)
    assert parts == pytest.approx(-4.0)


def test_subsets_show_how_the_number_of_tokens_moves_the_entropy(groups) -> None:
    subsets = summarize_dynamics(entropy_table(groups), groups=groups)["subsets"]

    first = {subset["num_tokens"]: subset["error_entropy_nats"] for subset in subsets if subset["step"] == 0}
    assert first == pytest.approx({8: np.log(8), 4: np.log(4), 2: np.log(2)})


def test_rank_distance_is_that_of_jensen_and_shannon(groups) -> None:
    from scipy.spatial.distance import jensenshannon

    apart = _group(0, step=0, loss=1.0, ranks=[[0, 0, 1, 2], [0, 1, 1, 1]])

    assert rank_distance(groups[0]) == {"mean": 0.0, "largest": 0.0}
    assert rank_distance(apart)["mean"] == pytest.approx(jensenshannon([0.5, 0.25, 0.25], [0.25, 0.75, 0.0]))


def test_one_interval_has_no_half_way(groups) -> None:
    summary = summarize_dynamics(entropy_table(groups[:1]), groups=groups[:1])

    assert summary["half_way_step"]["cross_entropy"] == {"undefined": "one interval shows no change"}
    assert summary["last"]["cross_entropy"]["mean"] == pytest.approx(5.0)


def test_sentences_name_every_part_and_say_why_some_have_no_half_way_step(groups) -> None:
    _, half_way, *undefined = entropy_sentences(entropy_summary(entropy_table(groups), groups=groups))

    # Minus log norm is 5 - ln 8, 4 - ln 3 and 1 - ln 3; half of the change is made .497 of the way from ln 2 to ln 16.
    assert half_way == "base: half of the change is made in minus log norm by step 5 [5, 5]."
    assert undefined == [
        "base: no half-way step of error entropy and self-alignment: half of the change is made before step 1, the "
        "first step measured after 0."
    ]


def test_one_seed_has_no_mean_in_its_sentence(groups) -> None:
    table = entropy_table(groups)

    first, *_ = entropy_sentences(entropy_summary(table[table.seed == 7], groups=groups))

    assert "(1 seed, 8 tokens, " in first


def test_condition_in_which_no_seed_is_complete_is_told_of_without_numbers(groups) -> None:
    table = entropy_table(groups)
    holes = ((table.seed == 7) & (table.interval == 1)) | ((table.seed == 8) & (table.interval == 2))

    (sentence,) = entropy_sentences(entropy_summary(table[~holes], groups=groups))

    assert sentence == "base: no seed has every interval, so only the table tells of it."
