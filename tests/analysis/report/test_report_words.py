"""The report says what the facts say, and what they cannot say."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, final

import pandas as pd
import pytest

from analysis.report.blocks import Block, Paragraph
from analysis.report.facts import ReportFacts
from analysis.report.section import AbstractSection
from analysis.report.sections.answer import Answer
from analysis.report.sections.limits import Limits
from analysis.report.sections.methods import Methods
from configs.errors import TableError
from configs.load import load_experiment

PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "reference" / "published-val-loss-6x21.csv"


@pytest.fixture
def run_facts(make_frame: Any, facts_of: Any) -> Callable[..., ReportFacts]:
    """A function from passes and overrides of the config to the facts of a run of six seeds and 21 intervals."""

    def make(*overrides: str, passes: float = 3.7) -> ReportFacts:
        config = load_experiment("quickstart", overrides=overrides)
        frame = make_frame(seeds=list(config.seeds), num_levels=21).assign(val_loss_se=0.025)
        manifest = {
            "created_at": "2026-01-02T03:04:05+00:00",
            "versions": {"seedscope": "0.1.0"},
            "corpus": {"unique_tokens": 110_420, "num_train_stories": 400},
            "passes": {"base": passes},
        }
        return replace(facts_of(frame), config=config, manifest=manifest)

    return make


@pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"the published table is not at {PUBLISHED}")
def test_published_table_is_answered_with_the_published_numbers(facts_of: Any, words_of: Any) -> None:
    facts = facts_of(pd.read_csv(PUBLISHED), within="interval_index")

    words = words_of(facts, sections=(Answer(),))

    # published-study.md, 6 and 7: M = 2.7996 at index 4; final minus minimum 1.103 [1.059, 1.146], 6 of 6 seeds.
    assert "lowest at interval 4: 2.7996 nats per token" in words
    assert (
        "end 1.1026 nats per token above their own minimum on average (95 % t interval [1.0588, 1.1464], n = 6" in words
    )
    # noise_only_rise in statistics.json
    assert "a flat trajectory with the same noise would end 0.0533 above its own" in words
    assert "F(20, 100) = 10,030.87, eps_GG = .15 [ceiling .25], eps_CM = .27" in words


@pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"the published table is not at {PUBLISHED}")
def test_rules_that_cannot_fire_and_a_forgone_f_are_limits_of_the_published_table(facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(pd.read_csv(PUBLISHED), within="interval_index"), sections=(Limits(),))

    assert "Whether there are spikes by the published rule, which cannot fire" in words
    assert "Whether there is a stable phase by the published rule, which cannot fire" in words
    assert "epsilon is at most .25 whatever the truth is" in words
    # 8.3552 - 2.7996 and 3.9025 - 2.7996 in its interval summary
    assert "the mean spans 5.56 with it and 1.1 without" in words


def test_partial_experiment_says_so_in_its_first_line(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    facts = facts_of(make_frame(seeds=[1, 2, 3], num_levels=4).iloc[:-2])
    for condition in facts.conditions:
        condition.statistics["audit"]["missing_cells"] = [
            {"condition": "base", "seed": 3, "interval": interval} for interval in (2, 3)
        ]

    first_line = words_of(facts).splitlines()[0]

    assert first_line == "**PARTIAL: 10 of 12 cells; missing: seed 3 intervals 2-3.**"


def test_complete_experiment_is_not_called_partial(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    assert "PARTIAL" not in words_of(facts_of(make_frame(seeds=[1, 2, 3], num_levels=4)))


@pytest.mark.parametrize(("passes", "is_said"), [(3.7, False), (4.0, False), (46.66, True)])
def test_repetition_beyond_four_passes_stands_beside_the_answer(
    passes: float, is_said: bool, run_facts: Any, words_of: Any
) -> None:
    answer, limits = (words_of(run_facts(passes=passes), sections=(section,)) for section in (Answer(), Limits()))

    assert ("46.7 passes over the same text" in answer) is is_said
    assert ("may be memorisation" in answer) is is_said
    assert ("may be memorisation" in limits) is is_said


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        (
            "[initialization]",
            "How the runs would go with another order of the data: a seed changes the initial weights alone",
        ),
        (
            "[data_order]",
            "How the runs would go with other initial weights: a seed changes the order of the data alone",
        ),
        ("[initialization, data_order]", "Which source makes the seeds differ"),
    ],
)
def test_limits_say_what_the_seeds_changed(controls: str, said: str, run_facts: Any, words_of: Any) -> None:
    facts = run_facts(f"seed_controls={controls}")

    assert said in words_of(facts, sections=(Limits(),))


@pytest.mark.parametrize(("tokens", "is_said"), [(4_096, True), (131_072, False)])
def test_small_evaluation_slice_is_a_limit(tokens: int, is_said: bool, run_facts: Any, words_of: Any) -> None:
    words = words_of(run_facts(f"evaluation.tokens={tokens}"), sections=(Limits(),))

    assert (f"one fixed slice of {tokens:,} tokens" in words) is is_said
    assert ("standard error of 0.0250 nats" in words) is is_said


def test_undefined_test_is_a_limit_with_its_reason(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    words = words_of(facts_of(make_frame(seeds=[1, 2, 3], num_levels=9)), sections=(Limits(),))

    assert "Mauchly's test of validation loss is undefined: n − 1 = 2 < k − 1 = 8" in words


def test_methods_text_has_the_numbers_of_the_config(run_facts: Any, words_of: Any) -> None:
    words = words_of(run_facts(passes=3.7), sections=(Methods(),))

    # configs/presets/quickstart.yaml: 409,600 tokens over 110,420 unique ones are 3.71 passes; width 64, 2 layers.
    assert "133,440 parameters, 2 layers, width 64" in words
    assert "from 6 seeds, each for 409,600 tokens (400 steps of 1,024 tokens), that is 3.7 passes" in words


def test_section_that_cannot_be_read_leaves_the_others(make_frame: Any, facts_of: Any, words_of: Any) -> None:
    @final
    class Broken(AbstractSection):
        id = "broken"
        title = "Broken"

        def is_there(self, facts: ReportFacts) -> bool:
            return True

        def blocks(self, facts: ReportFacts) -> Sequence[Block]:
            raise TableError("convergence.parquet is empty; run the probe again")

    @final
    class Absent(AbstractSection):
        id = "absent"
        title = "Absent"

        def is_there(self, facts: ReportFacts) -> bool:
            return False

        def blocks(self, facts: ReportFacts) -> Sequence[Block]:
            return [Paragraph("never")]

    words = words_of(facts_of(make_frame(seeds=[1, 2], num_levels=3)), sections=(Broken(), Absent(), Answer()))

    assert "This section is left out: convergence.parquet is empty; run the probe again." in words
    assert "Absent" not in words
    assert "## The answer" in words
