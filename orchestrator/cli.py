"""The command `seedscope`; every import that takes time waits until its command is given."""

import logging
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from orchestrator import analyze_options, probe_options
from orchestrator.command_output import files_of, output_width, print_lines, say_how_to_go_on
from orchestrator.printable import printable
from orchestrator.run_options import (
    AddressOption,
    ConfigArgument,
    InlineOption,
    JsonOption,
    OutOption,
    RunArgument,
    SetOption,
    preset_completions,
)

if TYPE_CHECKING:
    from orchestrator.launch import Finish
    from orchestrator.progress.abstract_view import AbstractView
    from orchestrator.sites import AbstractSite

__all__ = ["app", "main"]

app = typer.Typer(
    name="seedscope",
    help="Train the same small language model from many seeds, and learn what the whole trajectory can support.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line; errors become one sentence on stderr and an exit code."""
    from orchestrator.command_errors import run_command

    sys.exit(run_command(app, arguments=sys.argv[1:]))


def _print_version(is_asked: bool) -> None:
    from orchestrator.versions import version_of

    if is_asked:
        print(f"seedscope {version_of('seedscope')}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(name)s: %(message)s")


@app.command()
def run(
    config: ConfigArgument,
    out: OutOption = None,
    overrides: SetOption = None,
    address: AddressOption = None,
    wants_json: JsonOption = False,
    is_inline: InlineOption = False,
) -> None:
    """Train every seed. Ends with the table, its statistics and a report."""
    from configs.load import load_experiment
    from orchestrator.defaults import cache_dir, default_out
    from orchestrator.launch import start_experiment
    from orchestrator.report_files import report_on
    from orchestrator.stop_signal import StopRequest

    experiment = load_experiment(config, overrides=overrides or ())
    finish = start_experiment(
        experiment,
        out=out or default_out(experiment.name),
        cache_dir=cache_dir(),
        site=_site(address=address, is_inline=is_inline),
        view=_view(wants_json=wants_json),
        stop=StopRequest(),
        report=report_on,
    )
    _end(finish, wants_json=wants_json)


@app.command()
def resume(
    run: RunArgument,
    address: AddressOption = None,
    wants_json: JsonOption = False,
    is_inline: InlineOption = False,
) -> None:
    """Go on where an experiment stopped. A finished one is left as it is."""
    from orchestrator.launch import resume_experiment
    from orchestrator.report_files import report_on
    from orchestrator.run_directory import open_run_directory
    from orchestrator.stop_signal import StopRequest

    finish = resume_experiment(
        open_run_directory(run),
        site=_site(address=address, is_inline=is_inline),
        view=_view(wants_json=wants_json),
        stop=StopRequest(),
        report=report_on,
    )
    _end(finish, wants_json=wants_json)


@app.command()
def watch(run: RunArgument, wants_json: JsonOption = False) -> None:
    """Follow an experiment from another terminal."""
    from configs.run_paths import RunPaths
    from orchestrator.watch import watch_experiment

    exit_code = watch_experiment(run, view=_view(wants_json=wants_json))
    if not wants_json:
        paths = RunPaths(run)
        print_lines(files_of(paths.table_csv, paths.report_html))
    if exit_code:
        say_how_to_go_on(run)
        raise typer.Exit(exit_code)


@app.command()
def plan(config: ConfigArgument, overrides: SetOption = None, out: OutOption = None) -> None:
    """Say what an experiment would be and cost. Nothing is run."""
    from configs.load import load_experiment
    from orchestrator.defaults import cache_dir, default_out
    from orchestrator.plan import make_plan
    from orchestrator.plan_text import plan_as_lines

    experiment = load_experiment(config, overrides=overrides or ())
    result = make_plan(experiment, out=out or default_out(experiment.name), cache_dir=cache_dir())
    print_lines(plan_as_lines(result))


@app.command()
def analyze(
    sources: analyze_options.Sources,
    out: analyze_options.Out = None,
    subject: analyze_options.Subject = None,
    within: analyze_options.Within = None,
    metrics: analyze_options.Metrics = None,
    subject_from: analyze_options.SubjectFrom = None,
    align: analyze_options.AlignRule = "refuse",
    duplicates: analyze_options.DuplicatesRule = "refuse",
    wide: analyze_options.WideRule = None,
    missing: analyze_options.MissingRule = "drop-seeds",
    every: analyze_options.Every = None,
    higher_is_better: analyze_options.HigherIsBetter = None,
    reference: analyze_options.ReferenceRule = "last",
) -> None:
    """Compute audit, telemetry and statistics of a run or a table. Needs neither Ray nor torch."""
    from orchestrator.analyze import analyze_source
    from orchestrator.source_options import source_options

    options = source_options(
        subject=subject,
        within=within,
        metrics=tuple(metrics or ()),
        subject_from=subject_from,
        align=align,
        duplicates=duplicates,
        wide=wide,
        missing=missing,
        every=every,
        higher_is_better=tuple(higher_is_better or ()),
        reference=reference,
    )
    analysis = analyze_source(sources, out=out, options=options)
    print_lines((*analysis.sentences, f"Statistics: {analysis.statistics_file}", f"Report: {analysis.report_file}"))


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run directories; one, if it has conditions.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", metavar="DIR", help="Where compare.json and compare.md go. Default: here."),
    ] = None,
) -> None:
    """Set experiments or conditions side by side. Says what differs, whether that is fair, and by how much."""
    from orchestrator.compare import compare_sources

    compared = compare_sources(runs, out=out)
    print_lines((*compared.sentences, f"Comparison: {compared.json_file}", f"Tables: {compared.markdown_file}"))


