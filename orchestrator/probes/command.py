"""Take a probe from its options to its tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from configs.errors import RunDirectoryError
from orchestrator.ending import ExitCode
from orchestrator.probes.progress import AbstractProbeView, ProbeBegun, ProbeEnded
from orchestrator.probes.request import OpenedSource, ProbeRequest, open_source, open_stored_source
from orchestrator.probes.study import AbstractStudy, Conclusion
from orchestrator.probes.task import ProbeTask, TaskOutcome
from orchestrator.sites import AbstractSite
from orchestrator.stop_signal import StopRequest, stop_on_signals

__all__ = ["ProbeFinish", "run_probe"]


@dataclass(frozen=True, slots=True)
class ProbeFinish:
    """How a probe ended."""

    conclusion: Conclusion | None
    """None where it was stopped before its tables could be written."""
    exit_code: int
    failures: tuple[TaskOutcome, ...]


def run_probe(
    study: AbstractStudy,
    request: ProbeRequest,
    *,
    name: str,
    site: AbstractSite,
    view: AbstractProbeView,
    stop: StopRequest,
) -> ProbeFinish:
    """Measure what is not measured yet, then conclude. What was measured is kept whatever happens.

    Args:
        study: The question.
        request: Of which checkpoints, on which tokens.
        name: The study's name, for the reader.
        site: Where tasks run.
        view: Where progress is shown.
        stop: Whether somebody asked to stop.

    Raises:
        UserError: If something was found wrong before the first measurement; nothing has been written then.
    """
    opened = open_stored_source(request) if study.uses_stored else open_source(request)
    study.require(opened.source)
    site.require_threads(request.threads_per_task)
    _make_directory(opened, writes_stream=not study.uses_stored)
    tasks = study.tasks(opened.source, paths=opened.paths)
    waiting = [task for task in tasks if not task.is_done]
    with view:
        view.begin(_begun(opened, study=study, name=name, num_tasks=len(tasks), num_waiting=len(waiting)))
        outcomes = _run(waiting, site=site, opened=opened, request=request, view=view, stop=stop)
    finish = _finish(study, opened=opened, outcomes=outcomes, is_whole=len(outcomes) == len(waiting))
    found = finish.conclusion or Conclusion((), ())
    view.end_probe(ProbeEnded(finish.exit_code, found.sentences, tuple(map(str, found.files))))
    return finish


def _run(
    tasks: Sequence[ProbeTask],
    *,
    site: AbstractSite,
    opened: OpenedSource,
    request: ProbeRequest,
    view: AbstractProbeView,
    stop: StopRequest,
) -> list[TaskOutcome]:
    outcomes: list[TaskOutcome] = []
    if not tasks:
        return outcomes
    with site.opened(opened.paths.root), stop_on_signals(stop):
        executor = site.probe_executor(threads_per_task=request.threads_per_task)
        for is_last in (False, True):
            for outcome in executor.run([task for task in tasks if task.is_last is is_last], stop=stop):
                outcomes.append(outcome)
                view.end_task(outcome)
    return outcomes


def _finish(
    study: AbstractStudy, *, opened: OpenedSource, outcomes: Sequence[TaskOutcome], is_whole: bool
) -> ProbeFinish:
    if not is_whole:
        return ProbeFinish(None, ExitCode.STOPPED, ())
    failures = tuple(outcome for outcome in outcomes if outcome.failure)
    conclusion = study.conclude(opened.source, paths=opened.paths)
    return ProbeFinish(conclusion, ExitCode.FAILED_RUNS if failures else ExitCode.DONE, failures)


def _begun(opened: OpenedSource, *, study: AbstractStudy, name: str, num_tasks: int, num_waiting: int) -> ProbeBegun:
    tokens = opened.source.tokens
    return ProbeBegun(
        study=name,
        source=opened.name,
        num_tasks=num_tasks,
        num_done_before=num_tasks - num_waiting,
        num_contexts=tokens.num_contexts,
        tokens_sha256=tokens.sha256,
        notes=study.notes(opened.source),
    )


def _make_directory(opened: OpenedSource, *, writes_stream: bool) -> None:
    root = opened.paths.root
    try:
        root.mkdir(parents=True, exist_ok=True)
        if writes_stream:
            np.save(opened.paths.stream_file, opened.source.tokens.stream, allow_pickle=False)
    except OSError as error:
        raise RunDirectoryError(f"{root} cannot be written: {error.strerror}; choose another --out") from error
