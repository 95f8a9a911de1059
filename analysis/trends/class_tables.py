"""Write the classes of tokens as tables: shares by seed, and the class of every token."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.trends.classify import class_shares
from analysis.trends.rules import TrendClass
from analysis.trends.token_trends import Finding
from analysis.trends.trajectories import TokenTrajectories
from analysis.trends.which_tokens import kind_shares
from analysis.undefined import Undefined

__all__ = ["kind_table", "share_table", "token_classes_parquet"]

_LABELS = pa.array([trend.label for trend in TrendClass])


def share_table(findings: Sequence[Finding], *, conditions: Sequence[TokenTrajectories]) -> pd.DataFrame:
    """One row per condition, seed, rule, start and class; `num_tokens` and `share` are empty where no class was told.

    Args:
        findings: What `find_token_trends` found.
        conditions: What it was found in.
    """
    seeds = {one.condition: one.seeds for one in conditions}
    rows = [row for finding in findings for row in _share_rows(finding, seeds=seeds[finding.condition])]
    return pd.DataFrame(rows).astype({"num_tokens": "Int64"})


def token_classes_parquet(findings: Sequence[Finding], *, conditions: Sequence[TokenTrajectories]) -> bytes:
    """A Parquet file with one row per condition, seed, rule, start and token; a start without classes has no rows.

    `position` is the context's index in the probed stream. Written run by run: with four sizes, four seeds and 65,536
    tokens it has 22 million rows, and is never held as a table.

    Args:
        findings: What `find_token_trends` found.
        conditions: What it was found in.
    """
    seeds = {one.condition: one.seeds for one in conditions}
    buffer = io.BytesIO()
    writer = pq.ParquetWriter(
        buffer,
        _SCHEMA,
        compression="zstd",
        use_dictionary=[field.name for field in _SCHEMA if field.name != "position"],
        # Of consecutive numbers their constant difference is kept, which is next to nothing.
        column_encoding={"position": "DELTA_BINARY_PACKED"},
    )
    with writer:
        for finding in findings:
            for seed, classes in _classes_by_seed(finding, seeds=seeds[finding.condition]):
                writer.write_table(_token_rows(finding, seed=seed, classes=classes))
    return buffer.getvalue()


def kind_table(findings: Sequence[Finding], *, kinds: Mapping[str, NDArray[np.str_]]) -> pd.DataFrame:
    """One row per condition, rule, start, system, kind and class; the share is the mean over seeds with its t interval.

    Args:
        findings: What `find_token_trends` found; those without classes have no rows.
        kinds: For each system the kind of every token.
    """
    return pd.DataFrame([row for finding in findings for row in _kind_rows(finding, kinds=kinds)])


_WORD = pa.dictionary(pa.int8(), pa.string())
_SCHEMA = pa.schema(
    [
        ("condition", _WORD),
        ("seed", pa.int64()),
        ("rule", _WORD),
        ("start_fraction", pa.float64()),
        ("position", pa.int32()),
        ("class", _WORD),
    ]
)


def _share_rows(finding: Finding, *, seeds: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    by_seed = dict(_classes_by_seed(finding, seeds=seeds))
    for seed in seeds:
        shares = class_shares(by_seed[seed]) if seed in by_seed else np.full(len(TrendClass), np.nan)
        for trend in TrendClass:
            yield {
                "condition": finding.condition,
                "seed": seed,
                "rule": finding.rule.value,
                "start_fraction": finding.start_fraction,
                "class": trend.label,
                "num_tokens": int((by_seed[seed] == trend).sum()) if seed in by_seed else None,
                "share": float(shares[trend]),
            }


def _kind_rows(finding: Finding, *, kinds: Mapping[str, NDArray[np.str_]]) -> Iterator[dict[str, Any]]:
    if isinstance(finding.classes, Undefined):
        return
    for one in kind_shares(finding.classes, kinds=kinds):
        yield {
            "condition": finding.condition,
            "rule": finding.rule.value,
            "start_fraction": finding.start_fraction,
            "system": one.system,
            "kind": one.kind,
            "class": one.trend,
            "num_tokens": one.num_tokens,
            "num_seeds": one.share.n,
            "share": _or_nan(one.share.mean),
            "ci95_low": _or_nan(one.share.ci95_low),
            "ci95_high": _or_nan(one.share.ci95_high),
            "share_of_all": one.share_of_all,
        }


def _or_nan(value: float | Undefined) -> float:
    return np.nan if isinstance(value, Undefined) else value


def _classes_by_seed(finding: Finding, *, seeds: tuple[int, ...]) -> Iterator[tuple[int, NDArray[np.int8]]]:
    if not isinstance(finding.labels, Undefined):
        yield from zip(seeds, (labels.classes for labels in finding.labels), strict=True)


def _token_rows(finding: Finding, *, seed: int, classes: NDArray[np.int8]) -> pa.Table:
    size = len(classes)

    def constant(word: str) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, dtype=np.int8)), pa.array([word]))

    return pa.Table.from_arrays(
        [
            constant(finding.condition),
            pa.array(np.full(size, seed, dtype=np.int64)),
            constant(finding.rule.value),
            pa.array(np.full(size, finding.start_fraction)),
            pa.array(np.arange(size, dtype=np.int32)),
            pa.DictionaryArray.from_arrays(pa.array(classes), _LABELS),
        ],
        schema=_SCHEMA,
    )
