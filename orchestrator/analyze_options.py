"""The arguments of `seedscope analyze`, as the command line explains them."""

from pathlib import Path
from typing import Annotated, Optional

import typer

__all__ = [
    "AlignRule",
    "DuplicatesRule",
    "Every",
    "HigherIsBetter",
    "Metrics",
    "MissingRule",
    "Out",
    "ReferenceRule",
    "Sources",
    "Subject",
    "SubjectFrom",
    "WideRule",
    "Within",
]

Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="SOURCE",
        help="A run directory, which takes only --out, --missing and --reference; or tables, event files, logs and "
        "exports, folders of them, or a pattern.",
    ),
]
Out = Annotated[
    Optional[Path],  # noqa: UP045, typer reads it at run time
    typer.Option("--out", metavar="DIR", help="Where statistics and report go. Default: RUN, or here."),
]
Subject = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--subject", metavar="COLUMN", help="Column that names the seeds. Default: seed, or what the format has."
    ),
]
Within = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--within",
        metavar="COLUMN",
        help="Column that names the levels. Default: interval, step, or what the format has.",
    ),
]
Metrics = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--metric", metavar="COLUMN", help="Column to analyse, repeatable. Default: val_loss and what follows from it."
    ),
]
Every = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(
        "--every",
        metavar="N",
        min=1,
        help="Analyse each N-th level of a table. Default: all of up to 10,000; of a run directory all.",
    ),
]
HigherIsBetter = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--higher-is-better", metavar="METRIC", help="A metric such as an accuracy, analysed as its negative."
    ),
]
SubjectFrom = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--subject-from", metavar="PATTERN", help="Where the seed stands in a path or a run's name, as in run-{seed}."
    ),
]
AlignRule = Annotated[
    str, typer.Option("--align", metavar="RULE", help="Seeds with different levels: refuse, intersect or interpolate.")
]
DuplicatesRule = Annotated[
    str, typer.Option("--duplicates", metavar="RULE", help="A cell that is there twice: refuse, first or last.")
]
WideRule = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--wide", metavar="COLUMNS", help="Read a wide table, whose columns are levels or seeds."),
]
MissingRule = Annotated[
    str, typer.Option("--missing", metavar="RULE", help="A missing cell: drop-seeds, drop-levels or reject.")
]
ReferenceRule = Annotated[
    str, typer.Option("--reference", metavar="RULE", help="Levels are compared with: last, first or minimum.")
]
