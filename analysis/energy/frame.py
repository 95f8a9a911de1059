"""Make the table of energies of an experiment: one row per condition, seed and interval."""

from collections.abc import Sequence

import pandas as pd

from workers.records import IntervalRecord

__all__ = ["ENERGY_COLUMNS", "energy_frame"]

_KEY = ["condition", "seed", "interval"]
_FROM_RECORD = ("condition", "seed", "interval", "tokens", "val_loss", "energy_joules", "energy_source")
_FROM_DETAIL = (
    "training_joules",
    "idle_joules",
    "began_at",
    "duration_s",
    "period_s",
    "num_samples",
    "largest_gap_s",
    "foreign_cpu_share",
    "num_sharing",
    "note",
)
_TEXT = ("condition", "energy_source", "domains", "note")
_WHOLE = ("seed", "interval", "tokens", "num_samples", "num_sharing")
ENERGY_COLUMNS = (*_FROM_RECORD, "domains", *_FROM_DETAIL)


def energy_frame(records: Sequence[IntervalRecord]) -> pd.DataFrame:
    """Every record's energy with all that is known about the number, sorted by condition, seed and interval.

    Args:
        records: In any order. A record without details, as older ones are, keeps its row.
    """
    frame = pd.DataFrame([_row(record) for record in records], columns=list(ENERGY_COLUMNS))
    types = {name: "str" if name in _TEXT else "Int64" if name in _WHOLE else "float64" for name in ENERGY_COLUMNS}
    return frame.sort_values(_KEY, ignore_index=True).astype(types)


def _row(record: IntervalRecord) -> dict[str, object]:
    detail = record.energy_detail
    row: dict[str, object] = {name: getattr(record, name) for name in _FROM_RECORD}
    if detail is not None:
        row |= {name: getattr(detail, name) for name in _FROM_DETAIL} | {"domains": " + ".join(detail.domains)}
    return row
