"""Whatever the user gives wrongly is one sentence, exit code 2, and nothing on disk."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILES = ("--set", "corpus.source=files", "--set", "corpus.order=shuffled")

BAD_RUNS = {
    "misspelt field": (("--set", "model.widht=32"), "model.widht is not a field; did you mean model.width?"),
    "misspelt section": (("--set", "modle.width=32"), "modle"),
    "wrong type": (("--set", "model.width=broad"), "model.width='broad' is wrong"),
    "not a number": (("--set", "optimization.learning_rate=.nan"), "optimization.learning_rate"),
    "impossible shape": (("--set", "model.width=63"), "width=63 is not divisible by num_heads=4"),
    "budget below one interval": (("--set", "schedule.budget_tokens=1024"), "smaller than one interval"),
    "duplicate seeds": (("--set", "seeds=[1, 2, 1]"), "seeds holds 1 twice"),
    "no seed": (("--set", "seeds=[]"), "seeds"),
    "value for a section": (("--set", "model=3"), "model"),
    "set without equals sign": (("--set", "model.width"), "'model.width' is not of the form field=value"),
    "set with broken value": (("--set", "seeds=[1"), "not valid YAML"),
    "inline with a cluster": (("--address", "127.0.0.1:1"), "--inline runs without Ray"),
    "no file named": (FILES, "corpus.train names no file"),
    "missing corpus file": (
        (*FILES, "--set", "corpus.train=gone.txt", "--set", "corpus.validation=gone.txt"),
        "gone.txt does not exist",
    ),
    "corpus file whose name moves the cursor": (
        (*FILES, "--set", 'corpus.train="gone\\u001b[31m.txt"', "--set", "corpus.validation=gone.txt"),
        "gone [31m.txt does not exist",
    ),
    "empty corpus file": (
        (*FILES, "--set", "corpus.train=empty.txt", "--set", "corpus.validation=empty.txt"),
        "empty.txt is empty",
    ),
    "binary corpus file": (
        (*FILES, "--set", "corpus.train=binary.txt", "--set", "corpus.validation=binary.txt"),
        "binary.txt",
    ),
    "corpus file of another kind": (
        (*FILES, "--set", "corpus.train=image.png", "--set", "corpus.validation=image.png"),
        "image.png ends in '.png'",
    ),
    "corpus smaller than one context": (
        (*FILES, "--set", "corpus.train=short.txt", "--set", "corpus.validation=short.txt"),
        "model.context_length=64 needs at least",
    ),
    "evaluation beyond the text": (("--set", "evaluation.offset=100000000"), "evaluation.offset=100000000"),
    "all of an endless text": (("--set", "corpus.train_stories=all"), "never ends"),
    "more threads than cores": (("--set", "placement.threads_per_run=9999"), "9999"),
    "model beyond the memory": (("--set", "model.vocab_size=2000000000"), "memory|disk"),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with files that are no corpus."""
    (tmp_path / "empty.txt").touch()
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "image.png").write_bytes(b"\x89PNG")
    (tmp_path / "short.txt").write_text("A cat.")
    return tmp_path


def _assert_one_sentence(answer: Any, said: str) -> None:
    assert answer.exit_code == 2, answer
    assert answer.output == ""
    assert len(answer.complaint.splitlines()) == 1, answer.complaint
    assert "Traceback" not in answer.complaint
    assert re.search(said if "|" in said else re.escape(said), answer.complaint), answer.complaint


@pytest.mark.parametrize(("arguments", "said"), BAD_RUNS.values(), ids=BAD_RUNS.keys())
def test_run_that_cannot_be_is_refused(
    arguments: tuple[str, ...],
    said: str,
    place: Path,
    seedscope_inside: Callable[..., Any],
    contents: Callable[[Path], dict[str, bytes]],
) -> None:
    before = contents(place)

    answer = seedscope_inside(place, "run", "quickstart", "--inline", *arguments, "--out", "new/out")

    _assert_one_sentence(answer, said)
    assert contents(place) == before
    assert not (place / "new").exists()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("quikstart", "did you mean quickstart?"),
        ("nothing-like-it", "the presets are"),
        ("gone.yaml", "gone.yaml does not exist"),
        ("./", "is a directory"),
        ("binary.txt", "binary.txt"),
        ("empty.txt", "empty.txt holds no config"),
    ],
)
def test_config_that_cannot_be_read_is_refused(
    config: str, said: str, place: Path, seedscope_inside: Callable[..., Any]
) -> None:
    if config == "binary.txt":
        (place / config).write_bytes(b"\xff\xfe\x00")

    _assert_one_sentence(seedscope_inside(place, "run", config, "--inline", "--out", "out"), said)
    assert not (place / "out").exists()


