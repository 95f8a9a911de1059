"""A word among numbered levels is a mistake in the file; levels that are all words are not."""

import pandas as pd
import pytest

from configs.errors import TableError

HEADER = "seed,step,loss\n"


def table(*levels: str) -> str:
    return HEADER + "".join(f"{seed},{level},{seed}.5\n" for seed in (1, 2) for level in levels)


def test_word_among_numbers_is_named_with_its_row_and_a_remedy(write, load):
    text = table("100", "200", "300").replace("2,200,", "2,abc,")

    with pytest.raises(
        TableError,
        match=r"t\.csv: data row 5 has step='abc', though most levels are numbers; correct it, or make every",
    ):
        load(write("t.csv", text))


@pytest.mark.parametrize("level", ["2o0", "200?", "x200", "20 0", "init"])
def test_number_that_is_misspelt_is_no_level(write, load, level):
    with pytest.raises(TableError, match="though most levels are numbers"):
        load(write("t.csv", table("100", level, "300")))


def test_decimal_comma_in_a_level_is_told_its_remedy(write, load):
    text = table("0,5", "1,5").replace(",", ";").replace("0;5", "0,5").replace("1;5;", "1,5;")

    with pytest.raises(TableError, match="step='0,5', which is not a number; write a decimal point"):
        load(write("t.csv", text))


@pytest.mark.parametrize("level", ["1,000", "1,000.5", "1,000K", "1,5M"])
def test_separator_of_thousands_in_a_level_is_told_its_remedy(write, load, level):
    text = table(level, "2000").replace(f",{level},", f',"{level}",')

    with pytest.raises(TableError, match=r"data row 1 has step='1,.*, which is not a number; .*no separator of thousa"):
        load(write("t.csv", text))


@pytest.mark.parametrize(
    "levels",
    [
        ("step100", "step1000"),
        ("first", "second", "third"),
        ("500K", "1M", "2_000_000"),
        ("warm-up", "1", "late"),
        ("2024-03-01", "2024-03-02"),
        ("1e3", ".5", "-2"),
        ("007", "7.0", "8"),
    ],
)
def test_levels_that_are_all_numbers_or_mostly_words_pass(write, load, levels):
    loaded = load(write("t.csv", table(*levels)), within="step")

    assert set(map(str, loaded.frame["step"].unique())) == set(levels) or len(levels) == loaded.frame["step"].nunique()


def test_word_is_found_in_the_file_that_has_it(write, load):
    write("logs/seed-1.csv", "step,loss\n100,1\n200,2\n")
    write("logs/seed-2.csv", "step,loss\n100,1\nabc,2\n")

    with pytest.raises(TableError, match=r"seed-2\.csv: data row 2 has step='abc'"):
        load(write("logs/seed-3.csv", "step,loss\n100,1\n200,2\n").parent)


def test_word_among_the_columns_of_a_wide_table_has_no_row(write, load):
    with pytest.raises(TableError, match="it has level='mean', though most levels are numbers"):
        load(write("t.csv", "seed,100,200,mean\n1,2,3,2.5\n2,2,3,2.5\n"), wide="levels")


def test_declared_order_of_words_is_kept(load, tmp_path):
    frame = pd.DataFrame({"seed": [1, 1, 2, 2], "step": ["10", "end"] * 2, "loss": [1.0, 2.0, 1.5, 2.5]})
    frame["step"] = pd.Categorical(frame["step"], categories=["end", "10"], ordered=True)
    frame.to_parquet(tmp_path / "t.parquet")

    assert load(tmp_path / "t.parquet").within == "step"
