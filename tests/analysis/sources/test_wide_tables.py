"""A wide table is recognised, explained, and read once it is said what its columns are."""

import pytest

from configs.errors import TableError

BY_SEED = "seed,0,100,200\n1,4.0,3.0,2.0\n2,4.1,3.1,2.1\n"
BY_LEVEL = "step,s1,s2\n0,4.0,4.1\n100,3.0,3.1\n200,2.0,2.1\n"
LONG = {(seed, step): round(4.0 - step / 100 + (seed - 1) / 10, 1) for seed in (1, 2) for step in (0, 100, 200)}


def test_columns_as_levels(write, load, cells):
    loaded = load(write("wide.csv", BY_SEED), wide="levels", metrics=("val_loss",))

    assert cells(loaded) == LONG
    assert (loaded.subject, loaded.within, loaded.metrics) == ("seed", "level", ("val_loss",))


def test_columns_as_seeds(write, load, cells):
    loaded = load(write("wide.csv", BY_LEVEL), wide="seeds")

    assert cells(loaded) == {(f"s{seed}", step): value for (seed, step), value in LONG.items()}


@pytest.mark.parametrize(("text", "remedy"), [(BY_SEED, "--wide levels"), (BY_LEVEL, "--wide seeds")])
def test_wide_table_is_explained(write, load, text, remedy):
    with pytest.raises(TableError, match=remedy):
        load(write("wide.csv", text))


def test_column_of_words_is_named(write, load):
    text = BY_SEED.replace("seed,", "seed,host,").replace("\n1,", "\n1,alpha,").replace("\n2,", "\n2,beta,")

    with pytest.raises(TableError, match="host='alpha', which is not a number; remove the column 'host'"):
        load(write("wide.csv", text), wide="levels")


def test_two_metrics_in_one_wide_table_are_refused(write, load):
    with pytest.raises(TableError, match="holds one metric"):
        load(write("wide.csv", BY_SEED), wide="levels", metrics=("a", "b"))


def test_rows_named_by_another_column(write, load, cells):
    loaded = load(write("wide.csv", BY_SEED.replace("seed", "trial")), wide="levels", subject="trial")

    assert cells(loaded) == LONG
