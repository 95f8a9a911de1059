"""A snapshot as a table for a terminal of a given size."""

import math
from collections.abc import Iterable
from datetime import datetime

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from orchestrator.printable import one_line
from orchestrator.progress.formatting import (
    clock_time,
    compact_count,
    duration,
    elide_end,
    elide_middle,
    joules,
)
from orchestrator.progress.glyphs import UNICODE, Glyphs
from orchestrator.progress.run_choice import RunChoice, choose_runs, count_by_state, summaries
from orchestrator.progress.run_columns import Key, Layout, lay_out
from orchestrator.progress.snapshot import RunView, Snapshot
from orchestrator.run_state import RunState

__all__ = ["render"]

_LEAST_BAR_CELLS = 10
_ECHO_CELLS = 4  # Kept free at the end of the last line: a terminal echoes ^C there, and a wrapped line is not erased.
_LEAST_NAME_CELLS = 24

# Colour helps the eye; the state is always a word as well.
_STATE_STYLES = {
    RunState.WAITING: "dim",
    RunState.STARTING: "cyan",
    RunState.TRAINING: "bold cyan",
    RunState.COMPLETED: "green",
    RunState.FAILED: "bold red",
    RunState.STOPPED: "yellow",
}


def render(snapshot: Snapshot, *, width: int, height: int, now: datetime, glyphs: Glyphs = UNICODE) -> Group:
    """One line about the experiment, a header, one line per run as far as there is room, and an overall bar.

    Args:
        snapshot: What to show.
        width: Cells of a line; less important columns are left out before a number is cut.
        height: Most lines; waiting and completed runs share one line before a running or failed one is left out.
        now: The clock time, to which the expected remaining time is added.
        glyphs: The characters to draw with.

    Returns:
        Lines of text, none wider than `width`, at most `height` of them. Text from configs is never read as markup.
    """
    notes = [_note(snapshot, width=width, glyphs=glyphs)] if snapshot.note else []
    layout = lay_out(snapshot.runs, width=width, glyphs=glyphs)
    head = [_title(snapshot, width=width, glyphs=glyphs), _header(layout)]
    foot = [*notes, _overall(snapshot, width=width, now=now, glyphs=glyphs)]
    num_lines = height - len(head) - len(foot)
    choice = choose_runs(snapshot.runs, num_lines=num_lines)
    body = _body(choice, layout=layout, num_lines=num_lines, width=width, glyphs=glyphs)
    legend = _legend(layout, width=width, glyphs=glyphs)
    if legend and len(body) < num_lines:
        foot.insert(0, legend)
    return Group(*_cropped([*head, *body, *foot], width=width, height=height))


def _title(snapshot: Snapshot, *, width: int, glyphs: Glyphs) -> Text:
    counts = count_by_state(snapshot.runs, glyphs=glyphs)
    name = glyphs.printable(one_line(snapshot.name))
    joined = f"   {counts}" if snapshot.elapsed_s is None else f"   {counts}   elapsed {duration(snapshot.elapsed_s)}"
    energy = [] if snapshot.energy_joules is None else [f"{joined}   {joules(snapshot.energy_joules)}"]
    tails = (*energy, joined, f"   {counts}", f"   {len(snapshot.runs)} runs", "")
    room = width - min(cell_len(name), _LEAST_NAME_CELLS)
    tail = _first_fitting(tails, width=room) if snapshot.runs else ""
    name = elide_middle(name, width=width - cell_len(tail), ellipsis=glyphs.ellipsis)
    return Text.assemble((name, "bold"), tail)


def _header(layout: Layout) -> Text:
    gap = " " * layout.gap
    return Text(gap.join(column.pad(column.header) for column in layout.columns).rstrip(), style="dim")


