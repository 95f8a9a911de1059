"""Tell what seeds of one number have in common on two sides: initial weights, data order, both or neither."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

from analysis.comparison.side import Side
from analysis.levels import Label

__all__ = ["SharedBySeeds", "Sharing", "find_sharing"]


class Sharing(StrEnum):
    """Whether the seeds of one number have a thing in common."""

    SHARED = "shared"
    DIFFERENT = "different"
    MIXED = "mixed"
    """Some seeds do, others do not."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SharedBySeeds:
    """What pairing two sides by seed rests on."""

    a: str
    b: str
    num_seeds: int
    """With a row on both sides."""
    initial_weights: Sharing
    data_order: Sharing
    """As far as both train: a run that goes on for longer shares the order of the shorter one."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What decides, beside the text, which windows a run reads in which order."""

    kind: str
    context_length: int
    seed: Label | None
    """None where the order is sequential and so the same for every seed."""


def find_sharing(sides: Sequence[Side]) -> tuple[SharedBySeeds, ...]:
    """Judge every pair of sides, in the order of `itertools.combinations`.

    Initial weights are the same where their hashes are. The window that a run reads next depends on the text, on
    `corpus.order`, on the length of a window, on the seed that draws the order and on the number of windows before it
    (`workers.data_order`), and neither on the budget nor on the number of windows in a step. So the hash over a whole
    budget tells two orders apart only where the budgets are the same, and the settings tell whether the beginnings are
    shared.

    Args:
        sides: Two or more.
    """
    return tuple(_shared(a, b) for a, b in combinations(sides, 2))


def _shared(a: Side, b: Side) -> SharedBySeeds:
    seeds = [seed for seed in a.seeds if seed in set(b.seeds)]
    pairs = [(seed, a.runs.get(seed, {}), b.runs.get(seed, {})) for seed in seeds]
    return SharedBySeeds(
        a=a.name,
        b=b.name,
        num_seeds=len(seeds),
        initial_weights=_sharing([_is_same(one, other, key="initial_weights_sha256") for _, one, other in pairs]),
        data_order=_sharing([_is_order_shared(a, b, seed=seed, hashes=(one, other)) for seed, one, other in pairs]),
    )


def _sharing(verdicts: Sequence[bool | None]) -> Sharing:
    known = {verdict for verdict in verdicts if verdict is not None}
    if not known:
        return Sharing.UNKNOWN
    if len(known) > 1:
        return Sharing.MIXED
    return Sharing.SHARED if True in known else Sharing.DIFFERENT


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any], *, key: str) -> bool | None:
    hashes = one.get(key), other.get(key)
    return None if None in hashes else hashes[0] == hashes[1]


def _is_order_shared(
    a: Side, b: Side, *, seed: Label, hashes: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> bool | None:
    is_whole_same = _is_same(*hashes, key="data_order_sha256")
    if is_whole_same is False and _num_tokens(a) is not None and _num_tokens(a) == _num_tokens(b):
        return False
    order_a, order_b = _order_of(a, seed=seed), _order_of(b, seed=seed)
    if order_a is None or order_b is None:
        return None
    return _is_text_shared(a, b) if order_a == order_b else False


def _is_text_shared(a: Side, b: Side) -> bool | None:
    """None where the corpora differ, since they may differ in the held-out text alone."""
    fingerprints = [side.of_manifest("corpus", "fingerprint") for side in (a, b)]
    if None in fingerprints:
        return None
    if fingerprints[0] == fingerprints[1]:
        return True
    num_tokens = [side.of_manifest("corpus", "unique_tokens") for side in (a, b)]
    is_shuffled = a.of_config("corpus", "order") == "shuffled"
    # Texts of other lengths have other numbers of windows to be shuffled.
    return False if is_shuffled and None not in num_tokens and num_tokens[0] != num_tokens[1] else None


def _order_of(side: Side, *, seed: Label) -> _Order | None:
    kind, length = side.of_config("corpus", "order"), side.of_config("model", "context_length")
    controls, shared_seed = side.of_config("seed_controls"), side.of_config("shared_seed")
    if None in (kind, length, controls, shared_seed):
        return None
    if kind == "sequential":
        return _Order(kind, length, None)
    return _Order(kind, length, seed if "data_order" in controls else shared_seed)


def _num_tokens(side: Side) -> int | None:
    """Training tokens of a whole run; None where the budget is not known."""
    budget, per_step = side.of_config("schedule", "budget_tokens"), side.of_config("schedule", "tokens_per_step")
    return None if None in (budget, per_step) else -(-budget // per_step) * per_step
