"""What the probes found stands in the report, with the numbers of their tables, on a wide and on a narrow page."""

import numpy as np
import pytest

from analysis.figures.canvas import NARROW, WIDE
from analysis.json_text import statistics_to_json
from analysis.probes.convergence_estimates import DivergenceGroup, StoryResamples, convergence_estimates
from analysis.probes.convergence_summary import convergence_summary, summarize_condition
from analysis.probes.convergence_tables import convergence_rows, convergence_table
from analysis.probes.entropy_summary import entropy_summary
from analysis.probes.entropy_table import ScoredGroup, entropy_table
from analysis.probes.probe_tables import read_probe_table, write_probe_table
from analysis.probes.token_classes import every_context, part_of_speech_classes, surprisal_classes
from analysis.report.blocks import FigureBlock, Note, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.sections.convergence import Convergence
from analysis.report.sections.entropy import Entropy
from configs.run_paths import RunPaths

SIZES = {"small": 1_000, "medium": 4_000, "large": 16_000}
STEPS = (0, 1, 2, 4, 8, 16)
NUM_CONTEXTS, NUM_SEEDS = 120, 4


@pytest.fixture
def facts(tmp_path) -> ReportFacts:
    """A run directory in which no probe was run yet."""
    (tmp_path / "probes").mkdir()
    return ReportFacts(title="a ladder", paths=RunPaths(tmp_path), statistics={}, conditions=(), command="")


def _drawn(block: FigureBlock) -> None:
    for canvas in (WIDE, NARROW):
        figure = block.draw(canvas)
        figure.canvas.draw()
        assert figure.axes[0].lines


