"""Give records the energy that an external meter logged while their runs went on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from configs.energy import EnergyConfig
from workers.records import EnergyDetail, IntervalRecord
from workers.usage.counter import MeterError
from workers.usage.external_power import ExternalPower

__all__ = ["with_external_energy"]

_DOMAINS = ("all on the meter",)


def with_external_energy(records: Sequence[IntervalRecord], *, config: EnergyConfig) -> tuple[IntervalRecord, ...]:
    """The records, with joules from the meter's file where the config names one; the ledger stays as it is.

    Args:
        records: As the ledger holds them; each tells when its interval began and how long it took.
        config: Whose `file` is read; a file that is not there, or does not reach over an interval, leaves it unknown.
    """
    if config.source != "external" or config.file is None:
        return tuple(records)
    try:
        meter = ExternalPower.read(Path(config.file), clock_offset_s=config.clock_offset_s)
    except MeterError as error:
        return tuple(_unknown(record, why=str(error)) for record in records)
    return tuple(_metered(record, meter=meter) for record in records)


def _metered(record: IntervalRecord, *, meter: ExternalPower) -> IntervalRecord:
    detail = record.energy_detail
    if detail is None:
        return record
    try:
        energy = meter.between(detail.began_at, duration_s=detail.duration_s)
    except MeterError as error:
        return _unknown(record, why=str(error))
    return replace(
        record,
        energy_joules=energy.joules,
        energy_source=meter.source,
        energy_detail=replace(
            detail,
            domains=_DOMAINS,
            period_s=energy.period_s,
            num_samples=energy.num_samples,
            largest_gap_s=energy.largest_gap_s,
            note=energy.note,
        ),
    )


def _unknown(record: IntervalRecord, *, why: str) -> IntervalRecord:
    detail: EnergyDetail | None = record.energy_detail
    return replace(
        record,
        energy_joules=None,
        energy_source=None,
        energy_detail=None if detail is None else replace(detail, note=why),
    )
