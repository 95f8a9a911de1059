"""Every column of the table and every key of the statistics is explained, and what is explained is there."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.audit import Missing
from analysis.frame_conditions import analyze_conditions
from analysis.probes.convergence_tables import CONVERGENCE_COLUMNS
from analysis.probes.entropy_table import ENTROPY_COLUMNS
from analysis.table import TABLE_COLUMNS
from configs.telemetry import TelemetryConfig

DOCS = Path(__file__).parents[2] / "docs"
CODE = re.compile(r"`([^`\n]+)`")
ROOTS = ("schema_version", "design", "audit", "metrics", "telemetry", "stopping", "condition_by_interval")


@pytest.fixture(scope="module")
def glossary() -> str:
    return (DOCS / "glossary.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def explained() -> set[str]:
    """Every word that stands as code on one of the pages on results."""
    pages = [(DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("glossary", "statistics", "telemetry")]
    return {word for page in pages for code in CODE.findall(page) for word in re.findall(r"\w+", code)}


@pytest.fixture(scope="module")
def statistics() -> dict[str, Any]:
    """Two conditions of six seeds and four intervals: seeds enough for all that is defined only for many."""
    noise = np.random.default_rng(2).normal(0, 0.05, (2, 6, 4))
    frame = pd.DataFrame(
        [
            {"condition": name, "seed": seed, "interval": k, "val_loss": 3 + (k - 2) ** 2 + noise[which, seed, k]}
            for which, name in enumerate(("one", "two"))
            for seed in range(6)
            for k in range(4)
        ]
    )
    return analyze_conditions(
        frame,
        subject="seed",
        within="interval",
        metrics=("val_loss",),
        missing=Missing.DROP_SEEDS,
        telemetry=TelemetryConfig(),
    )


def _at(tree: Any, path: str) -> Any:
    for key in path.replace("METRIC", "val_loss").split("."):
        while isinstance(tree, list):
            tree = tree[0]
        if set(tree) == {"undefined"}:
            return tree
        tree = tree[key]
    return tree


def test_columns_are_explained_in_the_order_of_the_table(glossary):
    section = glossary.partition("## The columns of table.csv")[2].partition("\n## ")[0]

    assert tuple(re.findall(r"^\| `(\w+)` \| \S", section, flags=re.MULTILINE)) == TABLE_COLUMNS


def test_keys_that_the_glossary_names_are_there(glossary, statistics):
    paths = [code for code in CODE.findall(glossary) if "." in code and code.split(".")[0] in ROOTS]

    assert len(paths) > 60
    for path in paths:
        assert _at(statistics, path) is not None, path


def test_key_that_is_not_there_would_be_noticed(statistics):
    with pytest.raises(KeyError):
        _at(statistics, "metrics.METRIC.rm_anova.eta")


@pytest.mark.parametrize(
    "place",
    [
        "design",
        "audit",
        "metrics.METRIC",
        "metrics.METRIC.rm_anova",
        "metrics.METRIC.rm_anova.epsilon",
        "metrics.METRIC.summaries",
        "metrics.METRIC.variability",
        "telemetry",
        "telemetry.published",
        "telemetry.robust",
        "stopping",
    ],
)
def test_every_key_is_explained_somewhere(place, statistics, explained):
    keys = set(_at(statistics, place))

    assert len(keys) > 2
    assert keys - explained == set()


def test_columns_of_the_probes_are_explained(explained):
    assert {*CONVERGENCE_COLUMNS, *ENTROPY_COLUMNS} - explained == set()
