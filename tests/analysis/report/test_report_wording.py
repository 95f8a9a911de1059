"""Each number of the report is named: what it is, of what, and in the words of the data."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.report.facts import ReportFacts
from analysis.report.sections.answer import Answer
from analysis.report.sections.contrasts import Contrasts
from analysis.report.sections.correlation import Correlation
from analysis.report.sections.heat_map import HeatMap
from analysis.report.sections.limits import Limits
from analysis.report.sections.methods import Methods
from analysis.report.sections.omnibus import Omnibus
from analysis.report.sections.planning import Planning
from analysis.report.sections.spread import Spread
from analysis.report.sections.stopping import Stopping
from analysis.report.sections.summaries import Summaries
from analysis.report.sections.telemetry import Telemetry
from analysis.report.sections.trajectories import Trajectories
from analysis.report.words import said_of


@pytest.fixture
def falling(make_frame: Any) -> pd.DataFrame:
    """Six seeds that fall to their last level, a tenth at each."""
    frame: pd.DataFrame = make_frame(seeds=[1, 2, 3, 4, 5, 6], num_levels=9)
    noise = np.random.default_rng(5).normal(0, 0.01, len(frame))
    return frame.assign(val_loss=3 - 0.1 * frame["interval"].astype(float) + noise)


@pytest.fixture
def in_steps(make_frame: Any, facts_of: Any) -> ReportFacts:
    """Six seeds at steps 0, 500, ..., 4000."""
    frame = make_frame(seeds=[1, 2, 3, 4, 5, 6], num_levels=9).rename(columns={"interval": "global_step"})
    return facts_of(frame.assign(global_step=500 * frame["global_step"]), within="global_step")


@pytest.fixture
def stopped_facts(make_frame: Any, facts_of: Any) -> Callable[[int], ReportFacts]:
    """A function from the last interval that was planned to facts of a run that every seed left at interval 8."""

    def make(planned: int) -> ReportFacts:
        facts: ReportFacts = facts_of(make_frame(seeds=[1, 2, 3, 4], num_levels=9))
        facts.conditions[0].statistics["audit"]["missing_cells"] = [
            {"condition": "base", "seed": seed, "interval": interval}
            for seed in (1, 2, 3, 4)
            for interval in range(9, planned + 1)
        ]
        return facts

    return make


def test_floor_of_many_comparisons_is_named_with_its_correction(falling: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(falling), sections=(Planning(),))

    assert "least p, Bonferroni | least p, max-T" in words
    # 8 x 2 / 2^6 and 2 / 2^6
    assert re.search(r"every interval against a reference \| 8 \|.*\| \.250 \| \.031 \|", words)


def test_minimum_at_the_end_leaves_nothing_to_compare_with_noise(falling: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(falling), sections=(Summaries(),))

    assert "| final minus own minimum | 0.0000 | the same for all |" in words
    assert "No seed ends above its own minimum" in words
    assert "flat trajectory" not in words
    assert "final minus value at" not in words


def test_rise_is_set_beside_what_noise_alone_would_do(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(make_frame(seeds=[1, 2, 3, 4], num_levels=9)), sections=(Summaries(),))

    assert "9 intervals of a flat trajectory with independent noise would end" in words
    assert "residual SD of the repeated measures" in words


def test_interval_of_what_cannot_be_negative_ends_at_zero(falling: Any, facts_of: Any, words_of: Any) -> None:
    is_last_of_one = (falling["seed"] == 1) & (falling["interval"] == 8)
    one_rises = falling.assign(val_loss=falling["val_loss"] + is_last_of_one)

    answer, summaries = (words_of(facts_of(one_rises), sections=(section,)) for section in (Answer(), Summaries()))

    assert "(95 % t interval [0.0000, " in answer
    assert "1 of 6 seeds ends above it" in answer
    assert re.search(r"final minus own minimum \| [\d.]+ \| \[0\.0000, ", summaries)


def test_changes_set_aside_are_explained_where_the_seeds_share_the_rest(
    falling: Any, facts_of: Any, words_of: Any
) -> None:
    words = words_of(facts_of(falling), sections=(Spread(),))

    assert "the first 5 changes, up to interval 5, are set aside, since they hold the first drop" in words
    assert "The 3 changes of each seed after them correlate" in words


def test_standard_errors_of_a_loss_and_of_a_change_are_told_apart(falling: Any, facts_of: Any, words_of: Any) -> None:
    facts = facts_of(falling)
    robust = facts.conditions[0].statistics["telemetry"]["robust"]
    robust["median_standard_error"] = 0.0071

    words = words_of(facts, sections=(Telemetry(),))

    assert "±0.0142 nats, 2 times the standard error of a change, 0.0071 nats" in words
    assert words.count("0.0071") == 1


def test_limit_of_step_spikes_says_which_bound_it_is(falling: Any, facts_of: Any, words_of: Any) -> None:
    facts = facts_of(falling)
    series = {"text": "0 of 1,632 steps", "rate_low95": 0.0, "rate_high95": 0.0022578}
    facts.conditions[0].statistics["telemetry"]["robust"]["step_spikes"] = {
        "sd_multiple": 6.0,
        "window": 128,
        "series": {"grad_norm": series},
    }

    words = words_of(facts, sections=(Telemetry(),))

    # R 4.2.2: binom.test(0, 1632)$conf.int gives 0.000000000 0.002257755
    assert "gradient norm, beyond 6 SD of the previous 128 steps: 0 of 1,632 steps, a rate of 0 to 0.23 %" in words
    assert "two-sided 95 % interval of Clopper and Pearson" in words


def test_cells_of_the_published_stable_phase_have_their_denominators(
    falling: Any, facts_of: Any, words_of: Any
) -> None:
    words = words_of(facts_of(falling), sections=(Telemetry(),))

    assert re.search(r"\d+ of 42 cells with a volatility; at or below the volatility cutoff: \d+ of these 42;", words)
    assert re.search(r"at most 1 backslide in the window: \d+ of 48 cells with a delta", words)


def test_seed_that_is_left_out_is_named_in_the_methods_text(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    frame = make_frame(seeds=[1, 2, 3, 4, 5, 6], num_levels=9)
    gap = (frame["seed"] == 3) & (frame["interval"] == 4)

    words = words_of(facts_of(frame[~gap]), sections=(Methods(),))

    assert "seeds are the subjects (n = 5), at 9 intervals. Seed 3 was left out: missing at interval 4." in words


@pytest.mark.parametrize(("planned", "is_cut"), [(8, False), (20, True)])
def test_answer_of_a_stopped_run_says_up_to_where_it_goes(
    planned: int, is_cut: bool, stopped_facts: Callable[[int], ReportFacts], words_of: Any
) -> None:
    words = words_of(stopped_facts(planned), sections=(Answer(),))

    assert ("So far: the runs were to go on, and what follows goes up to interval 8." in words) is is_cut


def test_comparison_with_a_last_level_that_is_lowest_is_printed_once(
    falling: Any, facts_of: Any, words_of: Any
) -> None:
    words = words_of(facts_of(falling), sections=(Contrasts(),))

    assert "minus that of interval 8 (the last)" in words
    assert "chosen from the data), nats" not in words
    assert "The lowest mean is at interval 8 as well, and the differences from it are given above." in words
    assert "36 pairs of intervals" in words


def test_lowest_level_of_its_own_has_a_table_of_its_own(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(make_frame(seeds=[1, 2, 3, 4], num_levels=9)), sections=(Contrasts(),))

    assert "(the lowest mean, chosen from the data), nats" in words
    assert "as well" not in words


@pytest.mark.parametrize("first", [3.0, 30.0])
def test_first_level_is_said_to_be_beyond_the_axis_where_it_is(
    first: float, falling: Any, facts_of: Any, words_of: Any
) -> None:
    frame = falling.assign(val_loss=falling["val_loss"].where(falling["interval"] > 0, first))

    words = words_of(facts_of(frame), sections=(Trajectories(),))

    assert ("Interval 0 lies far above the rest, beyond the axis" in words) is (first == 30.0)


@pytest.mark.parametrize(("first", "is_beyond"), [(2.5, False), (30.0, True)])
def test_first_level_is_said_to_be_beyond_the_colours_where_it_is(
    first: float, is_beyond: bool, falling: Any, facts_of: Any, words_of: Any
) -> None:
    frame = falling.assign(val_loss=falling["val_loss"].where(falling["interval"] > 0, first))

    words = words_of(facts_of(frame), sections=(HeatMap(),))

    assert ("The colours span the values from the second interval on" in words) is is_beyond


def test_drops_are_said_to_be_below_the_axis_where_they_are(falling: Any, facts_of: Any, words_of: Any) -> None:
    drops = falling.assign(val_loss=falling["val_loss"].where(falling["interval"] > 0, 30.0))

    even, steep = (words_of(facts_of(frame), sections=(Telemetry(),)) for frame in (falling, drops))

    assert "6 changes lie below the axis; the table has their means" in steep
    assert "below the axis" not in even


def test_levels_are_called_by_the_column_of_the_data(in_steps: ReportFacts, words_of: Any) -> None:
    words = words_of(in_steps)

    assert "6 seeds × 9 measured steps" in words
    assert "is lowest at step " in words
    assert "9 measured steps (global_step)" in words
    assert re.findall(r"\blevels?\b", words) == []
    assert re.findall(r"\b(?:at|each|every|of|\d+) intervals?\b(?! (?:of|is|excludes))", words) == []


def test_levels_of_a_run_are_intervals_throughout(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(make_frame(seeds=[1, 2, 3, 4, 5, 6], num_levels=9)))

    assert re.findall(r"\blevels?\b", words) == []


@pytest.mark.parametrize(
    ("within", "said"),
    [
        ("interval", "1 interval left; at an interval; no minimum for 3 intervals; at interval 0"),
        ("global_step", "1 measured step left; at a step; no minimum for 3 measured steps; at step 0"),
        ("budget", "1 level left; at a level; no minimum for 3 levels; at level 0"),
    ],
)
def test_sentences_of_the_statistics_are_said_in_the_words_of_the_report(within: str, said: str) -> None:
    text = "1 level left; at a level; no minimum for 3 intervals; at level 0"

    assert said_of(text, within=within) == said


def test_signs_of_formulas_are_those_of_a_page(falling: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(falling))
    without_code = re.sub(r"```.*?```", "", words, flags=re.DOTALL)

    assert "+-" not in without_code
    assert re.findall(r"\b[nk] - 1", without_code) == []
    assert "within ±0.1 nats" in words


def test_epsilon_has_two_digits_wherever_it_stands(falling: Any, facts_of: Any, words_of: Any) -> None:
    facts = facts_of(falling)
    epsilon = f"{facts.conditions[0].main['rm_anova']['epsilon']['gg']:.2f}".removeprefix("0")

    words = {
        section.id: words_of(facts, sections=(section,)) for section in (Answer(), Omnibus(), Correlation(), Methods())
    }

    assert f"eps_GG = {epsilon} [" in words["answer"]
    assert re.search(rf"\| val_loss \| 6 \| [\d,.]+ \| 8, 40 \| {re.escape(epsilon)} \| \.62 \|", words["omnibus"])
    assert f"here it is {epsilon}, " in words["correlation"]
    assert f"epsilon is {epsilon} (ceiling .62)" in words["methods"]


def test_shares_have_no_leading_zero(falling: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(falling), sections=(Spread(), Telemetry()))

    assert re.search(r"\| seeds \| consistency \| −?\.\d{3} \|", words)
    assert re.search(r"pass with probability \.\d{3} each", words)


def test_rules_that_stop_no_seed_are_one_sentence(falling: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(falling), sections=(Stopping(),))

    assert "where the training ends, so that nothing came after it." in words
    assert "No seed would have been stopped by any of these rules: no new minimum for 1 interval, " in words
    assert "| rule |" not in words


def test_singular_counts_are_in_the_singular(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    words = "".join(
        words_of(facts_of(make_frame(seeds=list(range(num_seeds)), num_levels=num_levels)))
        for num_seeds, num_levels in ((1, 9), (2, 1), (2, 2), (6, 3))
    )

    plurals = r"seeds|levels|intervals|backslides|subjects|cells|deltas|comparisons|pairs|conditions|differences"
    assert re.findall(rf"(?<![\d,.])1 (?:{plurals})\b", words) == []


def test_limits_name_no_effect_where_there_is_no_spread_to_plan_with(
    make_frame: Any, facts_of: Any, words_of: Any
) -> None:
    frame = make_frame(seeds=[1, 2, 3, 4], num_levels=5).assign(val_loss=2.0)

    assert "difference below" not in words_of(facts_of(frame), sections=(Limits(),))
