"""What commands print besides their progress."""

import shlex
import shutil
import textwrap
from pathlib import Path

import typer

from orchestrator.printable import printable

__all__ = ["files_of", "output_width", "print_lines", "say_how_to_go_on"]

_MOST_COLUMNS = 100


def output_width() -> int:
    """Columns that sentences may fill."""
    return min(shutil.get_terminal_size().columns, _MOST_COLUMNS)


def print_lines(lines: tuple[str, ...], *, indent: int = 2) -> None:
    """Print sentences, wrapped to the terminal.

    Args:
        lines: What to print.
        indent: Spaces before the lines that go on with a sentence.
    """
    for line in lines:
        wrapped = textwrap.wrap(
            printable(line),
            output_width(),
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
        print("\n".join(wrapped))  # noqa: T201


def files_of(table: Path, report: Path | None) -> tuple[str, ...]:
    """Name the table and the report of an experiment, as far as they are there."""
    files = {"Table": table, "Report": report}
    return tuple(f"{name}: {file}" for name, file in files.items() if file is not None and file.is_file())


def say_how_to_go_on(root: Path) -> None:
    """Name the command that goes on with the run directory `root`, on stderr."""
    typer.echo(printable(f"Go on with: seedscope resume {shlex.quote(str(root))}"), err=True)