def _body(choice: RunChoice, *, layout: Layout, num_lines: int, width: int, glyphs: Glyphs) -> list[Text]:
    failed = [run for run in choice.shown if run.state is RunState.FAILED and run.message]
    has_room_for_reasons = len(choice.shown) + len(failed) <= num_lines and not choice.hidden
    lines = []
    for run in choice.shown:
        lines.append(_row(run, layout=layout, glyphs=glyphs))
        if has_room_for_reasons and run in failed:
            lines.append(_reason(run, width=width, glyphs=glyphs))
    if choice.hidden:
        lines.append(Text(_first_fitting(summaries(choice.hidden, glyphs=glyphs), width=width), style="dim"))
    return lines


def _row(run: RunView, *, layout: Layout, glyphs: Glyphs) -> Text:
    line = Text()
    for index, column in enumerate(layout.columns):
        style = _STATE_STYLES[run.state] if column.key is Key.STATE or run.state is RunState.WAITING else ""
        line.append(" " * layout.gap if index else "")
        line.append(column.cell(run, glyphs=glyphs), style=style)
    line.rstrip()
    return line


def _reason(run: RunView, *, width: int, glyphs: Glyphs) -> Text:
    reason = glyphs.printable(one_line(f"failed: {run.message}"))
    return Text("  " + elide_end(reason, width=width - 2, ellipsis=glyphs.ellipsis), style="red")


def _legend(layout: Layout, *, width: int, glyphs: Glyphs) -> Text | None:
    trend = next((column for column in layout.columns if column.key is Key.TREND), None)
    parts = (
        "loss in nats per token",
        "@ interval",
        f"trend: newest {trend.width if trend else 0} val losses, log scale",
    )
    keys = {column.key for column in layout.columns}
    needed = (Key.VAL in keys, Key.BEST in keys, trend is not None)
    line = f" {glyphs.dot} ".join(part for part, is_needed in zip(parts, needed, strict=True) if is_needed)
    return Text(line, style="dim") if line and cell_len(line) <= width else None


def _note(snapshot: Snapshot, *, width: int, glyphs: Glyphs) -> Text:
    note = glyphs.printable(one_line(snapshot.note))
    return Text(elide_end(note, width=width, ellipsis=glyphs.ellipsis), style="yellow")


def _overall(snapshot: Snapshot, *, width: int, now: datetime, glyphs: Glyphs) -> Text:
    width -= _ECHO_CELLS
    percent = f"  {math.floor(100 * snapshot.done_fraction)} %"
    tokens = f"  {compact_count(snapshot.done_tokens)} of {compact_count(snapshot.total_tokens)} tokens"
    long_time, short_time = _times(snapshot, now=now)
    tails = (percent + tokens + long_time, percent + long_time, percent + short_time, percent)
    tail = _first_fitting(tails, width=width - _LEAST_BAR_CELLS)
    num_cells = max(0, width - cell_len(tail))
    num_done = math.floor(num_cells * snapshot.done_fraction)
    bar = (glyphs.bar_done * num_done, "cyan"), (glyphs.bar_left * (num_cells - num_done), "dim")
    return Text.assemble(*bar, tail)


def _times(snapshot: Snapshot, *, now: datetime) -> tuple[str, str]:
    if snapshot.is_finished and snapshot.elapsed_s is None:
        return "  ended", ""
    if snapshot.is_finished:
        elapsed = duration(snapshot.elapsed_s)
        return f"  ended after {elapsed}", f"  {elapsed}"
    end = snapshot.expected_end(now)
    if end is None:
        return "  time left not known yet", ""
    left = duration(snapshot.remaining_s)
    return f"  {left} left, ends about {clock_time(end, now=now)}", f"  {left} left"


def _first_fitting(lines: Iterable[str], *, width: int) -> str:
    return next((line for line in lines if cell_len(line) <= width), "")


def _cropped(lines: list[Text], *, width: int, height: int) -> list[Text]:
    # The last lines are kept: the overall bar tells most.
    kept = lines[max(0, len(lines) - height) :]
    for line in kept:
        line.no_wrap = True
        line.truncate(max(0, width), overflow="crop")
    return kept
