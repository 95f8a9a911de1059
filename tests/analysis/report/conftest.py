"""Tables, and the reports written from them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.audit import Missing
from analysis.frame_conditions import analyze_conditions
from analysis.report.compose import compose
from analysis.report.facts import ReportFacts
from analysis.report.load_facts import facts_of_table
from analysis.report.markdown import render_markdown
from analysis.report.registry import SECTIONS
from analysis.report.section import AbstractSection
from analysis.report.write import write_report
from configs.run_paths import RunPaths
from configs.telemetry import TelemetryConfig

MakeFrame = Callable[..., pd.DataFrame]


@pytest.fixture(scope="session")
def make_frame() -> MakeFrame:
    """A function from seeds, number of levels and conditions to losses in long form that fall and rise again."""

    def make(
        *, seeds: list[object], num_levels: int, conditions: tuple[str, ...] = (), column: str = "val_loss"
    ) -> pd.DataFrame:
        rng = np.random.default_rng(11)
        places = np.arange(num_levels) / max(num_levels - 1, 1)
        shape = 3 + 5 * np.exp(-12 * places) + places
        frames = [
            pd.DataFrame(
                {
                    **({"condition": condition} if conditions else {}),
                    "seed": np.repeat(np.array(seeds, dtype=object), num_levels),
                    "interval": np.tile(np.arange(num_levels), len(seeds)),
                    column: (shape + rng.normal(0, 0.03, (len(seeds), num_levels))).ravel(),
                }
            )
            for condition in conditions or ("base",)
        ]
        return pd.concat(frames, ignore_index=True)

    return make


@pytest.fixture(scope="session")
def facts_of() -> Callable[..., ReportFacts]:
    """A function that analyses a frame and gives the facts of its report."""

    def analyse(
        frame: pd.DataFrame, *, metric: str = "val_loss", title: str = "a table", within: str = "interval"
    ) -> ReportFacts:
        statistics = analyze_conditions(
            frame,
            subject="seed",
            within=within,
            metrics=(metric,),
            missing=Missing.DROP_SEEDS,
            telemetry=TelemetryConfig(),
        )
        return facts_of_table(
            frame, statistics=statistics, title=title, command="seedscope analyze", paths=RunPaths(Path("nowhere"))
        )

    return analyse


@pytest.fixture(scope="session")
def report_of(facts_of: Callable[..., ReportFacts]) -> Callable[..., RunPaths]:
    """A function that analyses a frame and writes its report into a directory."""

    def write(frame: pd.DataFrame, *, out: Path, metric: str = "val_loss", title: str = "a table") -> RunPaths:
        paths = RunPaths(out)
        out.mkdir(exist_ok=True)
        write_report(facts_of(frame, metric=metric, title=title), out=paths)
        return paths

    return write


@pytest.fixture(scope="session")
def words_of() -> Callable[..., str]:
    """A function from facts and sections, all of them by default, to everything that the report says in Markdown."""

    def render(facts: ReportFacts, *, sections: Sequence[AbstractSection] = SECTIONS) -> str:
        return render_markdown(compose(facts, sections=sections), figures="figures").replace("\\", "")

    return render
