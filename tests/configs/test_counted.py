"""A number and its noun agree."""

import pytest

from configs.counted import counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "seed", "0 seeds"),
        (1, "seed", "1 seed"),
        (2000, "row", "2,000 rows"),
        (1, "loss", "1 loss"),
        (2, "loss", "2 losses"),
    ],
)
def test_noun_follows_its_number(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text
