"""Malformed files of every kind: one sentence, exit code 2, and nothing on disk."""

import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

HEADER = "seed,interval,val_loss\n"
ROWS = [f"{seed},{interval},{seed + interval**2 / 7}" for seed in (1, 2, 3) for interval in range(4)]
CSV = HEADER + "\n".join(ROWS) + "\n"
TABLE = pd.read_csv(io.StringIO(CSV))
# Each of six seeds lacks another of six levels: no seed is complete, and no level is.
GAPS = [f"{seed},{level},{seed / 10 + 1 / (level + 1)}" for seed in range(6) for level in range(6) if seed != level]


def _parquet() -> bytes:
    buffer = io.BytesIO()
    TABLE.to_parquet(buffer)
    return buffer.getvalue()


CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n \n", "is empty"),
    "header.csv": (HEADER.encode(), "has columns but no rows"),
    "zeros.bin": (bytes(5000), "is binary"),
    "noise.bin": (b"\x93\x01\xfe\xff" * 999, "is not UTF-8 at byte 0"),
    "latin.csv": (CSV.replace("seed", "s\xe9ed").encode("latin-1"), "is not UTF-8 at byte 1; save it as UTF-8"),
    "utf16.csv": (CSV.encode("utf-16")[:-1], "is not UTF-16"),
    "decimal.csv": (CSV.replace(",", ";").replace(".", ",").encode(), "val_loss='1,0', which is not a number; write a"),
    "words.csv": (CSV.replace("1,0,1.0", "1,0,low").encode(), "data row 1 has val_loss='low', which is not a number"),
    "twice.csv": ((CSV + ROWS[0]).encode(), "seed=1, interval=0 appears 2 times for val_loss (1 and 1)"),
    "columns.csv": (b"seed,interval,val_loss,val_loss\n1,0,1,1\n", "names the column 'val_loss' more than once"),
    "wide.csv": (b"seed,0,100\n1,4,3\n2,4,3\n", "--wide levels"),
    "long.csv": ((CSV + "x" * 10**6 + ",0,1\n").encode(), "(1,000,000 characters); a name has at most 200"),
    "name.csv": (("a" * 10**6 + ",interval,val_loss\n1,0,1\n").encode(), "has no readable header"),
    "escape.csv": (CSV.replace("\n1,", "\n\x1b[2J1,").encode(), "characters that do not print"),
    "fields.csv": ((CSV + "1,2,3,4\n").encode(), "is not a well-formed CSV"),
    "quote.csv": ((CSV + '"4,0,1\n').encode(), "is not a well-formed CSV"),
    "nothing.csv": ((HEADER + "1,0,\n2,0,\n1,1,\n2,1,\n").encode(), "there is no value to analyse: none of 4 cells"),
    "gaps.csv": ((HEADER + "1,0,1\n2,0,\n1,1,\n2,1,2\n").encode(), "no complete cell is left to analyse"),
    "thousands.csv": (
        b'seed,step,loss\n1,"1,000",2.0\n1,"2,000",2.5\n2,"1,000",2.1\n2,"2,000",2.2\n',
        "thousands.csv: data row 1 has step='1,000', which is not a number; write a decimal point, and no separator of",
    ),
    "typo.csv": (CSV.replace("2,3,", "2,abc,").encode(), "typo.csv: data row 8 has interval='abc', though most levels"),
    "comma.csv": (
        b"seed;interval;loss\n1;0,5;2.0\n1;1,5;2.5\n2;0,5;2.1\n2;1,5;2.2\n",
        "data row 1 has interval='0,5', which is not a number; write a decimal point",
    ),
    "word.csv": (
        CSV.replace("val_loss", "score").replace("1,0,1.0", "1,0,abc").encode(),
        "word.csv: data row 1 has score='abc', which is not a number; correct it, or leave it empty",
    ),
    "point.csv": (
        CSV.replace("val_loss", "score").replace(",", ";").replace(".", ",").encode(),
        "point.csv: data row 1 has score='1,0', which is not a number; write a decimal point",
    ),
    "words_only.csv": (
        b"seed,interval,grade\n1,0,good\n1,1,bad\n2,0,good\n2,1,bad\n",
        "none of the others holds numbers: 'grade' has 'good'",
    ),
    "unnamed.csv": ((CSV + ",0,1\n").encode(), "data row 13 has no 'seed'"),
    "cut.csv.gz": (gzip.compress(CSV.encode())[:-9], "is a gzip file that was cut off"),
    "damaged.csv.gz": (gzip.compress(CSV.encode())[:-8] + bytes(8), "is a damaged gzip file"),
    "book.xlsx": (b"PK\x03\x04" + bytes(99), "an Excel workbook; save the sheet as CSV"),
    "cut.parquet": (_parquet()[:-40], "is not a readable Parquet file"),
    "mark.parquet": (b"PAR1", "is not a readable Parquet file"),
    "other.json": (b'{"loss": [1, 2]}', "has no list 'log_history'"),
    "list.json": (b"[1, 2]", "has no list 'log_history'"),
    "cut.json": (b'{"log_history": [{"step": 1, "eval', "is no well-formed JSON"),
    "hollow.json": (b'{"log_history": []}', "empty log_history"),
    "deep.json": (b"[" * 10**5, "nested too deeply"),
    "page.html": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is an HTML page; export the data itself"),
}


