"""Judge whether sides may be compared at all, and what a difference between them would be mixed with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.comparison.side import Side

__all__ = ["Fairness", "judge_fairness"]


@dataclass(frozen=True, slots=True)
class Fairness:
    """One sentence per reason."""

    refusals: tuple[str, ...]
    """Why losses are not comparable; a comparison would mean nothing."""
    warnings: tuple[str, ...]
    """What a difference holds besides what was meant to differ."""


def judge_fairness(sides: Sequence[Side]) -> Fairness:
    """Losses compare if the same tokens of the same tokenizer were predicted; all else is said.

    Args:
        sides: Two or more.
    """
    return Fairness(refusals=_refusals(sides), warnings=(*_unknown(sides), *_warnings(sides)))


def _refusals(sides: Sequence[Side]) -> tuple[str, ...]:
    tokenizers = _values(sides, of=lambda side: side.of_manifest("corpus", "tokenizer_sha256"))
    if _differ(tokenizers):
        return (
            f"{_listed(sides)} have different tokenizers, so that their nats per token are not about the same tokens; "
            "compare experiments that share a tokenizer",
        )
    slices = _values(sides, of=_evaluation)
    if _differ(slices):
        return (
            f"{_listed(sides)} were evaluated on different tokens, so that their losses are not comparable; compare "
            "experiments with the same validation text and the same evaluation.offset and evaluation.tokens",
        )
    return ()


def _evaluation(side: Side) -> Any:
    """What identifies the evaluated tokens: the tokens themselves, else the corpus and the slice of it."""
    if side.evaluation_sha256 is not None:
        return side.evaluation_sha256
    offset, tokens = side.of_config("evaluation", "offset"), side.of_config("evaluation", "tokens")
    fingerprint = side.of_manifest("corpus", "fingerprint")
    return None if None in (offset, tokens, fingerprint) else f"{fingerprint} {offset} {tokens}"


def _unknown(sides: Sequence[Side]) -> tuple[str, ...]:
    bare = [side for side in sides if side.config is None]
    if not bare:
        return ()
    is_are, it = ("is a bare table", "it") if len(bare) == 1 else ("are bare tables", "them")
    return (
        f"{_listed(bare)} {is_are}: make sure yourself that tokenizer, evaluation slice and training text are the "
        f"same; whether seeds of one number share initial weights or data order with {it} is not known",
    )


def _warnings(sides: Sequence[Side]) -> tuple[str, ...]:
    checks: tuple[tuple[Callable[[Side], Any], str], ...] = (
        (
            lambda side: side.of_manifest("corpus", "fingerprint"),
            "have different corpora, though the same evaluation tokens: a difference holds the effect of the training "
            "text",
        ),
        (
            lambda side: side.of_config("model", "context_length"),
            "have different context lengths, so that evaluated tokens had different contexts: a difference holds that, "
            "too",
        ),
        (
            lambda side: repr(side.of_config("seed_controls")),
            "let their seeds control different things, so that their spreads over seeds mean different things",
        ),
        (
            lambda side: side.of_manifest("versions", "torch"),
            "ran with different versions of torch, whose arithmetic may differ in the last digits",
        ),
        (
            lambda side: side.of_manifest("threads_per_run"),
            "ran with different numbers of threads, which changes the order of sums and so the last digits",
        ),
    )
    return tuple(f"{_listed(sides)} {said}" for of, said in checks if _differ(_values(sides, of=of)))


def _values(sides: Sequence[Side], *, of: Callable[[Side], Any]) -> list[Any]:
    return [of(side) for side in sides]


def _differ(values: list[Any]) -> bool:
    """Whether two known values differ; what is unknown differs from nothing."""
    return len({repr(value) for value in values if value is not None and value != "None"}) > 1


def _listed(sides: Sequence[Side]) -> str:
    names = [side.name for side in sides]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
