"""Keep measured and modelled joules apart."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from analysis.undefined import Undefined

__all__ = ["Provenance", "label_of", "one_provenance"]

NO_JOULES = "no interval has a known energy"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the joules of a table come from."""

    label: str
    """`measured` or `modelled`."""
    sources: tuple[str, ...]
    num_known: int
    num_unknown: int
    """Rows without joules; they enter no sum."""


def label_of(source: str) -> str:
    """The word before the colon of `measured: rapl`."""
    return source.partition(":")[0].strip()


def one_provenance(frame: pd.DataFrame) -> Provenance | Undefined:
    """The one label that all joules of a frame have, or why they must not be analysed together.

    Args:
        frame: With the columns `energy_joules` and `energy_source`.

    Returns:
        The label with its sources. A table in which measured and modelled joules are mixed has none.
    """
    is_known = frame["energy_joules"].notna()
    if not is_known.any():
        return Undefined(NO_JOULES)
    known = frame.loc[is_known, "energy_source"].fillna("no source named")
    labels = Counter(label_of(str(source)) for source in known)
    if len(labels) > 1:
        counts = ", ".join(f"{count} rows {label}" for label, count in sorted(labels.items()))
        return Undefined(f"joules of different labels are never analysed together: {counts}")
    return Provenance(
        label=next(iter(labels)),
        sources=tuple(sorted({str(source) for source in known})),
        num_known=int(is_known.sum()),
        num_unknown=int((~is_known).sum()),
    )
