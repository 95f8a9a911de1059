"""A small experiment on real stories, trained for a moment, and the same checkpoints as anybody's."""

import json
from pathlib import Path

import pytest

from configs.experiment import ExperimentConfig
from configs.load import load_experiment
from configs.run_paths import RunPaths

SMALL = (
    "seeds=[1, 2, 3]",
    "model.vocab_size=300",
    "model.width=16",
    "model.num_layers=1",
    "model.num_heads=2",
    "model.mlp_width=24",
    "model.context_length=16",
    "corpus.train_stories=30",
    "corpus.validation_stories=6",
    "corpus.tokenizer_stories=30",
    "optimization.learning_rate=1.0e-2",
    "schedule.budget_tokens=4096",
    "schedule.every_tokens=2048",
    "schedule.tokens_per_step=256",
    "evaluation.tokens=128",
    "probe.tokens=1000",
)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunPaths, ExperimentConfig]:
    """A finished run directory of three seeds and three intervals."""
    from orchestrator.launch import start_experiment
    from orchestrator.progress.json_view import JsonView
    from orchestrator.sites import InlineSite
    from orchestrator.stop_signal import StopRequest

    config = load_experiment("quickstart", overrides=SMALL)
    root: Path = tmp_path_factory.mktemp("small") / "run"
    with (root.parent / "events").open("w") as events:
        start_experiment(
            config,
            out=root,
            cache_dir=root.parent / "cache",
            site=InlineSite(),
            view=JsonView(events),
            stop=StopRequest(),
        )
    return RunPaths(root), config


@pytest.fixture
def probe(tmp_path):
    """A function that probes inline and gives the finish; the events go to a file."""
    from orchestrator.probes.command import run_probe
    from orchestrator.probes.progress import JsonLinesView
    from orchestrator.probes.request import ProbeRequest
    from orchestrator.probes.studies import StudyOptions, make_study
    from orchestrator.sites import InlineSite
    from orchestrator.stop_signal import StopRequest

    def run(study: str, *, uses_stored: bool = False, **options):
        with (tmp_path / "events.jsonl").open("a") as events:
            return run_probe(
                make_study(study, options=StudyOptions(uses_stored=uses_stored)),
                ProbeRequest(**options),
                name=study,
                site=InlineSite(),
                view=JsonLinesView(events),
                stop=StopRequest(),
            )

    return run


@pytest.fixture
def events(tmp_path):
    """A function that gives all events so far."""
    return lambda: [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
