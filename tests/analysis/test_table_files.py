"""The files hold the table bit for bit, and a file that does not is named in one sentence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import read_table, table_from_records, write_table
from configs.errors import TableError
from configs.telemetry import TelemetryConfig


@pytest.fixture
def table(make_records):
    rng = np.random.default_rng(3)
    losses = {seed: list(rng.normal(3, 1, 6) * 10.0 ** rng.integers(-5, 5, 6)) for seed in (1, 2)}
    records = make_records(losses, condition="None") + make_records(losses, condition="007")
    return table_from_records(records, telemetry=TelemetryConfig())


@pytest.fixture
def files(table, tmp_path):
    write_table(table, csv=tmp_path / "table.csv", parquet=tmp_path / "table.parquet")
    return tmp_path


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_table_reads_back_bit_for_bit(table, files, name):
    pd.testing.assert_frame_equal(read_table(files / name), table, check_exact=True)


def test_csv_is_utf8_with_bare_line_feeds_and_empty_fields(files):
    content = (files / "table.csv").read_bytes()

    assert b"\r" not in content
    assert content.endswith(b"\n")
    first_row = content.decode("utf-8").splitlines()[1]
    assert first_row.startswith("007,1,0,0,0,0,0.0,,,")
    assert "nan" not in content.decode("utf-8").lower()


def test_csv_floats_are_the_shortest_that_read_back(table, files):
    lines = (files / "table.csv").read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("val_loss")

    assert [line.split(",")[column] for line in lines[1:]] == [repr(float(value)) for value in table["val_loss"]]


def test_indicators_are_written_as_one_and_zero(files):
    raw = pd.read_csv(files / "table.csv", dtype=str, keep_default_na=False)

    assert set(raw["backslide"]) == {"", "0", "1"}


def test_writing_leaves_nothing_else_behind(files):
    assert sorted(path.name for path in files.iterdir()) == ["table.csv", "table.parquet"]


def test_writing_the_same_table_twice_gives_the_same_csv(table, files):
    before = (files / "table.csv").read_bytes()
    write_table(table, csv=files / "table.csv", parquet=files / "table.parquet")

    assert (files / "table.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"seed,interval\n\x00\x01\x02", "is binary"),
        (b"seed,interval\n1,\xff\xfe", "is not UTF-8 at byte 16"),
        (b"PAR1 and nothing more", "is not a readable Parquet file"),
        (b"seed,interval\n1,2\n1,2,3,4\n", "is not a well-formed CSV"),
        (b"seed,interval\n1,2,3\n1,2,3\n", "more fields than its header"),
        (b"seed,val_loss,val_loss\n1,2,3\n", "names the column 'val_loss' more than once"),
    ],
)
def test_malformed_file_is_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with pytest.raises(TableError, match=sentence) as caught:
        read_table(path)

    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("place", ["absent.csv", "."])
def test_unreadable_place_is_one_sentence(tmp_path, place):
    with pytest.raises(TableError, match="cannot be read"):
        read_table(tmp_path / place)


def test_own_columns_with_text_for_numbers_are_an_error(files):
    path = files / "table.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("007,1,", "007,one,", 1), encoding="utf-8")

    with pytest.raises(TableError, match="not its types"):
        read_table(path)


def test_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    path: Path = tmp_path / "excel.csv"
    path.write_bytes(b"\xef\xbb\xbfseed,interval,val_loss\n1,0,2.5\n")

    assert list(read_table(path).columns) == ["seed", "interval", "val_loss"]


def test_parquet_is_known_by_content(files):
    renamed = files / "table.csv"
    renamed.write_bytes((files / "table.parquet").read_bytes())

    assert len(read_table(renamed)) == 24
