"""Which kinds of tokens fall into which class."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.t_interval import MeanInterval, mean_interval
from analysis.trends.rules import TrendClass

__all__ = ["KindShare", "kind_shares"]


@dataclass(frozen=True, slots=True)
class KindShare:
    """How often tokens of one kind fall into one class."""

    system: str
    """What the kind is a kind of, such as `frequency`."""
    kind: str
    trend: str
    num_tokens: int
    share: MeanInterval
    """Share of the class among these tokens, over seeds."""
    share_of_all: float
    """Share of the class among all tokens, mean over seeds."""


def kind_shares(classes: NDArray[np.int8], *, kinds: Mapping[str, NDArray[np.str_]]) -> list[KindShare]:
    """Shares of every class within every kind of token.

    Args:
        classes: Codes of `TrendClass`, shape (num_seeds, num_tokens).
        kinds: For each system the kind of every token, shape (num_tokens,).
    """
    return [
        _kind_share(classes, system=system, kind=str(kind), trend=trend, is_kind=labels == kind)
        for system, labels in kinds.items()
        for kind in np.unique(labels)
        for trend in TrendClass
    ]


def _kind_share(
    classes: NDArray[np.int8], *, system: str, kind: str, trend: TrendClass, is_kind: NDArray[np.bool_]
) -> KindShare:
    is_in_class = classes == trend
    return KindShare(
        system=system,
        kind=kind,
        trend=trend.label,
        num_tokens=int(is_kind.sum()),
        share=mean_interval(is_in_class[:, is_kind].mean(axis=1)),
        share_of_all=float(is_in_class.mean()),
    )