def test_directory_of_another_experiment_is_refused_and_left_alone(
    finished: Any,
    small: tuple[str, ...],
    seedscope_inside: Callable[..., Any],
    contents: Callable[[Path], dict[str, bytes]],
) -> None:
    before = contents(finished.root)

    answer = seedscope_inside(
        finished.directory, "run", "quickstart", *small, "--set", "seeds=[7]", "--inline", "--out", "out"
    )

    _assert_one_sentence(answer, "out holds another experiment, quickstart: seeds is [101, 202] there and [7] here")
    assert contents(finished.root) == before


def test_directory_that_keeps_other_values_says_which(
    finished: Any, small: tuple[str, ...], seedscope_inside: Callable[..., Any]
) -> None:
    again = ("run", "quickstart", *small, "--inline", "--out", "out")

    same = seedscope_inside(finished.directory, *again)
    other = seedscope_inside(finished.directory, *again, "--set", "telemetry.window=7", "--set", "energy.idle_s=3")

    assert (same.exit_code, "keeps its own" in same.output) == (0, False), same
    assert other.exit_code == 0, other
    assert "warning: out keeps its own telemetry.window, energy.idle_s; to change that, edit out/" in other.output


def test_directory_with_other_files_is_refused(place: Path, seedscope_inside: Callable[..., Any]) -> None:
    answer = seedscope_inside(place, "run", "quickstart", "--inline", "--out", ".")

    _assert_one_sentence(answer, "is not a run directory")


def test_file_as_run_directory_is_refused(place: Path, seedscope_inside: Callable[..., Any]) -> None:
    _assert_one_sentence(
        seedscope_inside(place, "run", "quickstart", "--inline", "--out", "short.txt"), "short.txt is a file"
    )


@pytest.mark.parametrize("command", ["resume", "watch", "repair"])
@pytest.mark.parametrize(("source", "said"), [("gone", "there is no run directory gone"), (".", "not a run directory")])
def test_what_is_no_run_directory_is_refused(
    command: str, source: str, said: str, place: Path, seedscope_inside: Callable[..., Any]
) -> None:
    _assert_one_sentence(seedscope_inside(place, command, source), said)


