"""Turn the words of `seedscope analyze` into names and rules, and these into words again."""

import shlex
from collections.abc import Sequence
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from analysis.audit import Missing
from analysis.excerpt import path_text
from analysis.simultaneous import Reference
from analysis.sources import Align, Duplicates, SourceOptions, Wide
from configs.errors import ConfigurationError
from configs.nearest import nearest

__all__ = ["command_line", "options_given", "source_options"]

Rule = TypeVar("Rule", bound=StrEnum)


def source_options(
    *,
    subject: str | None,
    within: str | None,
    metrics: tuple[str, ...],
    subject_from: str | None,
    align: str,
    duplicates: str,
    wide: str | None,
    missing: str,
    every: int | None,
    higher_is_better: tuple[str, ...],
    reference: str,
) -> SourceOptions:
    """The options of a source, every rule checked.

    Args:
        subject: Column that names the seeds.
        within: Column that names the levels.
        metrics: Columns to be analysed.
        subject_from: Pattern that takes the seed out of a name.
        align: A name of `Align`.
        duplicates: A name of `Duplicates`.
        wide: A name of `Wide`, or None.
        missing: A name of `Missing`.
        every: Each n-th level is analysed.
        higher_is_better: Metrics to be analysed with the opposite sign.
        reference: A name of `Reference`.

    Raises:
        ConfigurationError: If a rule has no such name.
    """
    return SourceOptions(
        subject=subject,
        within=within,
        metrics=metrics,
        subject_from=subject_from,
        align=_rule(Align, align, option="--align"),
        duplicates=_rule(Duplicates, duplicates, option="--duplicates"),
        wide=None if wide is None else _rule(Wide, wide, option="--wide"),
        missing=_rule(Missing, missing, option="--missing"),
        every=every,
        higher_is_better=higher_is_better,
        reference=_rule(Reference, reference, option="--reference"),
    )


def command_line(sources: Sequence[Path], options: SourceOptions) -> str:
    """The command that reads the same sources by the same rules; what was left to the sources is left out.

    Args:
        sources: As they were named.
        options: What was said about them.
    """
    words = [word for pair in options_given(options) for word in pair]
    return shlex.join(["seedscope", "analyze", *map(path_text, sources), *words])


def options_given(options: SourceOptions) -> tuple[tuple[str, str], ...]:
    """Each option that is not as it is by default, and its value, as they are typed: `("--every", "5")`."""
    words: list[tuple[str, str]] = []
    for field in fields(options):
        value = getattr(options, field.name)
        if value == getattr(SourceOptions(), field.name):
            continue
        option = "--metric" if field.name == "metrics" else f"--{field.name.replace('_', '-')}"
        words += [(option, str(one)) for one in (value if isinstance(value, tuple) else (value,))]
    return tuple(words)


def _rule(kind: type[Rule], name: str, *, option: str) -> Rule:
    names = [rule.value for rule in kind]
    if name in names:
        return kind(name)
    guess = nearest(name, names)
    hint = f"did you mean {guess}?" if guess else f"choose one of {', '.join(names)}"
    raise ConfigurationError(f"{option} {name} is not a rule; {hint}")
