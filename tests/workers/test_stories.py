"""The built-in stories are distinct, readable, and the same everywhere."""

import hashlib
import re

import pytest

from workers.stories import Split, generate_stories


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train", "07a04f551f08535a315938d1dff95cb7998c501cd795a1b57c9befd241a610a7"),
        ("validation", "39e59dd0d32ccf661d536c89ece7420ec39e47fec98d0bcef5a3998762fa768b"),
    ],
)
def test_first_hundred_stories_never_change(split: Split, expected: str) -> None:
    # Made by this module on Python 3.11; a difference means that every built-in corpus has changed.
    text = "\n<|endoftext|>\n".join(generate_stories(split=split, num_stories=100))

    assert hashlib.sha256(text.encode()).hexdigest() == expected


def test_five_thousand_stories_are_distinct() -> None:
    stories = list(generate_stories(split="train", num_stories=5_000))

    assert len(set(stories)) == 5_000


def test_no_validation_story_is_a_training_story() -> None:
    training = set(generate_stories(split="train", num_stories=20_000))
    validation = set(generate_stories(split="validation", num_stories=2_000))

    assert not training & validation


def test_fewer_stories_are_the_beginning_of_more() -> None:
    fewer = list(generate_stories(split="train", num_stories=50))
    more = list(generate_stories(split="train", num_stories=200))

    assert fewer == more[:50]


def test_stories_have_several_paragraphs_and_dialogue() -> None:
    stories = list(generate_stories(split="train", num_stories=1_000))

    assert all(story.count("\n\n") >= 3 and '"' in story for story in stories)


def test_vocabulary_is_a_few_hundred_words() -> None:
    text = " ".join(generate_stories(split="train", num_stories=5_000))

    assert 300 < len(set(re.findall(r"[a-z]+", text.lower()))) < 700


def test_no_trace_of_a_template_is_left() -> None:
    # Unfilled slots and choices, doubled spaces, a lower-case sentence, a full stop before "said", a quote left open.
    flaw = re.compile(r'[{}\[\]|]|  |[^.!?"\w\s,]\n|[.!?] [a-z]|\." (said|asked)')
    stories = list(generate_stories(split="train", num_stories=5_000))

    assert [story for story in stories if flaw.search(story) or story.count('"') % 2] == []


def test_every_paragraph_ends_a_sentence() -> None:
    stories = generate_stories(split="train", num_stories=5_000)
    paragraphs = [paragraph for story in stories for paragraph in story.split("\n\n")]

    assert all(
        re.search(r'[.!?]"?$', paragraph) and paragraph[0] in '"ABCDEFGHIJKLMNOPQRSTUVWXYZ' for paragraph in paragraphs
    )
