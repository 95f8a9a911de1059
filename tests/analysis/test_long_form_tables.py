"""Any measurements in long form can be loaded, or say why not."""

import pytest

from analysis import Missing, SourceOptions, analyze_frame, load_sources
from analysis.frame_conditions import analyze_conditions
from configs.errors import TableError
from configs.telemetry import TelemetryConfig

CSV = "participant,budget,score\np1,500K,1.0\np1,1M,2.0\np2,500K,1.5\np2,1M,2.25\np3,500K,0.5\np3,1M,1.75\n"
OPTIONS = {
    "subject": "participant",
    "within": "budget",
    "metrics": ("score",),
    "missing": Missing.DROP_SEEDS,
    "telemetry": TelemetryConfig(),
}


@pytest.fixture
def write(tmp_path):
    def writer(text):
        path = tmp_path / "scores.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return writer


def load(path, **changes):
    named = {"subject": "participant", "within": "budget", "metrics": ("score",)}
    return load_sources([path], options=SourceOptions(**(named | changes))).frame


def test_any_csv_can_be_analysed(write):
    statistics = analyze_frame(load(write(CSV)), "participant", "budget", ("score",))

    assert statistics["design"]["num_subjects"] == 3
    assert [row["level"] for row in statistics["metrics"]["score"]["descriptive"]] == ["500K", "1M"]


def test_parquet_gives_the_same(write, tmp_path):
    table = load(write(CSV))
    table.to_parquet(tmp_path / "scores.parquet")

    assert load(tmp_path / "scores.parquet").equals(table)


def test_missing_column_names_the_nearest(write):
    with pytest.raises(TableError, match="no column 'scores'; did you mean 'score'"):
        load(write(CSV), metrics=("scores",))


def test_text_in_a_metric_names_its_row(write):
    with pytest.raises(TableError, match="data row 3 has score='high'"):
        load(write(CSV.replace("1.5", "high")))


def test_duplicate_cell_is_named(write):
    with pytest.raises(TableError, match="participant=p1, budget=1M appears 2 times"):
        load(write(CSV + "p1,1M,9.0\n"))


def test_header_alone_is_an_error(write):
    with pytest.raises(TableError, match="no rows"):
        load(write("participant,budget,score\n"))


def test_missing_value_is_left_for_the_audit(write):
    table = load(write(CSV.replace("1.5", "NA")))

    statistics = analyze_frame(table, "participant", "budget", ("score",))

    assert statistics["audit"]["dropped"][0]["id"] == "p2"


def test_conditions_are_counted_apart(write):
    lines = CSV.splitlines()
    rows = [f"{condition},{line}" for condition in ("a", "b") for line in lines[1:]]

    assert len(load(write("\n".join([f"condition,{lines[0]}", *rows])))) == 12


def test_conditions_are_analysed_apart(write):
    lines = CSV.splitlines()
    rows = [f"{condition},{line}" for condition in ("b", "a") for line in lines[1:]]
    table = load(write("\n".join([f"condition,{lines[0]}", *rows])))

    statistics = analyze_conditions(table, **OPTIONS)

    assert list(statistics["conditions"]) == ["b", "a"]
    assert statistics["design"] == {
        "subject": "participant",
        "within": "budget",
        "num_subjects": 3,
        "num_levels": 2,
        "condition": "b",
    }


def test_table_without_conditions_is_analysed_as_one(write):
    table = load(write(CSV))

    statistics = analyze_conditions(table, **OPTIONS)

    assert statistics == analyze_frame(table, "participant", "budget", ("score",))


def test_row_without_a_condition_is_an_error(write):
    path = write("condition,participant,budget,score\na,p1,1M,1.0\n,p1,2M,2.0\n")

    with pytest.raises(TableError, match="data row 2 has no 'condition'"):
        load(path)
