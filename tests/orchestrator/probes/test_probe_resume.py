"""A probe measures what is missing, says what it leaves out, and ends with the right exit code."""

import io
import os
import shutil

import pandas as pd
import pytest

from configs.errors import ConfigurationError, CorpusError, RunDirectoryError
from configs.run_paths import RunPaths


@pytest.fixture
def run(small_run, tmp_path) -> RunPaths:
    """A copy of the small run directory that a test may damage."""
    paths, _ = small_run
    shutil.copytree(paths.root, tmp_path / "run", ignore=shutil.ignore_patterns("probes"))
    return RunPaths(tmp_path / "run")


def _tasks(events) -> list[str]:
    return [event["task"] for event in events() if event["event"] == "probe_task_ended"]


def test_second_probe_measures_nothing(run, probe, events) -> None:
    probe("entropy", run=run.root)
    first = run.probes.table("entropy").read_bytes()

    finish = probe("entropy", run=run.root)

    assert len(_tasks(events)) == 3
    assert finish.exit_code == 0
    assert run.probes.table("entropy").read_bytes() == first
    assert [event["num_done_before"] for event in events() if event["event"] == "probe_begun"] == [0, 3]


def test_events_end_with_the_files_that_were_written(run, probe, events) -> None:
    probe("entropy", run=run.root)

    last = events()[-1]
    assert (last["event"], last["exit_code"]) == ("probe_ended", 0)
    assert last["files"] == [str(run.probes.table("entropy")), str(run.probes.summary("entropy"))]


def test_request_to_stop_keeps_what_was_measured(run, tmp_path) -> None:
    from orchestrator.probes.command import run_probe
    from orchestrator.probes.progress import LinesView
    from orchestrator.probes.request import ProbeRequest
    from orchestrator.probes.studies import make_study
    from orchestrator.sites import InlineSite
    from orchestrator.stop_signal import StopRequest

    stop = StopRequest()

    class StoppingView(io.StringIO):
        """A stream whose reader asks to stop when the first task has ended."""

        def write(self, text: str) -> int:
            stop.is_made = stop.is_made or text.startswith("1/3")
            return super().write(text)

    finish = run_probe(
        make_study("entropy"),
        ProbeRequest(run=run.root, threads_per_task=len(os.sched_getaffinity(0))),
        name="entropy",
        site=InlineSite(),
        view=LinesView(StoppingView()),
        stop=stop,
    )

    assert (finish.exit_code, finish.conclusion) == (130, None)
    assert run.probes.arrays("scores", condition="base", interval=0).is_file()
    assert not run.probes.table("entropy").exists()


def test_only_what_is_lost_or_damaged_is_measured_again(run, probe, events) -> None:
    probe("entropy", run=run.root)
    first = run.probes.table("entropy").read_bytes()
    run.probes.arrays("scores", condition="base", interval=0).unlink()
    run.probes.arrays("scores", condition="base", interval=2).write_bytes(b"nothing")

    probe("entropy", run=run.root)

    assert sorted(_tasks(events)[3:]) == ["base, interval 0 (step 0)", "base, interval 2 (step 16)"]
    assert run.probes.table("entropy").read_bytes() == first


def test_entropy_uses_what_convergence_measured(run, probe, events) -> None:
    probe("convergence", run=run.root)
    probe("entropy", run=run.root)

    assert len(_tasks(events)) == 3


def test_other_tokens_are_measured_anew(run, probe, events) -> None:
    probe("entropy", run=run.root)
    probe("entropy", run=run.root, num_tokens=400)

    assert len(_tasks(events)) == 6
    assert (pd.read_parquet(run.probes.table("entropy")).num_tokens <= 400).all()


def test_damaged_weights_are_named_and_the_rest_is_concluded(run, probe) -> None:
    weights = run.weights_file("base", 2, 1)
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")

    finish = probe("entropy", run=run.root)

    assert finish.exit_code == 3
    assert [outcome.task.name for outcome in finish.failures] == ["base, interval 1 (step 8)"]
    assert "does not hold what its record promises" in finish.failures[0].failure
    assert sorted(pd.read_parquet(run.probes.table("entropy")).interval.unique()) == [0, 2]


def test_seed_that_lacks_an_interval_is_told_and_not_averaged_over(run, probe, events) -> None:
    shutil.rmtree(run.checkpoint_dir("base", 2, 1))

    finish = probe("convergence", run=run.root)

    table = pd.read_parquet(run.probes.table("convergence"))
    assert sorted(table.interval.unique()) == [0, 2]
    assert "Left out, because they lack seeds that other intervals have: base, interval 1 (step 8)." in (
        finish.conclusion.sentences
    )
    assert set(table.num_seeds) == {3}
    assert events()[0]["notes"][0] == "The experiment is not complete: 1 checkpoint is missing (base/seed-2/1)."


@pytest.mark.parametrize(
    ("study", "note"),
    [
        ("convergence", "The validation text gives 1,935 of the 9,999 next tokens asked for."),
        (
            "entropy",
            "The validation text gives 1,935 of the 9,999 next tokens asked for; entropies of ranks move with their "
            "number.",
        ),
    ],
)
def test_shortage_of_tokens_is_told_and_what_comes_of_it_where_it_does(run, probe, events, study, note) -> None:
    probe(study, run=run.root, num_tokens=9_999)

    assert events()[0]["notes"] == [note]


