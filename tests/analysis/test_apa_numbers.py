"""P-values and shares are written in one style wherever they stand."""

import pytest

from analysis.apa_numbers import floor_text, p_relation, p_value, share_relation, share_text


@pytest.mark.parametrize(
    ("value", "alone", "after_its_name"),
    [
        (0.03125, ".031", "= .031"),
        (0.0004, "< .001", "< .001"),
        (1.0, "1.000", "= 1.000"),
        (0.99996, "> .999", "> .999"),
    ],
)
def test_p_has_three_digits_and_no_leading_zero(value: float, alone: str, after_its_name: str) -> None:
    assert (p_value(value), p_relation(value)) == (alone, after_its_name)


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, ".250"), (0.0625, ".062"), (2 / 2**11, ".0010"), (2 / 2**14, ".0001")]
)
def test_floor_is_written_to_its_first_digit_that_tells_something(value: float, text: str) -> None:
    assert floor_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1333, ".13"),
        (0.004, "< .01"),
        (0.0, ".00"),
        (-0.004, ".00"),
        (-0.03, "-.03"),
        (0.9999, "> .99"),
        (1.0, "1.00"),
    ],
)
def test_share_has_two_digits_and_hides_neither_end(value: float, text: str) -> None:
    assert share_text(value) == text


def test_share_follows_its_name_with_a_relation() -> None:
    assert [share_relation(value) for value in (0.1333, 0.004, 0.9999)] == ["= .13", "< .01", "> .99"]
    assert share_text(0.0004, digits=3) == "< .001"
