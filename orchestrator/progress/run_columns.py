"""The columns of the table of runs: what each shows, and which fit a width."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rich.cells import cell_len

from orchestrator.printable import one_line
from orchestrator.progress.formatting import (
    compact_count,
    compact_duration,
    elide_middle,
    interval_of,
    loss,
    rate,
    sparkline,
)
from orchestrator.progress.glyphs import Glyphs
from orchestrator.progress.snapshot import RunView

__all__ = ["Column", "Key", "Layout", "lay_out"]

_LEAST_CONDITION_CELLS = 7  # Two or three characters on either side of the ellipsis.
_LEAST_CONDITION_SHARE = 6  # A long name is given a sixth of the line before the least important columns are.
_LEAST_TREND_CELLS = 8


class Key(StrEnum):
    """The columns from left to right."""

    CONDITION = "condition"
    SEED = "seed"
    STATE = "state"
    ATTEMPT = "attempt"
    INTERVAL = "interval"
    TOKENS = "tokens"
    TRAIN = "train"
    VAL = "val"
    BEST = "best"
    TREND = "trend"
    RATE = "rate"
    LEFT = "left"
    SLOT = "slot"


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it is drawn."""

    key: Key
    header: str
    width: int
    """In cells; nothing in the column is wider, except for what is elided or left out on purpose."""

    @property
    def is_text(self) -> bool:
        """True where cells start at the left edge; numbers end at the right one."""
        return self.key in (Key.CONDITION, Key.STATE, Key.BEST, Key.TREND, Key.SLOT)

    def cell(self, run: RunView, *, glyphs: Glyphs) -> str:
        """What the column shows for `run`, padded to the column's width."""
        match self.key:
            case Key.CONDITION:
                name = glyphs.printable(one_line(run.run.condition))
                text = elide_middle(name, width=self.width, ellipsis=glyphs.ellipsis)
            case Key.TREND:
                text = sparkline(run.val_losses, width=self.width, glyphs=glyphs)
            case _:
                text = _cell(self.key, run, glyphs=glyphs)
        return self.pad(text)

    def pad(self, text: str) -> str:
        """`text` with blanks up to the column's width."""
        blanks = " " * (self.width - cell_len(text))
        return text + blanks if self.is_text else blanks + text


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that fit, from left to right."""

    columns: tuple[Column, ...]
    gap: int
    """Blank cells between two columns."""

    @property
    def width(self) -> int:
        """Cells of one row."""
        return sum(column.width for column in self.columns) + self.gap * max(0, len(self.columns) - 1)


# From the most to the least important; a narrow terminal loses them from the end.
_ESSENTIAL = (
    Key.SEED,
    Key.STATE,
    Key.CONDITION,
    Key.INTERVAL,
    Key.VAL,
    Key.LEFT,
    Key.BEST,
    Key.TREND,
    Key.TRAIN,
    Key.RATE,
    Key.TOKENS,
)
_ROOMY = (Key.ATTEMPT, Key.SLOT)

_SHORT_HEADERS = {
    Key.CONDITION: "cond",
    Key.INTERVAL: "done",
    Key.BEST: "best val",
    Key.RATE: "tok/s",
}
_MIDDLE_HEADERS = {Key.BEST: "best val", Key.RATE: "tok/s"}
_LONG_HEADERS = {
    Key.TRAIN: "train loss",
    Key.VAL: "val loss",
    Key.BEST: "best val loss",
    Key.TREND: "val loss trend",
    Key.RATE: "tokens/s",
    Key.LEFT: "time left",
}

# Cells that a column keeps from the start, so that the table stays in place while its first numbers arrive.
_LEAST_CELLS = {
    Key.STATE: len("completed"),
    Key.TOKENS: len("20.0M"),
    Key.TRAIN: len("2.883"),
    Key.VAL: len("2.883"),
    Key.BEST: len("2.883 @20"),
    Key.TREND: _LEAST_TREND_CELLS,
    Key.RATE: len("12,345"),
    Key.LEFT: len("2h 05m"),
}


def lay_out(runs: tuple[RunView, ...], *, width: int, glyphs: Glyphs) -> Layout:
    """The most generous layout of at most `width` cells; the spare cells go to the names, then to the trend.

    Args:
        runs: Every run of the experiment, shown or not, so that the columns do not depend on the choice.
        width: Cells of the terminal.
        glyphs: The characters to draw with.
    """
    cells = {key: [_cell(key, run, glyphs=glyphs) for run in runs] for key in _present_keys(runs)}
    natural = {key: max(map(cell_len, texts), default=0) for key, texts in cells.items()}
    name_cells = max(_LEAST_CONDITION_CELLS, width // _LEAST_CONDITION_SHARE)
    needed = {key: min(cells, name_cells) if key is Key.CONDITION else cells for key, cells in natural.items()}
    for layout in _candidates(needed):
        if layout.width <= width:
            break
    num_intervals = max((run.num_intervals for run in runs), default=0)
    layout = _widen(
        layout, key=Key.CONDITION, limit=max(natural.get(Key.CONDITION, 0), len(Key.CONDITION)), width=width
    )
    return _widen(layout, key=Key.TREND, limit=num_intervals, width=width)


def _present_keys(runs: tuple[RunView, ...]) -> list[Key]:
    absent = {
        Key.CONDITION: len({run.run.condition for run in runs}) < 2,
        Key.ATTEMPT: all(run.attempt < 2 for run in runs),
        Key.SLOT: not any(run.slot for run in runs),
    }
    return [key for key in Key if not absent.get(key, False)]


def _candidates(needed: dict[Key, int]) -> Iterator[Layout]:
    essential = [key for key in _ESSENTIAL if key in needed]
    every = essential + [key for key in _ROOMY if key in needed]
    yield _layout(every, needed, headers=_LONG_HEADERS, gap=2)
    yield _layout(every, needed, headers=_MIDDLE_HEADERS, gap=2)
    for num_columns in range(len(essential), 0, -1):
        for gap, headers in ((2, _MIDDLE_HEADERS), (1, _MIDDLE_HEADERS), (1, _SHORT_HEADERS)):
            yield _layout(essential[:num_columns], needed, headers=headers, gap=gap)


def _layout(keys: list[Key], needed: dict[Key, int], *, headers: dict[Key, str], gap: int) -> Layout:
    columns = []
    for key in sorted(keys, key=list(Key).index):
        header = headers.get(key, key.value)
        columns.append(Column(key, header, max(cell_len(header), needed[key], _LEAST_CELLS.get(key, 0))))
    return Layout(tuple(columns), gap)


def _widen(layout: Layout, *, key: Key, limit: int, width: int) -> Layout:
    spare = max(0, width - layout.width)
    columns = (_widened(column, limit=limit, spare=spare) if column.key is key else column for column in layout.columns)
    return Layout(tuple(columns), layout.gap)


def _widened(column: Column, *, limit: int, spare: int) -> Column:
    width = max(column.width, min(limit, column.width + spare))
    header = column.key.value if len(column.header) < len(column.key.value) <= width else column.header
    return Column(column.key, header, width)


def _cell(key: Key, run: RunView, *, glyphs: Glyphs) -> str:
    return glyphs.printable(_CELLS[key](run))


def _best(run: RunView) -> str:
    return "-" if run.best_interval is None else f"{loss(run.best_val_loss)} @{run.best_interval}"


_CELLS: dict[Key, Callable[[RunView], str]] = {
    Key.CONDITION: lambda run: one_line(run.run.condition),
    Key.SEED: lambda run: str(run.run.seed),
    Key.STATE: lambda run: run.state.value,
    Key.ATTEMPT: lambda run: str(run.attempt) if run.attempt else "-",
    Key.INTERVAL: lambda run: interval_of(run.last_interval, num_intervals=run.num_intervals),
    Key.TOKENS: lambda run: compact_count(run.tokens),
    Key.TRAIN: lambda run: loss(run.train_loss),
    Key.VAL: lambda run: loss(run.val_losses[-1] if run.val_losses else None),
    Key.BEST: _best,
    Key.TREND: lambda _: "",
    Key.RATE: lambda run: rate(run.tokens_per_s),
    Key.LEFT: lambda run: compact_duration(run.remaining_s if run.state.is_running else None),
    Key.SLOT: lambda run: one_line(run.slot) or "-",
}