@app.command()
def probe(
    study: probe_options.Study,
    source: probe_options.Source = None,
    checkpoints: probe_options.Checkpoints = None,
    text: probe_options.Text = None,
    out: probe_options.Out = None,
    num_tokens: probe_options.NumTokens = None,
    context_length: probe_options.ContextLength = None,
    tokenizer: probe_options.TokenizerFile = None,
    unigram: probe_options.Unigram = None,
    tokens_per_step: probe_options.TokensPerStep = None,
    starts: probe_options.Starts = None,
    items: probe_options.Items = None,
    uses_stored: probe_options.UsesStored = False,
    conditions: probe_options.Conditions = None,
    seeds: probe_options.Seeds = None,
    steps: probe_options.Steps = None,
    threads: probe_options.Threads = 1,
    address: AddressOption = None,
    wants_json: JsonOption = False,
    is_inline: probe_options.Inline = False,
) -> None:
    """Look inside the checkpoints. Do seeds agree, which part of the loss falls, which tokens learn or forget?"""
    from orchestrator.probes.command import run_probe
    from orchestrator.probes.ending import ending_lines
    from orchestrator.probes.progress import choose_probe_view
    from orchestrator.probes.request import ProbeRequest
    from orchestrator.probes.studies import StudyOptions, make_study
    from orchestrator.stop_signal import StopRequest

    finish = run_probe(
        make_study(study, options=StudyOptions(tuple(starts or ()), tuple(items or ()), uses_stored)),
        ProbeRequest(
            run=source,
            checkpoints=checkpoints,
            text=text,
            out=out,
            num_tokens=num_tokens,
            context_length=context_length,
            tokenizer=tokenizer,
            unigram=unigram,
            tokens_per_step=tokens_per_step,
            conditions=conditions,
            seeds=seeds,
            steps=steps,
            threads_per_task=threads,
        ),
        name=study,
        site=_site(address=address, is_inline=is_inline),
        view=choose_probe_view(wants_json=wants_json, is_terminal=sys.stdout.isatty(), stream=sys.stdout),
        stop=StopRequest(),
    )
    lines = ending_lines(finish)
    print_lines(() if wants_json else lines.output)
    for line in lines.complaints:
        typer.echo(printable(f"seedscope: {line}"), err=True)
    if finish.exit_code:
        typer.echo(printable(f"Go on with: seedscope {shlex.join(sys.argv[1:])}"), err=True)
        raise typer.Exit(finish.exit_code)


@app.command()
def repair(run: RunArgument) -> None:
    """Rebuild a lost or damaged ledger from the checkpoints."""
    from orchestrator.repair import repair_run_directory

    print_lines(repair_run_directory(run))


@app.command()
def fetch(run: RunArgument) -> None:
    """Bring checkpoints home from `checkpoints.uri`."""
    from configs.run_paths import RunPaths
    from orchestrator.ending import ExitCode
    from orchestrator.fetch import fetch_checkpoints

    fetched = fetch_checkpoints(run)
    place = RunPaths(run).checkpoints_dir
    print_lines((*fetched.problems, f"{fetched.num_here} of {fetched.num_known} checkpoints are in {place}."))
    if fetched.problems:
        raise typer.Exit(ExitCode.FAILED_RUNS)


@app.command()
def presets(
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="NAME", help="Print this one, every field explained.", autocompletion=preset_completions
        ),
    ] = None,
) -> None:
    """List the experiments that ship with Seedscope. With NAME, print one as the beginning of your own config."""
    from configs.annotated_preset import annotated_preset
    from configs.preset_files import preset_summary

    if name is not None:
        print(annotated_preset(name), end="")  # noqa: T201
        return
    names = preset_completions()
    width = max(map(len, names))
    print_lines(tuple(f"{name:{width}}  {preset_summary(name)}" for name in names), indent=width + 2)


@app.command()
def doctor() -> None:
    """Say what this machine offers and what would go wrong."""
    import os

    from orchestrator.doctor import examine, findings_as_lines
    from orchestrator.ray_session import RAY_DIR_NAME, TEMPORARY_BASE, why_ray_cannot_start

    findings = examine(
        directory=Path.cwd(),
        temporary_directory=TEMPORARY_BASE / "seedscope-0000000-xxxxxxxx" / RAY_DIR_NAME,
        environment=os.environ,
        can_start_ray=why_ray_cannot_start,
    )
    for line in findings_as_lines(findings, width=output_width()):
        print(line)  # noqa: T201


def _site(*, address: str | None, is_inline: bool) -> "AbstractSite":
    from configs.errors import ConfigurationError
    from orchestrator.sites import InlineSite, RaySite

    if is_inline and address is not None:
        raise ConfigurationError(f"--inline runs without Ray, so it cannot use --address {address}; give one of them")
    return InlineSite() if is_inline else RaySite(address)


def _view(*, wants_json: bool) -> "AbstractView":
    from orchestrator.progress.views import steady_view

    return steady_view(sys.stdout, wants_json=wants_json)


def _end(finish: "Finish", *, wants_json: bool) -> None:
    if not wants_json:
        paths = finish.directory.paths
        nothing = ("Every run was complete before; nothing was trained.",) if finish.was_complete else ()
        print_lines((*nothing, "", *finish.aggregation.sentences))
        print_lines(files_of(paths.table_csv, finish.report))
    if finish.exit_code:
        if finish.reason:
            typer.echo(printable(f"seedscope: {finish.reason}"), err=True)
        say_how_to_go_on(finish.directory.paths.root)
        raise typer.Exit(finish.exit_code)