def test_stored_scores_come_with_their_own_note_and_tokens_and_write_no_stream(run, probe, events) -> None:
    shutil.rmtree(run.checkpoint_dir("base", 2, 1))

    finish = probe("entropy", run=run.root, uses_stored=True)

    begun = events()[0]
    assert begun["num_contexts"] == 128
    assert begun["notes"] == [
        "The experiment is not complete: 1 checkpoint is missing (base/seed-2/1).",
        "Entropies of ranks move with the number of tokens; compare the same tokens alone.",
    ]
    assert not run.probes.stream_file.exists()
    # The first sentence is of the end of training, the others are of half-way steps or of why there is none.
    told = " ".join(finish.conclusion.sentences[1:])
    assert all(part in told for part in ("error entropy", "self-alignment", "minus log norm"))


def test_damaged_stored_scores_are_named(run, probe) -> None:
    damaged = run.checkpoint_dir("base", 2, 1) / "tokens.npz"
    damaged.write_bytes(b"xx")

    with pytest.raises(RunDirectoryError, match=r"tokens\.npz is missing or damaged; probe without --stored"):
        probe("entropy", run=run.root, uses_stored=True)


@pytest.mark.parametrize("study", ["convergence", "entropy"])
def test_nothing_is_concluded_where_nothing_could_be_measured(run, probe, study) -> None:
    for interval in range(3):
        for seed in (1, 2, 3):
            run.weights_file("base", seed, interval).write_bytes(b"xx")

    with pytest.raises(RunDirectoryError, match="holds no measured checkpoint of any condition"):
        probe(study, run=run.root)

    assert not run.probes.table(study).exists()


def test_one_seed_has_no_convergence(run, probe) -> None:
    for seed in (2, 3):
        shutil.rmtree(run.run_dir("base", seed))

    with pytest.raises(ConfigurationError, match=r"no interval has two of them \(seeds found: 1\); give more seeds"):
        probe("convergence", run=run.root)

    assert not run.probes.root.exists()


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({}, ConfigurationError, "nothing to probe"),
        ({"checkpoints": "a/seed{seed}/step{step}"}, ConfigurationError, "needs a text"),
        (
            {"checkpoints": "a/seed{seed}/step{step}", "text": "RUN/no.txt", "out": "RUN"},
            ConfigurationError,
            "is no file",
        ),
        ({"run": "RUN", "text": "RUN/a.txt"}, ConfigurationError, "belongs to --checkpoints"),
        ({"run": "RUN", "num_tokens": 0}, ConfigurationError, "--tokens 0 is not a positive number"),
        ({"run": "RUN", "num_tokens": 5}, CorpusError, "5 tokens to probe on are fewer than the"),
        (
            {"run": "RUN", "context_length": 99},
            ConfigurationError,
            "99 is more than the shortest context of the models, 16",
        ),
        (
            {"checkpoints": "a/seed{seed}/step{step}", "text": "RUN/a.txt", "out": "RUN", "steps": "9"},
            ConfigurationError,
            "--steps 9 lists what a hub holds, and directories are searched",
        ),
        (
            {
                "checkpoints": "a/seed{seed}/step{step}",
                "text": "RUN/manifest.json",
                "out": "RUN",
                "unigram": "RUN/no.npy",
            },
            ConfigurationError,
            "--unigram .*no.npy is no file",
        ),
        ({"run": "RUN", "uses_stored": True, "num_tokens": 100}, ConfigurationError, "--stored has its own"),
        ({"run": "RUN", "uses_stored": True, "context_length": 8}, ConfigurationError, "--stored has its own"),
        ({"run": "RUN/checkpoints"}, RunDirectoryError, "is not a run directory"),
    ],
)
def test_wrong_options_are_one_clear_sentence(run, probe, options, error, complaint) -> None:
    from pathlib import Path

    def placed(name: str, value: object) -> object:
        is_place = isinstance(value, str) and name not in ("checkpoints", "steps")
        return Path(str(value).replace("RUN", str(run.root))) if is_place else value

    with pytest.raises(error, match=complaint):
        probe("entropy", **{name: placed(name, value) for name, value in options.items()})

    assert not run.probes.root.exists()


def test_unknown_study_is_answered_with_the_nearest() -> None:
    from orchestrator.probes.studies import make_study

    with pytest.raises(ConfigurationError, match="did you mean entropy"):
        make_study("entropie")


def test_directory_that_is_no_checkpoint_is_the_users_to_mend(probe, tmp_path) -> None:
    (tmp_path / "seed1" / "step0").mkdir(parents=True)
    (tmp_path / "seed1" / "step0" / "config.json").write_text("{")
    (tmp_path / "text.txt").write_text("a story")
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}')

    with pytest.raises(ConfigurationError, match=r"--checkpoints .*config\.json cannot be read"):
        probe(
            "entropy",
            checkpoints=f"{tmp_path}/seed{{seed}}/step{{step}}",
            text=tmp_path / "text.txt",
            tokenizer=tmp_path / "tokenizer.json",
            out=tmp_path / "out",
        )

    assert not (tmp_path / "out").exists()
