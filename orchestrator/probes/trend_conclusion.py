"""Turn what was measured for `seedscope probe trends` into its tables and sentences."""

from pathlib import Path
from typing import final

import pandas as pd

from analysis.json_text import statistics_to_json
from analysis.probes.probe_tables import write_probe_table
from analysis.trends.choice_tables import choice_findings, choice_table
from analysis.trends.choices import ChoiceTable
from analysis.trends.class_curves import class_curves
from analysis.trends.class_tables import kind_table, share_table, token_classes_parquet
from analysis.trends.rules import TrendRule
from analysis.trends.text_tables import text_scaling, text_table
from analysis.trends.token_trends import TokenTrends, find_token_trends
from analysis.trends.trajectories import TokenTrajectories
from analysis.trends.trend_sentences import trend_sentences
from analysis.trends.trend_summary import ChoiceFacts, TextFacts, TrendFacts, trend_summary
from analysis.undefined import Undefined
from configs.durable import write_bytes_durably
from configs.probe_paths import ProbePaths
from orchestrator.probes.request import provenance_of
from orchestrator.probes.study import Conclusion, require_measured
from orchestrator.probes.trend_inputs import (
    answered_choices,
    empty_predictions,
    measured_trajectories,
    scored_texts,
    stored_trajectories,
)
from orchestrator.probes.trend_kinds import TokenKinds, token_kinds
from orchestrator.probes.trend_tasks import find_writers
from workers.probes.choice_items import EncodedOptions
from workers.probes.source import ProbeSource

__all__ = ["conclude_trends"]


def conclude_trends(
    source: ProbeSource, *, paths: ProbePaths, starts: tuple[float, ...], options: EncodedOptions | None
) -> Conclusion:
    """Write every table and the summary.

    Args:
        source: Checkpoints and tokens.
        paths: Where results are.
        starts: Shares of training.
        options: What was asked; None where only the losses that training stored are used.

    Raises:
        RunDirectoryError: If nothing has been measured.
    """
    is_stored = options is None
    trajectories = stored_trajectories(source) if is_stored else measured_trajectories(source, paths=paths)
    require_measured(trajectories, paths=paths)
    provenance = provenance_of(source)
    tables = _Tables(paths, provenance=provenance)
    kinds = token_kinds(source)
    sizes = dict(sorted(((one.condition, one.num_parameters) for one in trajectories), key=lambda size: size[1]))
    facts = TrendFacts(
        trends=_conclude_tokens(trajectories, starts=starts, kinds=kinds, tables=tables),
        starts=starts,
        sizes=sizes,
        texts=None if is_stored else _conclude_texts(source, sizes=sizes, tables=tables),
        choices=None
        if options is None
        else _conclude_choices(source, options=options, trajectories=trajectories, sizes=sizes, tables=tables),
    )
    summary = statistics_to_json(trend_summary(facts, provenance=provenance))
    tables.write_bytes(paths.summary("trends"), summary.encode())
    return Conclusion((*trend_sentences(facts), *kinds.notes), tuple(tables.files))


@final
class _Tables:
    """Writes tables under one directory and remembers which."""

    def __init__(self, paths: ProbePaths, *, provenance: dict[str, object]) -> None:
        self.paths = paths
        self.files: list[Path] = []
        self._provenance = provenance

    def write(self, name: str, table: pd.DataFrame) -> None:
        write_probe_table(table, path=self.paths.table(name), provenance=self._provenance)
        self.files.append(self.paths.table(name))

    def write_bytes(self, path: Path, data: bytes) -> None:
        write_bytes_durably(path, data)
        self.files.append(path)


def _conclude_tokens(
    trajectories: tuple[TokenTrajectories, ...],
    *,
    starts: tuple[float, ...],
    kinds: TokenKinds,
    tables: _Tables,
) -> TokenTrends:
    trends = find_token_trends(trajectories, starts=starts)
    tables.write("trends", share_table(trends.findings, conditions=trajectories))
    classes = token_classes_parquet(trends.findings, conditions=trajectories)
    tables.write_bytes(tables.paths.table("token_classes"), classes)
    tables.write("trend_kinds", kind_table(trends.findings, kinds=kinds.by_system))
    of_paper = {
        one.condition: one.classes
        for one in trends.findings
        if one.rule is TrendRule.PAPER_INDEX and one.start_fraction == starts[0]
    }
    told = {condition: found for condition, found in of_paper.items() if not isinstance(found, Undefined)}
    followed = [one for one in trajectories if one.condition in told]
    if followed:
        tables.write("trend_curves", class_curves(followed, classes=told))
    return trends


def _conclude_texts(source: ProbeSource, *, sizes: dict[str, int], tables: _Tables) -> TextFacts | None:
    writers = find_writers(source)
    scored = scored_texts(source, paths=tables.paths, writers=writers)
    if not scored:
        return None
    table = text_table(scored)
    tables.write("trend_texts", table)
    return TextFacts(
        by_size=text_scaling(table, num_parameters=sizes),
        empty_predictions={} if writers is None else empty_predictions(tables.paths),
    )


def _conclude_choices(
    source: ProbeSource,
    *,
    options: EncodedOptions,
    trajectories: tuple[TokenTrajectories, ...],
    sizes: dict[str, int],
    tables: _Tables,
) -> ChoiceFacts | None:
    answers = answered_choices(source, paths=tables.paths, options=options, trajectories=trajectories)
    if not answers or not options.items:
        return None
    asked = ChoiceTable(
        item=options.item,
        is_correct=options.is_correct,
        num_tokens=options.num_tokens,
        task=tuple(item.task for item in options.items),
    )
    rows = choice_table(answers, table=asked)
    tables.write("trend_choices", rows)
    return ChoiceFacts(
        tasks=choice_findings(rows, sizes=tuple(sizes)), rows=rows, num_items_left_out=options.num_left_out
    )
