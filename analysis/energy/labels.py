"""Keep measured and modelled joules apart."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from analysis.undefined import Undefined

__all__ = ["Provenance", "label_of", "one_provenance"]

NO_JOULES = "no interval has a known energy"
FOREIGN = "foreign_cpu_share"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the joules of a table come from."""

    label: str
    """`measured` or `modelled`."""
    sources: tuple[str, ...]
    num_known: int
    num_unknown: int
    """Rows without joules; they enter no sum."""
    num_noted: int
    """Rows with joules and a note on what to mistrust about them, such as a gap between samples."""
    mean_foreign_cpu_share: float | None
    """Share of the hosts' CPU time that other processes used; None where it is not told."""


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
        return Undefined(NO_JOULES + _most_common_note(frame))
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
        num_noted=int((is_known & frame["note"].notna()).sum()) if "note" in frame.columns else 0,
        mean_foreign_cpu_share=_mean(frame.loc[is_known, FOREIGN]) if FOREIGN in frame.columns else None,
    )


def _most_common_note(frame: pd.DataFrame) -> str:
    notes = frame["note"].dropna() if "note" in frame.columns else pd.Series(dtype="str")
    return f" ({notes.mode().iloc[0]})" if len(notes) else ""


def _mean(values: pd.Series) -> float | None:
    known = values.dropna()
    return float(known.mean()) if len(known) else None
