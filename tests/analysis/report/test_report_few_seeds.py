"""Where there are too few seeds to infer anything from, nothing that the report or a command says is a p."""

import re
from typing import Any

import pandas as pd
import pytest

from analysis.frame_statistics import analyze_frame
from analysis.frame_summary import summarize_frame
from analysis.report.blocks import Note, TableBlock
from analysis.report.sections.conditions import Conditions
from analysis.report.sections.methods import Methods

# "p max-T .031", "p_GG < .001", "p Holm", "least p, Bonferroni" and the like, but not "p is shown" or "no p: 3 seeds".
P = re.compile(r"p_GG|p GG|p Holm|p max-T|p sign-flip|p exact|sign-flip p|p [=<]|, p undefined|Wald chi")


@pytest.mark.parametrize("num_seeds", [1, 2, 3])
def test_report_of_three_seeds_or_fewer_shows_no_p(
    num_seeds: int, make_frame: Any, facts_of: Any, words_of: Any
) -> None:
    words = words_of(facts_of(make_frame(seeds=list(range(num_seeds)), num_levels=9)))

    assert P.findall(words) == []


def test_report_of_four_seeds_shows_p(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(make_frame(seeds=[1, 2, 3, 4], num_levels=9)))

    assert {"p_GG", "p GG", "p Holm", "p max-T", "p sign-flip"} <= set(P.findall(words))


@pytest.mark.parametrize(("num_seeds", "has_p"), [(3, False), (4, True)])
def test_conditions_of_few_seeds_are_compared_without_p(
    num_seeds: int, has_p: bool, make_frame: Any, facts_of: Any, words_of: Any
) -> None:
    frame = make_frame(seeds=list(range(num_seeds)), num_levels=5, conditions=("a", "b"))

    words = words_of(facts_of(frame), sections=(Conditions(),))

    assert "b − a" in words
    assert bool(P.search(words)) is has_p


def test_conditions_that_share_one_seed_give_one_reason_and_no_table(make_frame: Any, facts_of: Any) -> None:
    frame = make_frame(seeds=[1, 2, 3], num_levels=5, conditions=("a", "b"))
    is_measured = (frame["condition"] == "a") | (frame["seed"] == 1)

    _, *rest = Conditions().blocks(facts_of(frame[is_measured]))

    assert rest == [Note("The conditions are not compared: 1 seed is complete at 5 intervals in all 2 conditions.")]


def test_conditions_without_a_two_way_test_keep_the_differences_that_are_known(make_frame: Any, facts_of: Any) -> None:
    frame = make_frame(seeds=[1, 2, 3, 4], num_levels=5, conditions=("a", "b", "c"))
    is_measured = (frame["condition"] != "c") | (frame["seed"] == 1)

    _, note, table, *_ = Conditions().blocks(facts_of(frame[is_measured]))

    assert note == Note("No two-way test: 1 seed is complete at 5 intervals in all 3 conditions.")
    assert isinstance(table, TableBlock)
    assert {row[0] for row in table.rows} == {"b − a"}


@pytest.mark.parametrize(("num_seeds", "is_warned"), [(2, True), (3, True), (4, False)])
def test_warning_to_draw_no_inference_stands_where_no_p_does(
    num_seeds: int, is_warned: bool, make_frame: Any, facts_of: Any, words_of: Any
) -> None:
    frame = make_frame(seeds=list(range(num_seeds)), num_levels=9)

    words, printed = words_of(facts_of(frame)), " ".join(summarize_frame(analyze_frame(frame)))

    assert ("draw no inference" in words, "draw no inference" in printed) == (is_warned, is_warned)
    assert ("can only be described: nothing is inferred" in words) is is_warned
    assert bool(P.search(printed)) is not is_warned


def test_line_for_a_paper_says_why_it_has_no_p(make_frame: Any) -> None:
    metric = analyze_frame(make_frame(seeds=[1, 2, 3], num_levels=9))["metrics"]["val_loss"]

    assert re.fullmatch(
        r"F\(8, 16\) = [\d,.]+, eps_GG = \.\d\d \[ceiling \.25\], ges > \.99; no p: 3 seeds are only described",
        metric["apa"],
    )
    assert metric["rm_anova"]["p"]["gg"] < 0.001


def test_methods_text_of_one_seed_claims_no_interval_and_no_test(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(make_frame(seeds=[1], num_levels=9)), sections=(Methods(),))

    assert "With one seed there is no spread and no confidence interval" in words
    assert "95 %" not in words


def test_methods_text_of_three_seeds_reports_no_test(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(make_frame(seeds=[1, 2, 3], num_levels=9)), sections=(Methods(),))

    assert "3 seeds can only be described, so that no test is reported." in words
    assert "was tested" not in words


def test_warning_about_the_floor_is_written_as_the_report_writes_it(make_frame: Any) -> None:
    frame: pd.DataFrame = make_frame(seeds=[1, 2, 3, 4, 5], num_levels=9)

    statistics = analyze_frame(frame)

    # 2 / 2^5 = .0625, to three digits as everywhere else
    assert "val_loss: with 5 seeds the exact sign-flip p cannot fall below .062" in statistics["audit"]["warnings"]
    assert "(floor .062)" in statistics["metrics"]["val_loss"]["apa"]