@pytest.mark.parametrize("command", ["resume", "watch", "analyze"])
@pytest.mark.parametrize("damage", ["missing", "garbage", "truncated"])
def test_run_directory_with_a_damaged_ledger_is_refused(
    command: str,
    damage: str,
    finished: Any,
    tmp_path: Path,
    seedscope_inside: Callable[..., Any],
    contents: Callable[[Path], dict[str, bytes]],
) -> None:
    shutil.copytree(finished.root, tmp_path / "out")
    ledger = tmp_path / "out" / "ledger.sqlite"
    content = ledger.read_bytes()
    ledger.unlink()
    if damage == "garbage":
        ledger.write_bytes(b"no database " * 1000)
    if damage == "truncated":
        ledger.write_bytes(content[: len(content) // 2])
    before = contents(tmp_path)

    answer = seedscope_inside(tmp_path, command, "out")

    _assert_one_sentence(answer, "ledger")
    assert "rebuild it with `seedscope repair out`" in answer.complaint
    assert contents(tmp_path) == before


@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_run_into_a_directory_with_a_damaged_ledger_is_refused(
    damage: str,
    finished: Any,
    small: tuple[str, ...],
    tmp_path: Path,
    seedscope_inside: Callable[..., Any],
    contents: Callable[[Path], dict[str, bytes]],
) -> None:
    shutil.copytree(finished.root, tmp_path / "out")
    (tmp_path / "out" / "ledger.sqlite").unlink()
    if damage == "garbage":
        (tmp_path / "out" / "ledger.sqlite").write_bytes(b"no database " * 1000)
    before = contents(tmp_path)

    answer = seedscope_inside(tmp_path, "run", "quickstart", *small, "--inline", "--out", "out")

    _assert_one_sentence(answer, "rebuild it with `seedscope repair out`")
    assert contents(tmp_path) == before


def test_repair_of_a_directory_in_use_is_refused(
    finished: Any, tmp_path: Path, seedscope_inside: Callable[..., Any], contents: Callable[[Path], dict[str, bytes]]
) -> None:
    from orchestrator.lease import hold_lease

    shutil.copytree(finished.root, tmp_path / "out")
    (tmp_path / "out" / "ledger.sqlite").unlink()
    with hold_lease(tmp_path / "out" / "lease.json"):
        before = contents(tmp_path)

        _assert_one_sentence(seedscope_inside(tmp_path, "repair", "out"), "out is in use by process")

        assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gone.csv",), "gone.csv"),
        (("empty.txt",), "empty.txt"),
        (("image.png",), "image.png"),
        (("table.csv", "--metric", "valloss"), "valloss"),
        (("table.csv", "--subject", "sead"), "sead"),
        (("table.csv", "--within", "intervall"), "intervall"),
        (("table.csv", "--missing", "drop-seed"), "--missing drop-seed is not a rule; did you mean drop-seeds?"),
        (("table.csv", "--missing", "zero"), "choose one of"),
        (
            ("table.csv", "--reference", "lowest"),
            "--reference lowest is not a rule; did you mean last?",
        ),
        (("twice.csv",), "seed=1, interval=0 appears 2 times"),
        (("words.csv",), "val_loss"),
        (("binary.txt",), "binary.txt"),
        ((".",), "twice.csv|words.csv|table.csv"),
        (("hollow",), "is not a run directory"),
    ],
)
def test_table_that_cannot_be_analysed_is_refused(
    arguments: tuple[str, ...],
    said: str,
    place: Path,
    seedscope_inside: Callable[..., Any],
    contents: Callable[[Path], dict[str, bytes]],
) -> None:
    rows = [f"{seed},{interval},{seed + interval**2 / 7}" for seed in (1, 2, 3) for interval in range(3)]
    (place / "table.csv").write_text("\n".join(["seed,interval,val_loss", *rows]))
    (place / "twice.csv").write_text("\n".join(["seed,interval,val_loss", *rows, rows[0]]))
    (place / "words.csv").write_text("\n".join(["seed,interval,val_loss", *rows[:-1], "3,2,low"]))
    (place / "hollow").mkdir()
    before = contents(place)

    answer = seedscope_inside(place, "analyze", *arguments, "--out", "new")

    _assert_one_sentence(answer, said)
    assert contents(place) == before
    assert not (place / "new").exists()


def test_run_directory_takes_no_column_names(
    finished: Any, tmp_path: Path, seedscope_inside: Callable[..., Any]
) -> None:
    answer = seedscope_inside(tmp_path, "analyze", finished.root, "--metric", "train_loss", "--out", "new")

    _assert_one_sentence(answer, "so that --metric train_loss does not apply; leave it out, or analyse its table ")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--every", "5"), "--every 5 does not apply; leave it out"),
        (("--align", "intersect", "--every", "2"), "--align intersect and --every 2 do not apply; leave them out"),
    ],
)
def test_options_that_do_not_apply_to_a_run_directory_are_named(
    options: tuple[str, ...], said: str, finished: Any, tmp_path: Path, seedscope_inside: Callable[..., Any]
) -> None:
    _assert_one_sentence(seedscope_inside(tmp_path, "analyze", finished.root, *options, "--out", "new"), said)


def test_help_says_which_options_a_run_directory_takes(tmp_path: Path, seedscope_inside: Callable[..., Any]) -> None:
    answer = seedscope_inside(tmp_path, "analyze", "--help")

    assert "takes only --out, --missing and --reference" in " ".join(answer.output.replace("│", " ").split())


def test_whole_process_ends_with_the_same_sentence(tmp_path: Path, seedscope: Callable[..., Any]) -> None:
    answer = seedscope(tmp_path, "run", "quickstart", "--inline", "--set", "model.width=63")

    _assert_one_sentence(answer, "seedscope: model: width=63 is not divisible by num_heads=4; choose a multiple")


def test_traceback_is_shown_when_asked_for(tmp_path: Path, seedscope_inside: Callable[..., Any]) -> None:
    answer = seedscope_inside(tmp_path, "--debug", "run", "quikstart")

    assert answer.exit_code == 2
    assert "Traceback" in answer.complaint


@pytest.mark.parametrize("arguments", [("run",), ("run", "quickstart", "--sett", "a=b"), ("rum",)])
def test_command_line_that_is_none_is_refused(
    arguments: tuple[str, ...], tmp_path: Path, seedscope_inside: Callable[..., Any]
) -> None:
    answer = seedscope_inside(tmp_path, *arguments)

    assert (answer.exit_code, "Traceback" in answer.complaint) == (2, False)
    assert list(tmp_path.iterdir()) == []
