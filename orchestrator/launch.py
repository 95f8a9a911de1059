"""Take an experiment from its config to its table: new, or from where it stopped."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from configs.errors import RunDirectoryError, StorageError
from configs.experiment import ExperimentConfig
from configs.overrides import differing_fields
from configs.rate_warnings import rate_warnings
from configs.run_paths import RunPaths
from orchestrator.checkpoint_mirror import bring_home
from orchestrator.checkpoint_place import hold_place, require_free_place, require_held_place
from orchestrator.controller import Controller
from orchestrator.ending import Ending, EndingKind, ExitCode
from orchestrator.executor import AbstractExecutor
from orchestrator.lease import hold_lease
from orchestrator.ledger import reading_ledger
from orchestrator.machine import inspect_machine
from orchestrator.manifest import add_run_hashes, first_manifest, write_manifest
from orchestrator.needs import needs_of, require_disk, require_memory
from orchestrator.placement_choice import decide_placement
from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress.events import ExperimentFinished, ExperimentStarted, Warned
from orchestrator.run_directory import RunDirectory, create_run_directory, require_free_or_same
from orchestrator.run_state import RunState
from orchestrator.sites import AbstractSite
from orchestrator.stop_signal import StopRequest, stop_on_signals
from orchestrator.weights_identity import identify_weights
from workers.corpus import Corpus, load_corpus, prepare_corpus, require_windows
from workers.given_tokenizer import given_tokenizer
from workers.points import Point, Reach, pass_by
from workers.records import IntervalRecord
from workers.store_choice import checkpoint_store

if TYPE_CHECKING:
    from orchestrator.aggregation import Aggregation

__all__ = ["Finish", "ReportWriter", "no_report", "prepare_experiment", "resume_experiment", "start_experiment"]


@dataclass(frozen=True, slots=True)
class Finish:
    """How an experiment ended."""

    directory: RunDirectory
    aggregation: "Aggregation"
    exit_code: int
    report: Path | None
    """The page, where one was written."""
    reason: str = ""
    """Why it ended before its time; empty where it did not, or where the user stopped it."""
    was_complete: bool = False
    """True where every run was complete before, so that nothing was trained."""


ReportWriter = Callable[[RunPaths], Path | None]
"""Writes the report of a run directory whose statistics are there, and says where its page is."""


def no_report(_paths: RunPaths) -> None:
    """The writer for those who want none."""


@dataclass(frozen=True, slots=True)
class _Session:
    """What a command that trains works with."""

    site: AbstractSite
    view: AbstractView = field(kw_only=True)
    stop: StopRequest = field(kw_only=True)
    reach: Reach = field(kw_only=True)
    report: ReportWriter = field(kw_only=True)


def prepare_experiment(config: ExperimentConfig, *, cache_dir: Path) -> Corpus:
    """Read and tokenize the corpus, and refuse one that is too short for any condition.

    Raises:
        CorpusError: If the text cannot be had or does not suffice.
    """
    corpus = prepare_corpus(
        config.corpus,
        vocab_size=config.model.vocab_size,
        cache_dir=cache_dir,
        given=given_tokenizer(config.model),
    )
    for name in config.condition_names:
        resolved = config.for_condition(name)
        require_windows(
            corpus,
            context_length=resolved.model.context_length,
            evaluation_tokens=resolved.evaluation.tokens,
            evaluation_offset=resolved.evaluation.offset,
        )
    return corpus


def start_experiment(
    config: ExperimentConfig,
    *,
    out: Path,
    cache_dir: Path,
    site: AbstractSite,
    view: AbstractView,
    stop: StopRequest,
    reach: Reach = pass_by,
    report: ReportWriter = no_report,
) -> Finish:
    """Run a config into `out`. An `out` that holds the same experiment is gone on with.

    Args:
        config: What to run.
        out: The run directory; it appears once everything that can be checked before has been checked.
        cache_dir: Where tokenizers and compiled kernels are kept between experiments.
        site: Where the runs run.
        view: Where progress is shown.
        stop: Whether somebody asked to stop.
        reach: Told where the work is, in every process.
        report: Writes the report once the statistics are there.

    Raises:
        UserError: If something was found wrong before the first step; `out` is then as it was.
    """
    session = _Session(site, view=view, stop=stop, reach=reach, report=report)
    choice = decide_placement(identify_weights(config), cache_dir=cache_dir)
    config = choice.config
    present = require_free_or_same(out, config=config)
    needs = needs_of(config)
    if config.checkpoints.uri is None:
        require_disk(needs, directory=out)
    elif config.checkpoints.local_directory is not None:
        require_disk(needs, directory=Path(config.checkpoints.local_directory))
    machine = inspect_machine()
    require_memory(needs, available_bytes=machine.memory_available_bytes)
    view.prepare("reading the stories")
    corpus = prepare_experiment(config, cache_dir=cache_dir)
    if present is not None:
        _require_same_corpus(corpus, present)
        kept = ", ".join(differing_fields(present.config.to_dict(), config.to_dict()))
        if kept:
            view.show(Warned(f"{out} keeps its own {kept}; to change that, edit {present.paths.config_file}."))
        return _resume(present, session)
    require_free_place(config.checkpoints)
    with _opened(site, root=out, config=config, view=view):
        slots = site.slots(config.placement)
        manifest = first_manifest(
            config,
            corpus=corpus,
            machine=machine,
            slots=[str(slot) for slot in slots],
            notices=(*((choice.notice,) if choice.notice else ()), *rate_warnings(config)),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        directory = create_run_directory(out, config=config, corpus=corpus, manifest=manifest)
        reach(Point.DIRECTORY_MADE)
        with hold_lease(directory.paths.lease_file):
            hold_place(config.checkpoints, manifest=manifest, paths=directory.paths)
            return _run(directory, session, began_s=time.monotonic())


def resume_experiment(
    directory: RunDirectory,
    *,
    site: AbstractSite,
    view: AbstractView,
    stop: StopRequest,
    reach: Reach = pass_by,
    report: ReportWriter = no_report,
) -> Finish:
    """Run whatever is not complete yet; a complete experiment is only aggregated again.

    Raises:
        UserError: If the directory is in use or damaged.
    """
    return _resume(directory, _Session(site, view=view, stop=stop, reach=reach, report=report))


def _resume(directory: RunDirectory, session: _Session) -> Finish:
    with hold_lease(directory.paths.lease_file):
        began_s = time.monotonic()
        if _is_complete(directory):
            return replace(_finish(directory, session, ending=Ending(EndingKind.FINISHED)), was_complete=True)
        _require_same_corpus(load_corpus(directory.paths), directory)
        identify_weights(directory.config)
        if _has_begun(directory):
            # A store that is not mounted would be taken for an empty one, and everything trained again.
            require_held_place(directory.config.checkpoints, manifest=directory.manifest)
        hold_place(directory.config.checkpoints, manifest=directory.manifest, paths=directory.paths)
        with _opened(session.site, root=directory.paths.root, config=directory.config, view=session.view):
            return _run(directory, session, began_s=began_s)


@contextmanager
def _opened(site: AbstractSite, *, root: Path, config: ExperimentConfig, view: AbstractView) -> Iterator[None]:
    if site.opening is not None:
        view.prepare(site.opening)
    # What every node must be able to read, apart from the run directory.
    readable = () if config.model.directory is None else (Path(config.model.directory),)
    with site.opened(root, checkpoints=config.checkpoints, readable=readable):
        yield


def _run(directory: RunDirectory, session: _Session, *, began_s: float) -> Finish:
    config, site = directory.config, session.site
    with session.view as view:
        _announce(directory, view=view, num_slots=len(site.slots(config.placement)))
        # Workers have another current directory.
        paths = RunPaths(directory.paths.root.absolute())
        store = checkpoint_store(config.checkpoints, paths=paths)
        with site.executor(paths, store=store, placement=config.placement, reach=session.reach) as executor:
            ending = _control(directory, session, executor=executor, began_s=began_s)
        session.reach(Point.RUNS_ENDED)
        return _finish(directory, session, ending=ending)


def _control(directory: RunDirectory, session: _Session, *, executor: AbstractExecutor, began_s: float) -> Ending:
    controller = Controller(
        directory.config,
        run_dir=directory.paths.root.absolute(),
        executor=executor,
        view=session.view,
        stop=session.stop,
        clock=time.monotonic,
        began_s=began_s,
        reach=session.reach,
    )
    with stop_on_signals(session.stop):
        return controller.run()


def _announce(directory: RunDirectory, *, view: AbstractView, num_slots: int) -> None:
    config = directory.config
    schedules = [config.for_condition(name).schedule for name in config.condition_names]
    view.show(
        ExperimentStarted(
            name=config.name,
            run_dir=str(directory.paths.root),
            num_runs=len(config.condition_names) * len(config.seeds),
            num_intervals=max(schedule.num_intervals for schedule in schedules),
            num_slots=num_slots,
        )
    )
    for warning in (*directory.manifest["notices"], *directory.manifest["corpus"]["warnings"], *_machine_warnings()):
        view.show(Warned(warning))


def _machine_warnings() -> tuple[str, ...]:
    if inspect_machine().has_affinity:
        return ()
    return ("This platform cannot tie threads to cores; runs side by side may slow each other down.",)


def _finish(directory: RunDirectory, session: _Session, *, ending: Ending) -> Finish:
    # It takes as long to import as the first training steps; nobody should wait for that before them.
    from orchestrator.aggregation import aggregate

    paths = directory.paths
    session.view.prepare("computing the statistics and drawing the report")
    with reading_ledger(paths.ledger_file) as ledger:
        rows, records = ledger.runs(), ledger.records()
    write_manifest(add_run_hashes(directory.manifest, rows=rows, records=records), paths=paths)
    _bring_home(directory, records=records, view=session.view)
    aggregation = aggregate(records, config=directory.config, paths=paths, out=paths, reach=session.reach)
    report = session.report(paths) if records else None
    exit_code = _exit_code(ending.kind, states=tuple(row.state for row in rows))
    session.view.show(
        ExperimentFinished(
            name=directory.config.name,
            run_dir=str(paths.root),
            exit_code=exit_code,
            num_rows=aggregation.num_rows,
            num_expected_rows=aggregation.num_expected_rows,
        )
    )
    return Finish(directory, aggregation, exit_code, report, reason=ending.reason)


def _bring_home(directory: RunDirectory, *, records: Sequence[IntervalRecord], view: AbstractView) -> None:
    try:
        problems = bring_home(
            directory.config.checkpoints, manifest=directory.manifest, paths=directory.paths, records=records
        )
    except StorageError as error:
        problems = (f"{error}.",)  # the table needs nothing from there, and its audit says what is missing
    for problem in problems:
        view.show(Warned(problem))


def _exit_code(kind: EndingKind, *, states: tuple[RunState, ...]) -> int:
    if all(state is RunState.COMPLETED for state in states):
        return ExitCode.DONE
    match kind:
        case EndingKind.STOPPED:
            return ExitCode.STOPPED
        case EndingKind.ABORTED:
            return ExitCode.DEFECT
        case EndingKind.FINISHED | EndingKind.PAUSED:
            return ExitCode.FAILED_RUNS


def _has_begun(directory: RunDirectory) -> bool:
    with reading_ledger(directory.paths.ledger_file) as ledger:
        return any(row.attempt > 0 for row in ledger.runs())


def _is_complete(directory: RunDirectory) -> bool:
    with reading_ledger(directory.paths.ledger_file) as ledger:
        return all(row.state is RunState.COMPLETED for row in ledger.runs())


def _require_same_corpus(corpus: Corpus, directory: RunDirectory) -> None:
    expected = directory.manifest["corpus"]["fingerprint"]
    if corpus.fingerprint != expected:
        raise RunDirectoryError(
            f"{directory.paths.root} was begun with another text (corpus fingerprint {expected[:12]}, now "
            f"{corpus.fingerprint[:12]}); give the same text, or choose another --out"
        )
