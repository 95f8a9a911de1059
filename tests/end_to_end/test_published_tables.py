"""Tables that nobody here wrote, through the command, against R.

R 4.2.2, `m` holding one row per subject without a missing value and one column per level:

    f <- lm(m ~ 1); anova(f, X = ~1, test = "Spherical")     F, its degrees of freedom, G-G Pr

and for epsilon `P <- contr.helmert(ncol(m))` with columns of length 1, `V <- t(P) %*% var(m) %*% P`,
`sum(diag(V))^2 / ((ncol(m) - 1) * sum(V^2))`.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TABLES = Path(__file__).parent / "published"
ORANGE = ("Orange.csv", "--subject", "Tree", "--within", "age", "--metric", "circumference")
LOBLOLLY = ("Loblolly.csv", "--subject", "Seed", "--within", "age", "--metric", "height")
CHICKS = ("ChickWeight.csv", "--subject", "Chick", "--within", "Time", "--metric", "weight")
WEEKS = ("four_weeks.csv", "--wide", "levels", "--metric", "score")
CONDITIONS = ("three_conditions.csv", "--subject", "Subject", "--within", "Condition", "--metric", "Value")
EXPECTED = {
    #        subjects, F, df, df error, epsilon GG, p GG
    ORANGE: (5, 85.8602952443, 6, 24, 0.187234585285, 0.000390946497932),
    LOBLOLLY: (14, 7922.05899897, 5, 65, 0.311161935322, 3.36949779807e-29),
    CHICKS: (45, 231.551909103, 11, 484, 0.111045723163, 7.81638706347e-23),
    WEEKS: (9, 5.20065155118, 3, 24, 0.694329331302, 0.0166993073369),
    CONDITIONS: (8, 2.0614886731, 2, 14, 0.7655505845, 0.178699905417),
}


@pytest.fixture
def analyze(seedscope_inside: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """A function from a table and options to its statistics, read as strict JSON."""

    def run(name: str, *options: str, directory: Path = TABLES) -> Any:
        answer = seedscope_inside(tmp_path, "analyze", directory / name, *options, "--out", "new")
        assert answer.exit_code == 0, answer.complaint
        assert answer.complaint == ""
        return json.loads((tmp_path / "new" / "statistics.json").read_text(), parse_constant=pytest.fail)

    return run


@pytest.mark.parametrize(("arguments", "expected"), EXPECTED.items(), ids=[arguments[0] for arguments in EXPECTED])
def test_table_gives_the_values_of_r(
    arguments: tuple[str, ...], expected: tuple[float, ...], analyze: Callable[..., Any]
) -> None:
    statistics = analyze(*arguments)

    metric = statistics["metrics"][arguments[-1]]
    anova = metric["rm_anova"]
    assert (
        metric["num_subjects"],
        anova["F"],
        anova["df_effect"],
        anova["df_error"],
        anova["epsilon"]["gg"],
        anova["p"]["gg"],
    ) == pytest.approx(expected, rel=1e-8)


def test_chicks_that_are_not_weighed_to_the_end_are_named(analyze: Callable[..., Any]) -> None:
    statistics = analyze(*CHICKS)

    dropped = {item["id"]: item["why"] for item in statistics["audit"]["dropped"]}
    # table(ChickWeight$Chick) in R: 2, 7, 8, 10 and 11 weights instead of 12
    assert set(dropped) == {"chick-8", "chick-15", "chick-16", "chick-18", "chick-44"}
    assert dropped["chick-44"] == "missing at levels 20, 21"


def test_conditions_are_analysed_apart_and_give_the_values_of_r(analyze: Callable[..., Any], tmp_path: Path) -> None:
    text = (TABLES / "ChickWeight.csv").read_text()
    (tmp_path / "diets.csv").write_text(text.replace("Diet", "condition", 1))

    statistics = analyze("diets.csv", *CHICKS[1:], directory=tmp_path)

    found = {
        name: (result["design"]["num_subjects"], result["metrics"]["weight"]["rm_anova"]["F"])
        for name, result in statistics["conditions"].items()
    }
    # As above, chicks of one diet at a time.
    assert {name: count for name, (count, _) in found.items()} == {"1": 16, "2": 10, "3": 10, "4": 9}
    assert [f for _, f in found.values()] == pytest.approx(
        [63.5586937573, 40.6652773855, 88.9148033701, 137.502955253], rel=1e-8
    )


def test_rows_without_a_name_are_numbered(analyze: Callable[..., Any]) -> None:
    statistics = analyze(*WEEKS)

    assert {item["id"] for item in statistics["audit"]["dropped"]} == {"3", "7", "11"}
    assert "the table names no seed; its rows are numbered from 1" in statistics["audit"]["input"]["notes"]


def test_opposite_sign_changes_no_test(analyze: Callable[..., Any]) -> None:
    statistics = analyze(*ORANGE, "--higher-is-better", "circumference")

    metric = statistics["metrics"]["minus circumference"]
    assert metric["rm_anova"]["F"] == pytest.approx(85.8602952443, rel=1e-8)
    # The trees are thickest at the last age, 1582 days.
    assert metric["summaries"]["lowest_mean"]["level"] == 1582