def _write_convergence(facts: ReportFacts, *, num_seeds: int = NUM_SEEDS, tags: tuple[str, ...] = ()) -> None:
    """Seeds part from step 2 on, in two conditions alike.

    Args:
        facts: Where the tables go.
        num_seeds: Seeds that are compared.
        tags: Parts of speech, each of as many next tokens as any other.
    """
    rng = np.random.default_rng(0)
    resamples = StoryResamples(np.arange(NUM_CONTEXTS) // 10, num_resamples=20, rng=rng)
    classes = [every_context(NUM_CONTEXTS), *surprisal_classes(np.linspace(0, 7, NUM_CONTEXTS))]
    if tags:
        classes += part_of_speech_classes(np.repeat(tags, NUM_CONTEXTS // len(tags)), system="pos_next")
    rows, conditions = [], []
    for condition in ("small", "large"):
        groups = [
            _divergence(condition, index, step=step, rng=rng, num_seeds=num_seeds) for index, step in enumerate(STEPS)
        ]
        estimates = [convergence_estimates(group, classes=classes, resamples=resamples) for group in groups]
        for group, of_classes in zip(groups, estimates, strict=True):
            rows += convergence_rows(group, classes=classes, estimates=of_classes)
        of_all = [of_classes[0] for of_classes in estimates]
        conditions.append(summarize_condition(groups, estimates=of_all, resamples=resamples, num_types=50))
    probes = facts.paths.probes
    write_probe_table(convergence_table(rows), path=probes.table("convergence"), provenance={})
    probes.summary("convergence").write_text(statistics_to_json(convergence_summary(conditions)))


def _divergence(condition: str, index: int, *, step: int, rng: np.random.Generator, num_seeds: int) -> DivergenceGroup:
    """The last third of the contexts is the one on which seeds differ most."""
    mean = 0.02 + 0.1 * max(0, index - 2)
    divergence = mean * rng.uniform(0.99, 1.01, NUM_CONTEXTS) * np.repeat([0.95, 1.0, 1.05], NUM_CONTEXTS // 3)
    return DivergenceGroup(
        condition=condition,
        interval=index,
        step=step,
        tokens=None,
        arrays={
            "seeds": np.arange(num_seeds),
            "divergence_nats": divergence,
            "seed_sum_nats": np.tile(2 * (num_seeds - 1) * divergence, (num_seeds, 1)),
            "pair_nats": mean * (1 - np.eye(num_seeds)),
            "kl_to_uniform_nats": np.full(NUM_CONTEXTS, 0.1 * index),
        },
    )


def _write_entropy(facts: ReportFacts) -> None:
    rng = np.random.default_rng(1)
    groups = [
        ScoredGroup(
            condition=name,
            interval=index,
            step=step,
            tokens=None,
            arrays={
                "seeds": np.arange(NUM_SEEDS),
                "loss_nats": 4 * size**-0.1 / (1 + index) * rng.uniform(0.9, 1.1, (NUM_SEEDS, NUM_CONTEXTS)),
                "rank": rng.integers(0, 12 - index, (NUM_SEEDS, NUM_CONTEXTS)),
                "num_ties": np.zeros((NUM_SEEDS, NUM_CONTEXTS), dtype=int),
                "num_parameters": np.array(size + 500),
                "num_embedding_parameters": np.array(500),
            },
        )
        for name, size in SIZES.items()
        for index, step in enumerate(STEPS)
    ]
    table = entropy_table(groups)
    write_probe_table(table, path=facts.paths.probes.table("entropy"), provenance={})
    summary = entropy_summary(table, groups=groups)
    facts.paths.probes.summary("entropy").write_text(statistics_to_json(summary))


def test_sections_are_absent_until_their_probe_was_run(facts) -> None:
    assert not Convergence().is_there(facts)
    assert not Entropy().is_there(facts)

    _write_convergence(facts)

    assert Convergence().is_there(facts)
    assert not Entropy().is_there(facts)


def test_convergence_is_drawn_with_its_phases_and_classes(facts) -> None:
    _write_convergence(facts)

    blocks = Convergence().blocks(facts)
    figures = [block for block in blocks if isinstance(block, FigureBlock)]
    phases = next(block for block in blocks if isinstance(block, TableBlock))

    assert [figure.name for figure in figures] == ["convergence", "convergence-classes"]
    for figure in figures:
        _drawn(figure)
    assert [row[:3] for row in phases.rows] == [
        ("small", "uniform", "0 to 2"),
        ("small", "sharp divergence", "2 to 16"),
        ("large", "uniform", "0 to 2"),
        ("large", "sharp divergence", "2 to 16"),
    ]
    assert "n = 4 seeds and 120 contexts" in figures[0].caption


def _class_figure(facts: ReportFacts) -> FigureBlock:
    blocks = [block for block in Convergence().blocks(facts) if isinstance(block, FigureBlock)]
    return next(block for block in blocks if block.name == "convergence-classes")


def test_classes_are_told_in_words_and_only_those_that_are_drawn(facts) -> None:
    # Seeds differ most on the last third, the closing quotation marks, which are not among the parts that are drawn.
    _write_convergence(facts, tags=("JJ", "DT", "''"))

    figure = _class_figure(facts)
    drawn = figure.draw(WIDE)

    assert figure.alt.startswith("At the end the seeds of large differ most on next tokens of 4 to 8 nats in the end (")
    assert " and least on adjectives as next tokens (" in figure.alt
    assert "pos_next" not in figure.alt + figure.caption
    assert [axes.get_title() for axes in drawn.axes] == ["by final surprisal", "by part of speech"]
    labels = [text.get_text() for text in drawn.axes[1].get_legend().get_texts()]
    assert labels == ["adjectives (40)", "function words (40)", "content words (40)"]
    assert "by how often" not in figure.caption
    assert "(adjectives without comparatives and superlatives)" in figure.caption
    # 0 to 1 nats are 18 of 120 contexts, 1 to 2 nats 17; none has 8 or more.
    assert "Not drawn, with fewer than 30 contexts: 0 to 1 and 1 to 2 by final surprisal." in figure.caption


def test_classes_that_are_all_too_small_are_no_figure(facts) -> None:
    _write_convergence(facts)
    table = read_probe_table(facts.paths.probes.table("convergence"))
    is_class = table["class_system"] != "all"
    table.loc[is_class, "convergence_nats"] = np.nan
    write_probe_table(table, path=facts.paths.probes.table("convergence"), provenance={})

    texts = [block.text for block in Convergence().blocks(facts) if isinstance(block, Note)]

    assert "No class has 30 contexts, so convergence is told of all contexts alone." in texts


def test_caption_of_two_seeds_tells_of_no_band(facts) -> None:
    _write_convergence(facts, num_seeds=2)

    curve, *_ = (block for block in Convergence().blocks(facts) if isinstance(block, FigureBlock))

    assert curve.caption == (
        "Between seeds: expected convergence in nats over n = 2 seeds and 120 contexts; rings: where detected phases "
        "meet. From simple distributions: mean KL from the models to the uniform distribution (dotted)."
    )
    assert "unigram" not in curve.alt


def test_half_way_table_says_before_which_step_and_what_has_none(facts) -> None:
    _write_entropy(facts)

    table = next(block for block in Entropy().blocks(facts) if isinstance(block, TableBlock))

    # The loss falls like 1 / (1 + index) from 4 to 4 / 6: at step 1 it has made 3 / 5 of its change.
    assert table.rows[0][1:] == (
        "cross entropy",
        table.rows[0][2],
        "half of the change is made before step 1, the first step measured after 0",
        "–",
    )


def test_entropy_is_drawn_over_training_and_over_sizes(facts) -> None:
    _write_entropy(facts)

    blocks = Entropy().blocks(facts)
    figures = [block for block in blocks if isinstance(block, FigureBlock)]

    assert [figure.name for figure in figures] == ["entropy-parts", "entropy-scaling"]
    for figure in figures:
        _drawn(figure)
    loss = next(row for row in figures[1].table.rows if row[:2] == ("cross entropy", "non-embedding"))
    # The loss was made proportional to size^-0.1, apart from noise of 10 % on 480 tokens.
    assert float(loss[2].replace("\N{MINUS SIGN}", "-")) == pytest.approx(-0.1, abs=0.01)
    assert isinstance(blocks[-1], Note)
    assert "too little for a law" in blocks[-1].text
