"""Classes of contexts have names in words."""

import pytest

from analysis.probes.class_words import class_label, class_phrase


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("0-9", "0 to 9"),
        ("1000-9999", "1,000 to 9,999"),
        ("100000+", "100,000 or more"),
        ("JJ", "adjectives"),
        ("function words", "function words"),
    ],
)
def test_label_is_in_words(name: str, label: str) -> None:
    assert class_label(name) == label


@pytest.mark.parametrize(
    ("system", "name", "phrase"),
    [
        ("frequency", "10-99", "next tokens that the training text has 10 to 99 times"),
        ("surprisal", "0-1", "next tokens of 0 to 1 nats in the end"),
        ("pos_next", "JJ", "adjectives as next tokens"),
    ],
)
def test_phrase_tells_what_the_class_is_of(system: str, name: str, phrase: str) -> None:
    assert class_phrase(name, system=system) == phrase
