"""Numbers, durations and names as a reader wants them on a narrow line."""

import math
from datetime import datetime
from itertools import takewhile

from rich.cells import cell_len

from orchestrator.progress.glyphs import UNICODE, Glyphs

__all__ = [
    "clock_time",
    "compact_count",
    "compact_duration",
    "duration",
    "elide_end",
    "elide_middle",
    "exact_count",
    "interval_of",
    "joules",
    "loss",
    "rate",
    "sparkline",
]

_NONE = "-"  # In place of a number that does not exist (yet).
_SHOWN_DECIMALS = 3
_RESOLUTION_NATS = 0.01  # Ten units of the last shown decimal; a plateau within it looks flat.
_HIGHEST_DRAWN_NATS = 1e6  # A run beyond it has diverged; its earlier values stay readable.
_NUM_LONGEST_DAYS = 99  # A longer estimate tells the reader nothing more, and would not fit a narrow column.


def interval_of(newest: int | None, *, num_intervals: int) -> str:
    """The newest complete interval before the last one of its run, both counted from 0: ` 7/20`, or ` -/20`."""
    last = str(num_intervals - 1)
    return f"{_NONE if newest is None else newest:>{len(last)}}/{last}"


def exact_count(count: int) -> str:
    """Every digit, in groups of three: `428,628`."""
    return f"{count:,}"


def compact_count(count: float) -> str:
    """At most three significant digits before the unit: `986`, `428K`, `1.2M`, `20.0M`, `3.1B`."""
    for scale, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        # Without the margin 999,600 would be "1000K".
        if count >= scale * 0.9995:
            return f"{count / scale:,.1f}{unit}"
    return f"{count / 1000:.0f}K" if count >= 9_999.5 else f"{count:,.0f}"


def joules(energy_joules: float) -> str:
    """An energy of three significant digits before its unit: `42 J`, `3.41 kJ`, `160 kJ`, `1.61 MJ`."""
    for scale, unit in ((1e9, "GJ"), (1e6, "MJ"), (1e3, "kJ")):
        if energy_joules >= scale * 0.9995:
            return f"{energy_joules / scale:.3g} {unit}"
    return f"{energy_joules:.0f} J"


def rate(per_s: float | None) -> str:
    """A speed per second without its unit: `6,012`, and `128K` from 100,000 on."""
    if per_s is None or not math.isfinite(per_s):
        return _NONE
    return f"{per_s:,.0f}" if per_s < 99_999.5 else compact_count(per_s)


def loss(nats: float | None) -> str:
    """A loss with three decimals: `2.883`; one of 10,000 and more, which has diverged, as `1.2e+04`."""
    if nats is None or not math.isfinite(nats):
        return _NONE
    return f"{nats:.{_SHOWN_DECIMALS}f}" if abs(nats) < 9_999.9995 else f"{nats:.1e}"


def duration(seconds: float | None) -> str:
    """The two largest units: `12 s`, `51 min`, `2 h 05 min`, `3 d 04 h`."""
    return _duration(seconds, hours_format="{} h {:02d} min", days_format="{} d {:02d} h")


def compact_duration(seconds: float | None) -> str:
    """The two largest units in at most seven cells: `12 s`, `51 min`, `2h 05m`, `3d 04h`."""
    return _duration(seconds, hours_format="{}h {:02d}m", days_format="{}d {:02d}h")


def clock_time(moment: datetime, *, now: datetime) -> str:
    """The time of day, with the date unless it is today: `15:47`, `11-23 15:47`, `2031-01-05`."""
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    return f"{moment:%m-%d %H:%M}" if abs((moment - now).days) < 300 else f"{moment:%Y-%m-%d}"


def sparkline(values: tuple[float, ...], *, width: int, glyphs: Glyphs = UNICODE) -> str:
    """The newest values as heights, one cell each; the lowest is the lowest tick, the highest the highest.

    Heights are logarithms of the distance from the lowest value, so that the first fall of a loss does not flatten what
    follows: height = log(1 + (value - lowest) / resolution), where the resolution is 0.01 nats.

    Args:
        values: Oldest first, in nats; those that are not finite, or beyond a million, leave a blank.
        width: Most cells to fill; older values are left out.
        glyphs: The characters to draw with.
    """
    newest = values[-width:] if width > 0 else ()
    drawn = [value for value in newest if _is_drawable(value)]
    lowest, highest = min(drawn, default=0.0), max(drawn, default=0.0)
    span = math.log1p(max(highest - lowest, _RESOLUTION_NATS) / _RESOLUTION_NATS)
    heights = [
        math.log1p((value - lowest) / _RESOLUTION_NATS) / span if _is_drawable(value) else None for value in newest
    ]
    return "".join(" " if height is None else _tick(height, ticks=glyphs.ticks) for height in heights)


def elide_middle(text: str, *, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells, its middle left out if need be: `learning…rate-3`."""
    if cell_len(text) <= width:
        return text
    room = width - cell_len(ellipsis)
    if room < 2:
        return _head(text, width=width)
    tail = _head(text[::-1], width=room // 2)[::-1]
    return _head(text, width=room - room // 2) + ellipsis + tail


def elide_end(text: str, *, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells, its end left out if need be."""
    if cell_len(text) <= width:
        return text
    room = width - cell_len(ellipsis)
    return _head(text, width=width) if room < 1 else _head(text, width=room).rstrip() + ellipsis


def _is_drawable(nats: float) -> bool:
    return math.isfinite(nats) and abs(nats) <= _HIGHEST_DRAWN_NATS


def _tick(height: float, *, ticks: str) -> str:
    return ticks[min(len(ticks) - 1, int(height * len(ticks)))]


def _duration(seconds: float | None, *, hours_format: str, days_format: str) -> str:
    if seconds is None or math.isnan(seconds):
        return _NONE
    if seconds >= _NUM_LONGEST_DAYS * 86_400:
        return f">{_NUM_LONGEST_DAYS} d"
    if seconds < 59.5:
        return f"{max(0.0, seconds):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return (
        hours_format.format(*divmod(minutes, 60))
        if minutes < 24 * 60
        else days_format.format(*divmod(round(seconds / 3600), 24))
    )


def _head(text: str, *, width: int) -> str:
    lengths = range(len(text) + 1)
    return text[: max(takewhile(lambda length: cell_len(text[:length]) <= width, lengths), default=0)]
