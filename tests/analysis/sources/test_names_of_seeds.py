"""It is always told where a seed's name comes from, and no two seeds become one."""

import pandas as pd
import pytest

from configs.errors import TableError

LOG = "step,val_loss\n0,4.0\n10,3.0\n"


@pytest.fixture
def seeds():
    return lambda loaded: list(dict.fromkeys(loaded.frame[loaded.subject]))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("seed2.csv", "seed10.csv"), ["seed2", "seed10"]),
        (("1/metrics.csv", "2/metrics.csv"), [1, 2]),
        (("a/run/1.csv", "b/run/1.csv"), ["a", "b"]),
        (("lm-1/version_0/m.csv", "lm-2/version_3/m.csv"), ["lm-1", "lm-2"]),
        (("s1.csv.gz", "s2.CSV"), ["s1", "s2"]),
    ],
)
def test_first_part_in_which_the_files_differ_is_the_seed(write, load, seeds, tmp_path, names, expected):
    for name in names:
        write(f"logs/{name}", LOG)

    assert seeds(load(tmp_path / "logs")) == expected


def test_pattern_takes_the_seed_and_more_out_of_the_path(write, load, tmp_path):
    for seed in (11, 12):
        for tokens in ("500K", "1M"):
            write(f"study/{tokens}/trial_{seed}_x.csv", LOG)

    loaded = load(
        tmp_path / "study", subject_from="{condition}/trial_{trial}_*", subject="trial", metrics=("val_loss",)
    )

    assert set(zip(loaded.frame["condition"], loaded.frame["trial"], strict=True)) == {
        (tokens, seed) for tokens in ("500K", "1M") for seed in (11, 12)
    }
    assert loaded.audit.seeds_from == "seeds are taken from names by '{condition}/trial_{trial}_*'"


def test_levels_may_stand_in_the_path(write, load, cells, tmp_path):
    for seed in (1, 2):
        for tokens in (500, 1000):
            write(f"{tokens}/run-{seed}.csv", f"val_loss\n{seed * tokens}\n")

    loaded = load(tmp_path / "500", tmp_path / "1000", subject_from="{tokens}/run-{seed}", within="tokens")

    assert cells(loaded) == {(1, 500): 500, (1, 1000): 1000, (2, 500): 1000, (2, 1000): 2000}


@pytest.mark.parametrize("pattern", ["run", "{sead}", "{seed}{seed}", "{seed", "{}"])
def test_pattern_without_the_seed_is_refused(write, load, pattern):
    with pytest.raises(TableError, match="must hold the placeholder"):
        load(write("run-1.csv", LOG), subject_from=pattern)


def test_pattern_that_does_not_match_names_the_file(write, load):
    with pytest.raises(TableError, match=r"does not match .*run-1\.csv"):
        load(write("run-1.csv", LOG), subject_from="seed{seed}")


def test_columns_of_several_files_are_put_together(write, load, cells):
    first = write("500/run_log.csv", "trial,tokens,loss\n1,500,4.0\n2,500,4.1\n")
    second = write("1000/run_log.csv", "trial,tokens,loss\n1,1000,3.0\n2,1000,3.1\n")

    loaded = load(first, second, subject="trial", within="tokens", metrics=("loss",))

    assert cells(loaded) == {(1, 500): 4.0, (2, 500): 4.1, (1, 1000): 3.0, (2, 1000): 3.1}


def test_files_with_and_without_seeds_are_not_mixed(write, load):
    with pytest.raises(TableError, match=r"names its seeds by 'seed' .* by its own name"):
        load(write("a.csv", "seed,step,val_loss\n1,0,1\n"), write("b.csv", LOG))


def test_leading_zeros_are_part_of_a_name(write, load, seeds):
    rows = "007,0,1\n007,1,2\n7,0,3\n7,1,4\n"

    assert seeds(load(write("a.csv", "seed,step,val_loss\n" + rows))) == ["007", "7"]


def test_seeds_beyond_64_bits_stay_apart(write, load, seeds):
    first, second = 2**70, 2**70 + 1

    loaded = load(write("a.csv", f"seed,step,val_loss\n{first},0,1\n{second},0,2\n"))

    assert seeds(loaded) == [str(first), str(second)]


def test_number_and_text_that_read_the_same_are_refused(load, tmp_path):
    table = pd.DataFrame({"seed": ["1", "2"], "step": [0, 0], "val_loss": [1.0, 2.0]})
    table.to_parquet(tmp_path / "text.parquet")
    table.assign(seed=[1, 3], step=1).to_parquet(tmp_path / "whole.parquet")

    with pytest.raises(TableError, match="names seed '1' both as number and as text"):
        load(tmp_path / "text.parquet", tmp_path / "whole.parquet")


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("x" * 1_000_000, r"1,000,000 characters\); a name has at most 200"),
        ("\x1b[31mred", "characters that do not print"),
        ("a\u202eb", "characters that do not print"),
        ("   ", "blank seed"),
    ],
)
def test_name_that_cannot_be_read_is_refused(write, load, label, said):
    with pytest.raises(TableError, match=said):
        load(write("a.csv", f'seed,step,val_loss\n"{label}",0,1\n'))


def test_markup_in_a_name_is_a_name(write, load, seeds):
    assert seeds(load(write("a.csv", "seed,step,val_loss\n<script>alert(1)</script>,0,1\n"))) == [
        "<script>alert(1)</script>"
    ]


def test_dates_are_levels_in_their_order(write, load):
    from analysis.levels import ordered_labels

    loaded = load(write("a.csv", "seed,day,val_loss\n1,2024-03-01,1\n1,2023-12-24,2\n"), within="day")

    assert ordered_labels(loaded.frame["day"]) == ("2023-12-24", "2024-03-01")


def test_declared_order_of_a_categorical_is_kept(load, tmp_path):
    from analysis.levels import ordered_labels

    phases = pd.Categorical(["post", "pre"], categories=["pre", "post"], ordered=True)
    pd.DataFrame({"seed": [1, 1], "phase": phases, "val_loss": [1.0, 2.0]}).to_parquet(tmp_path / "a.parquet")

    loaded = load(tmp_path / "a.parquet", within="phase")

    assert ordered_labels(loaded.frame["phase"]) == ("pre", "post")
