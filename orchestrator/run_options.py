"""Arguments and options of the commands that train, go on or look on."""

from pathlib import Path
from typing import Annotated, Optional

import typer

__all__ = [
    "AddressOption",
    "ConfigArgument",
    "InlineOption",
    "JsonOption",
    "OutOption",
    "RunArgument",
    "SetOption",
    "preset_completions",
]


def preset_completions() -> list[str]:
    """Names that the shell offers."""
    from configs.preset_files import preset_names

    return list(preset_names())


ConfigArgument = Annotated[
    str, typer.Argument(metavar="CONFIG", help="A preset's name or a YAML file.", autocompletion=preset_completions)
]
SetOption = Annotated[
    Optional[list[str]],  # noqa: UP045, typer reads it at run time
    typer.Option("--set", metavar="FIELD=VALUE", help="Override one field, such as schedule.budget_tokens=409600."),
]
OutOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--out", metavar="DIR", help="The run directory. Default: runs/NAME-DATE-TIME."),
]
AddressOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--address", metavar="ADDR", help="A running Ray cluster, `host:port` or `auto`."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line and event.")]
InlineOption = Annotated[bool, typer.Option("--inline", help="One run after another in this process, without Ray.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")]
