"""Ask about the world of the stories: a fixed set of two-shot items with balanced answers.

A model that does not read the question gets exactly the chance level, whatever it prefers. The options of a set are
asked once with each of them correct, after the same two examples: one ranking of the options is then right once a set.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from workers.probes.choice_items import ChoiceItem
from workers.story_words import ADJECTIVES, CHARACTERS, ELDERS, PLACES, TOYS, TRAITS, Person

__all__ = ["story_choices"]

Item = TypeVar("Item")

ITEM_SEED = 20_221_219  # Any fixed number would do; changing it changes every item.
NUM_SHOTS = 2  # as in Xia et al. 2023, section 5
SEPARATOR = "\n\n"  # between paragraphs of a story

# Foods whose wrapping tells them apart, from the words of the built-in stories.
_WRAPPINGS = {
    "cake": "a sweet",
    "pie": "a warm",
    "melon": "a big",
    "bread": "a loaf of",
    "honey": "a jar of",
    "soup": "a bowl of",
}
_KINDS = ("girl", "boy", "rabbit", "bear", "fox", "mouse", "duck", "frog")


@dataclass(frozen=True, slots=True)
class _Question:
    text: str
    answer: str
    ending: str
    """What follows the answer where it is shown as an example."""

    @property
    def as_example(self) -> str:
        return f"{self.text} {self.answer}{self.ending}"


_QuestionSet = tuple[_Question, ...]
"""One question for each option, which it has as its answer."""


def story_choices() -> tuple[ChoiceItem, ...]:
    """288 items of six tasks, the same on every machine.

    - `pronoun` (2 options): who is spoken of, by the name.
    - `kind` (4): what kind of character has this name.
    - `food` (3): what comes in a jar, a loaf and so on.
    - `place` (4): what lies where one goes.
    - `toy` (4): which toy was named a sentence before.
    - `name` (2): who was met a sentence before.

    `pronoun`, `toy` and `name` can be answered from any children's stories; the others ask for words of the built-in
    stories.
    """
    rng = random.Random(ITEM_SEED)
    tasks = {
        "pronoun": _pronouns(rng),
        "kind": _kinds(rng),
        "food": _foods(rng),
        "place": _places(rng),
        "toy": _toys(rng),
        "name": _names(rng),
    }
    return tuple(item for task, sets in tasks.items() for item in _items(task, sets=list(sets), rng=rng))


def _items(task: str, *, sets: Sequence[_QuestionSet], rng: random.Random) -> Iterator[ChoiceItem]:
    for index, questions in enumerate(sets):
        options = tuple(f" {question.answer}" for question in questions)
        others = [one for other, one_set in enumerate(sets) if other != index for one in one_set]
        shots = SEPARATOR.join(question.as_example for question in _draw(others, rng=rng, number=NUM_SHOTS))
        for correct, question in enumerate(questions):
            yield ChoiceItem(task, f"{shots}{SEPARATOR}{question.text}", options, correct)


def _pronouns(rng: random.Random) -> Iterator[_QuestionSet]:
    women = [person for person in CHARACTERS if person.is_female]
    men = [person for person in CHARACTERS if not person.is_female]
    for woman, man in zip(_cycle(women, rng=rng, number=24), _cycle(men, rng=rng, number=24), strict=True):
        trait = _pick(TRAITS, rng=rng)
        yield tuple(_Question(f"{one.name} was {trait}. Then", one.he, " went home.") for one in (woman, man))


def _kinds(rng: random.Random) -> Iterator[_QuestionSet]:
    for kinds in _sets(_KINDS, rng=rng, size=4, number=12):
        trait = _pick(TRAITS, rng=rng)
        yield tuple(_Question(f"{_named(kind, rng=rng).name} was a {trait}", kind, ".") for kind in kinds)


def _foods(rng: random.Random) -> Iterator[_QuestionSet]:
    for foods in _sets(tuple(_WRAPPINGS), rng=rng, size=3, number=16):
        hero, elder = _pick(CHARACTERS, rng=rng), _pick(ELDERS, rng=rng)
        yield tuple(
            _Question(f"{hero.name} and {hero.his} {elder.name} ate {_WRAPPINGS[food]}", food, ".") for food in foods
        )


def _places(rng: random.Random) -> Iterator[_QuestionSet]:
    for places in _sets(PLACES, rng=rng, size=4, number=12):
        hero = _pick(CHARACTERS, rng=rng)
        yield tuple(
            _Question(f"{hero.name} went {place.to}. {hero.he.capitalize()} looked", place.near, ".")
            for place in places
        )


def _toys(rng: random.Random) -> Iterator[_QuestionSet]:
    for toys in _sets(TOYS, rng=rng, size=4, number=12):
        hero, adjective = _pick(CHARACTERS, rng=rng), _pick(ADJECTIVES, rng=rng)
        yield tuple(
            _Question(f"{hero.name} had a {adjective} {toy}. {hero.name} took the {adjective}", toy, ".")
            for toy in toys
        )


def _names(rng: random.Random) -> Iterator[_QuestionSet]:
    for pair in _sets(CHARACTERS, rng=rng, size=2, number=24):
        yield tuple(
            _Question(f"{one.name} met {other.name}. Then {one.name} played with", other.name, ".")
            for one, other in (pair, pair[::-1])
        )


def _named(kind: str, *, rng: random.Random) -> Person:
    return _pick([person for person in CHARACTERS if person.kind == kind], rng=rng)


def _sets(items: Sequence[Item], *, rng: random.Random, size: int, number: int) -> Iterator[tuple[Item, ...]]:
    """`number` sets of `size` distinct items; all items are used up before one comes again."""
    cycle = _cycle(items, rng=rng, number=size * number, block=size)
    return (tuple(cycle[start : start + size]) for start in range(0, size * number, size))


def _cycle(items: Sequence[Item], *, rng: random.Random, number: int, block: int = 1) -> list[Item]:
    """`number` items, shuffled anew in every round; a round leaves out what does not fill a block."""
    drawn: list[Item] = []
    while len(drawn) < number:
        drawn += _draw(items, rng=rng, number=len(items) // block * block)
    return drawn[:number]


def _draw(items: Sequence[Item], *, rng: random.Random, number: int) -> list[Item]:
    # Only random() is used: its algorithm is the one that Python promises to keep from version to version.
    order = sorted((rng.random(), index) for index in range(len(items)))
    return [items[index] for _, index in order[:number]]


def _pick(items: Sequence[Item], *, rng: random.Random) -> Item:
    return items[int(rng.random() * len(items))]
