"""Run `seedscope`, or start or resume an experiment that meets faults, in this process.

python command.py seedscope resume RUN --inline
python command.py start RUN --site ray --faults '[{...}]' --set seeds=[1,2]
python command.py resume RUN --site inline --faults '[{...}]'
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import typer
from faults import Reached, faults_from_json

from configs.load import load_experiment
from orchestrator.cli import app
from orchestrator.command_errors import run_command
from orchestrator.launch import Finish, resume_experiment, start_experiment
from orchestrator.progress.views import choose_view
from orchestrator.run_directory import open_run_directory
from orchestrator.sites import InlineSite, RaySite
from orchestrator.stop_signal import StopRequest


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say and return the exit code that `seedscope` would end with."""
    if arguments[0] == "seedscope":
        return run_command(app, arguments=arguments[1:])
    faulty = typer.Typer()

    @faulty.command()
    def _() -> None:
        finish = _run(_parse(arguments))
        sys.stderr.write(f"{finish.reason}\n")
        for sentence in finish.aggregation.sentences:
            sys.stdout.write(f"{sentence}\n")
        raise typer.Exit(finish.exit_code)

    return run_command(faulty, arguments=[])


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=("start", "resume"))
    parser.add_argument("root", type=Path)
    parser.add_argument("--site", choices=("inline", "ray"), default="inline")
    parser.add_argument("--faults", type=faults_from_json, default=())
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> Finish:
    view = choose_view(
        wants_json=False,
        is_terminal=False,
        stream=sys.stdout,
        clock=time.monotonic,
        now=lambda: datetime.now().astimezone(),
    )
    site = InlineSite() if options.site == "inline" else RaySite()
    reach = Reached(options.faults)
    if options.verb == "resume":
        return resume_experiment(
            open_run_directory(options.root), site=site, view=view, stop=StopRequest(), reach=reach
        )
    return start_experiment(
        load_experiment("quickstart", overrides=options.overrides),
        out=options.root,
        cache_dir=options.cache,
        site=site,
        view=view,
        stop=StopRequest(),
        reach=reach,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
