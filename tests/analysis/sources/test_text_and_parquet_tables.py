"""One table in any dialect gives the same cells."""

import gzip

import pandas as pd
import pytest

from configs.errors import TableError

ROWS = [f"{seed},{interval},{seed + interval**2 / 7!r}" for seed in (1, 2, 3) for interval in range(4)]
CSV = "seed,interval,val_loss\n" + "\n".join(ROWS) + "\n"
CELLS = {(seed, interval): seed + interval**2 / 7 for seed in (1, 2, 3) for interval in range(4)}


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        "\ufeff" + CSV,
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace(",", "|"),
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\r"),
        "\n\n" + CSV,
        CSV.rstrip("\n"),
        CSV.replace("seed,", '"seed",'),
    ],
    ids=["commas", "mark", "semicolons", "tabs", "bars", "crlf", "cr", "blank lines", "no last newline", "quotes"],
)
@pytest.mark.parametrize(
    "encode",
    [str.encode, lambda text: gzip.compress(text.encode()), lambda text: text.lstrip("\ufeff").encode("utf-16")],
    ids=["utf-8", "gzip", "utf-16"],
)
def test_dialects_of_a_csv(write, load, cells, text, encode):
    assert cells(load(write("table", encode(text)))) == CELLS


def test_two_gzip_files_joined_are_one(write, load, cells):
    half = len("seed,interval,val_loss\n" + "\n".join(ROWS[:6]) + "\n")

    assert cells(load(write("t.gz", gzip.compress(CSV[:half].encode()) + gzip.compress(CSV[half:].encode())))) == CELLS


@pytest.mark.parametrize("index", [None, ["seed", "interval"]])
def test_parquet_with_and_without_a_named_index(load, cells, tmp_path, index):
    table = pd.DataFrame([(*cell, value) for cell, value in CELLS.items()], columns=["seed", "interval", "val_loss"])
    (table if index is None else table.set_index(index)).to_parquet(tmp_path / "t.parquet")

    assert cells(load(tmp_path / "t.parquet")) == CELLS


def test_infinite_value_is_kept_for_the_audit(write, load, cells):
    assert cells(load(write("t.csv", CSV.replace("1,0,1.0", "1,0,inf"))))[1, 0] == float("inf")


def test_empty_value_is_a_missing_measurement_and_keeps_its_row(write, load):
    loaded = load(write("t.csv", CSV.replace("1,0,1.0", "1,0,")))

    assert len(loaded.frame) == 12
    assert loaded.frame["val_loss"].isna().sum() == 1


def test_other_columns_do_not_change_what_is_analysed(write, load, cells):
    rows = "".join(f"{row},a\n" for row in ROWS)

    assert cells(load(write("t.csv", "seed,interval,val_loss,note\n" + rows))) == CELLS


def test_only_column_of_numbers_is_the_metric(write, load):
    loaded = load(write("t.csv", CSV.replace("val_loss", "accuracy")))

    assert loaded.metrics == ("accuracy",)
    assert loaded.audit.metrics_from == "metric 'accuracy', the only column of numbers"


def test_metric_is_not_guessed_among_several(write, load):
    with pytest.raises(TableError, match=r"no metric was named with --metric, .* choose among 'a', 'b'"):
        load(write("t.csv", "seed,step,a,b\n1,0,1,2\n2,0,1,2\n"))


def test_column_of_numbers_with_a_word_in_it_is_still_the_metric(write, load):
    text = CSV.replace("val_loss", "score").replace("2,3,", "2,3,low")

    with pytest.raises(
        TableError, match=r"data row 8 has score='low.*', which is not a number; correct it, or leave it"
    ):
        load(write("t.csv", text))


def test_column_with_a_word_in_it_counts_where_the_metric_is_not_named(write, load):
    with pytest.raises(TableError, match="choose among 'loss', 'rate'"):
        load(write("t.csv", "seed,step,loss,rate\n1,1,2.0,1\n1,2,low,1\n2,1,2,1\n2,2,2,1\n"))


def test_decimal_commas_in_the_only_column_of_numbers_are_told_their_remedy(write, load):
    text = CSV.replace("val_loss", "score").replace(",", ";").replace(".", ",")

    with pytest.raises(TableError, match="data row 1 has score='1,0', which is not a number; write a decimal point"):
        load(write("t.csv", text))


def test_words_are_no_column_of_numbers(write, load):
    with pytest.raises(TableError, match="none of the others holds numbers: 'note' has 'fine'"):
        load(write("t.csv", "seed,step,note\n1,1,fine\n2,1,odd\n"))


def test_blanks_around_the_names_of_columns_are_left_off_and_told(write, load, cells):
    loaded = load(write("t.csv", "condition, seed, step , val_loss\na, 007, 100, 1.5\na, 7, 100, 2.5\n"), within="step")

    assert cells(loaded) == {("007", 100): 1.5, ("7", 100): 2.5}
    assert any("has blanks around the names of its columns, such as ' seed': they are" in n for n in loaded.audit.notes)


def test_name_that_stands_twice_but_for_a_blank_is_refused(write, load):
    with pytest.raises(TableError, match="names the column 'val_loss' more than once"):
        load(write("t.csv", "seed,step,val_loss, val_loss\n1,0,1,2\n"))