@pytest.fixture
def refused(
    tmp_path: Path, seedscope_inside: Callable[..., Any], contents: Callable[[Path], dict[str, bytes]]
) -> Callable[..., str]:
    """A function that analyses what must be refused, and returns the sentence."""

    def run(*arguments: str) -> str:
        before = set(tmp_path.rglob("*"))
        answer = seedscope_inside(tmp_path, "analyze", *arguments, "--out", "new")
        assert answer.exit_code == 2, answer
        assert answer.output == ""
        assert len(answer.complaint.splitlines()) == 1, answer.complaint
        assert len(answer.complaint) < 600
        assert set(tmp_path.rglob("*")) == before
        return str(answer.complaint)

    return run


@pytest.mark.parametrize("name", CONTENTS)
def test_malformed_file_is_one_sentence(name: str, tmp_path: Path, refused: Callable[..., str]) -> None:
    content, said = CONTENTS[name]
    (tmp_path / name).write_bytes(content)

    complaint = refused(name)

    assert said in complaint


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("drop-levels", "such as level 0: missing for seed 0"),
        ("drop-seeds", "such as seed 0: missing at level 0"),
    ],
)
@pytest.mark.parametrize("metric", [(), ("--metric", "val_loss")], ids=["read", "named"])
def test_loss_of_which_nothing_is_left_is_refused_though_its_volatility_keeps_something(
    rule: str, why: str, metric: tuple[str, ...], tmp_path: Path, refused: Callable[..., str]
) -> None:
    (tmp_path / "gap_all.csv").write_text(HEADER + "\n".join(GAPS) + "\n")

    complaint = refused("gap_all.csv", "--missing", rule, *metric)

    assert f"no complete cell is left to analyse: all seeds or levels of 'val_loss' are dropped, {why}" in complaint


@pytest.mark.parametrize("rule", ["drop-levels", "drop-seeds"])
@pytest.mark.parametrize("order", ["whole", "gaps"])
def test_report_is_written_where_one_condition_of_two_keeps_nothing(
    rule: str, order: str, tmp_path: Path, seedscope_inside: Callable[..., Any]
) -> None:
    parts = {"whole": [f"whole,{row}" for row in ROWS], "gaps": [f"gaps,{row}" for row in GAPS]}
    rows = [*parts.pop(order), *next(iter(parts.values()))]
    (tmp_path / "two.csv").write_text("condition," + HEADER + "\n".join(rows) + "\n")

    answer = seedscope_inside(tmp_path, "analyze", "two.csv", "--missing", rule, "--out", "new")

    assert answer.exit_code == 0, answer.complaint
    report = (tmp_path / "new" / "report.html").read_text()
    assert "each cell minus the mean of its interval over n = 3." in report
    assert "each cell minus the mean of its interval over the seeds that have it." in report


@pytest.mark.parametrize("length", [30, 61, 100, 222])
def test_csv_cut_anywhere_is_analysed_or_refused_in_one_sentence(
    length: int, tmp_path: Path, seedscope_inside: Callable[..., Any]
) -> None:
    (tmp_path / "cut.csv").write_text(CSV[:length])

    answer = seedscope_inside(tmp_path, "analyze", "cut.csv", "--metric", "val_loss", "--out", "new")

    assert answer.exit_code in (0, 2), answer
    assert "Traceback" not in answer.complaint
    if answer.exit_code == 0:
        json.loads((tmp_path / "new" / "statistics.json").read_text(), parse_constant=pytest.fail)
        assert "nan" not in answer.output.lower()


def test_pipe_does_not_hang(tmp_path: Path, refused: Callable[..., str]) -> None:
    os.mkfifo(tmp_path / "pipe.csv")

    assert "pipe.csv is a named pipe; copy what it gives into a file" in refused("pipe.csv")


def test_link_to_itself_is_one_sentence(tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "loop.csv").symlink_to("loop.csv")

    assert "Too many levels of symbolic links" in refused("loop.csv")


def test_folder_that_links_to_itself_is_read_once(tmp_path: Path, seedscope_inside: Callable[..., Any]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "again").symlink_to(tmp_path / "logs")
    (tmp_path / "logs" / "table.csv").write_text(CSV)

    answer = seedscope_inside(tmp_path, "analyze", "logs", "--out", "new")

    assert answer.exit_code == 0, answer.complaint
    assert "Read logs/table.csv" in answer.output


def test_folder_without_anything_is_one_sentence(tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "hollow" / "deeper").mkdir(parents=True)

    assert "below it is no event file, trainer_state.json, CSV or Parquet file" in refused("hollow")


def test_pattern_without_match_is_one_sentence(refused: Callable[..., str]) -> None:
    assert "the pattern logs/*/metrics.csv matches no file" in refused("logs/*/metrics.csv")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--align", "interpolated"), "--align interpolated is not a rule; did you mean interpolate?"),
        (("--duplicates", "mean"), "choose one of refuse, first, last"),
        (("--wide", "long"), "choose one of levels, seeds"),
        (("--within", "seed"), "'seed' has two roles"),
        (("--metric", "accuracy"), "no column 'accuracy'; its columns are"),
        (("--higher-is-better", "accuracy"), "'accuracy' is no metric of this analysis"),
        (("--subject-from", "table"), "must hold the placeholder {seed}"),
    ],
)
def test_wrong_rule_is_one_sentence(
    arguments: tuple[str, ...], said: str, tmp_path: Path, refused: Callable[..., str]
) -> None:
    (tmp_path / "table.csv").write_text(CSV)

    assert said in refused("table.csv", *arguments)


def test_folder_of_run_directories_points_to_compare(finished: Any, refused: Callable[..., str]) -> None:
    assert "seedscope compare" in refused(str(finished.directory))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission_is_one_sentence(tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "table.csv").write_text(CSV)
    (tmp_path / "table.csv").chmod(0)

    assert "cannot be read: Permission denied" in refused("table.csv")
