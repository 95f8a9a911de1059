"""Seconds until eight people retched after four foods (Field 2013, chapter 15), against R 4.2.2.

The commands, with Y the table below as an 8 x 4 matrix:
  m <- lm(Y ~ 1); anova(m, X = ~1, test = "Spherical"); mauchly.test(m, X = ~1)
  summary(aov(y ~ l + Error(s / l), long)); t.test(Y[, 1], Y[, 2], paired = TRUE); friedman.test(Y)
  p.adjust(p, "holm"); p.adjust(p, "bonferroni")
"""

import pandas as pd
import pytest

from analysis import analyze_frame

SECONDS = {
    "stick insect": [8, 9, 6, 5, 8, 7, 10, 12],
    "kangaroo": [7, 5, 2, 3, 4, 5, 2, 6],
    "fish eye": [1, 2, 3, 1, 5, 6, 7, 8],
    "grub": [6, 5, 8, 9, 8, 7, 2, 1],
}


@pytest.fixture(scope="module")
def result():
    rows = [(person, food, value) for food, column in SECONDS.items() for person, value in enumerate(column)]
    frame = pd.DataFrame(rows, columns=["person", "food", "seconds"])
    return analyze_frame(frame, "person", "food", ("seconds",))["metrics"]["seconds"]


def test_anova(result):
    anova = result["rm_anova"]

    assert anova["F"] == pytest.approx(3.79380603096984)
    assert (anova["df_effect"], anova["df_error"]) == (3, 21)
    assert anova["ss"] == {
        "effect": pytest.approx(83.125),
        "error": pytest.approx(153.375),
        "subject": pytest.approx(17.375),
    }
    assert anova["pes"] == pytest.approx(83.125 / (83.125 + 153.375))
    assert anova["ges"] == pytest.approx(83.125 / (83.125 + 153.375 + 17.375))


def test_epsilons_and_corrected_p(result):
    anova = result["rm_anova"]

    assert anova["epsilon"]["gg"] == pytest.approx(0.5328, abs=5e-5)
    assert anova["epsilon"]["hf"] == pytest.approx(0.6658, abs=5e-5)
    assert anova["p"]["uncorrected"] == pytest.approx(0.0255702968630395)
    assert anova["p"]["gg"] == pytest.approx(0.0625841206869634)
    assert anova["p"]["hf"] == pytest.approx(0.0483306135519431)
    # a = 6 + 7 * 6 / 2 = 27 at eight seeds, by hand
    assert anova["epsilon"]["cm"] == pytest.approx(anova["epsilon"]["hf"] * 25 * 23 / 27**2)
    assert anova["epsilon"]["gg_ceiling"] == 1


def test_mauchly(result):
    mauchly = result["rm_anova"]["mauchly"]

    assert mauchly["W"] == pytest.approx(0.1362480293725)
    assert mauchly["df"] == 5
    # R adds a second-order term (p = .0468); -7 * (1 - 23 / 126) * log(W) and pchisq(., 5, lower.tail = FALSE) give:
    assert mauchly["chi2"] == pytest.approx(11.40598143406)
    assert mauchly["p"] == pytest.approx(0.04389895309)


def test_paired_tests(result):
    first = result["pairwise"][0]

    assert (first["a"], first["b"], first["df"]) == ("stick insect", "kangaroo", 7)
    assert first["t"] == pytest.approx(4.77528950227192706)
    assert first["p"] == pytest.approx(0.00202328287588718)
    assert first["mean_difference"] == pytest.approx(3.875)
    assert (first["ci95_low"], first["ci95_high"]) == pytest.approx((1.95618042465014486, 5.79381957534985403))


def test_corrections_over_six_pairs(result):
    rows = result["pairwise"]

    assert [row["p_holm"] for row in rows] == pytest.approx(
        [0.01011641437943592, 0.00564485983507568, 0.906918466, 0.920074728, 0.906918466, 0.906918466]
    )
    assert [row["p_bonferroni"] for row in rows] == pytest.approx(
        [0.01213969725532311, 0.00564485983507568, 1, 1, 1, 1]
    )


def test_standardised_difference_is_that_of_the_differences(result):
    first = result["pairwise"][0]

    # g_z = J t / sqrt(n), J = gamma(7/2) / (sqrt(7/2) gamma(3)) = .888, by hand
    assert first["hedges_g"] == pytest.approx(4.77528950227192706 / 8**0.5 * 3.3233509704478426 / (3.5**0.5 * 2))


def test_friedman(result):
    friedman = result["friedman"]

    assert friedman["Q"] == pytest.approx(11.52631578947)
    assert friedman["p"] == pytest.approx(0.00919516147594)
    assert friedman["df"] == 3
    assert "exchangeable" in friedman["warning"]


def test_levels_that_are_no_numbers_keep_their_order(result):
    assert [row["level"] for row in result["descriptive"]] == list(SECONDS)
