"""Tell the built-in stories: short, varied, and the same on every machine."""

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal, TypeVar

from workers.story_lessons import LESSONS
from workers.story_mishaps import MISHAPS
from workers.story_plot import Plot
from workers.story_words import ADJECTIVES, CHARACTERS, ELDERS, FOODS, OPENINGS, PLACES, TOYS, TRAITS, Person

__all__ = ["Split", "generate_stories"]

Split = Literal["train", "validation"]
Item = TypeVar("Item")

STORY_SEED = 20_230_512  # Any fixed number would do; changing it changes every built-in corpus.
VALIDATION_SHARE = 32  # Of 256 values of a digest's first byte: one story in eight.
PLOTS = MISHAPS + LESSONS
CHOICE = re.compile(r"\[([^\[\]]*)\]")


def generate_stories(*, split: Split, num_stories: int) -> Iterator[str]:
    """Tell `num_stories` distinct stories; fewer of them are the beginning of more of them.

    A story's own digest decides to which split it belongs, so that no validation story is ever a training story
    while both splits come from one distribution.

    Args:
        split: `train` or `validation`.
        num_stories: How many stories to tell.

    Returns:
        The stories, each of several paragraphs with a blank line between them.
    """
    return islice(_distinct_stories(split), num_stories)


def _distinct_stories(split: Split) -> Iterator[str]:
    # Only random() is used: its algorithm is the one that Python promises to keep from version to version.
    rng = random.Random(STORY_SEED)
    told: set[bytes] = set()
    while True:
        story = _tell(rng)
        digest = hashlib.sha256(story.encode()).digest()
        is_validation = digest[0] < VALIDATION_SHARE
        if is_validation == (split == "validation") and digest not in told:
            told.add(digest)
            yield story


def _tell(rng: random.Random) -> str:
    plot = _pick(PLOTS, rng=rng)
    slots = _draw_slots(rng)
    opening = _pick(OPENINGS, rng=rng).format_map(slots)
    paragraphs = _draw_paragraphs(plot, slots=slots, rng=rng)
    return "\n\n".join([f"{opening} {paragraphs[0]}", *paragraphs[1:]])


def _draw_paragraphs(plot: Plot, *, slots: dict[str, str], rng: random.Random) -> list[str]:
    twist = {slot: text.format_map(slots) for slot, text in _pick(plot.twists, rng=rng).items()}
    chosen = CHOICE.sub(lambda match: _pick(match[1].split("|"), rng=rng).strip(), plot.text)
    filled = chosen.format_map(slots | twist)
    return [" ".join(paragraph.split()) for paragraph in filled.strip().split("\n\n")]


def _draw_slots(rng: random.Random) -> dict[str, str]:
    hero = _pick(CHARACTERS, rng=rng)
    friend = _pick([person for person in CHARACTERS if person != hero], rng=rng)
    place = _pick(PLACES, rng=rng)
    food = _pick(FOODS, rng=rng)
    return _people_slots(hero, friend=friend, elder=_pick(ELDERS, rng=rng)) | {
        "trait": _pick(TRAITS, rng=rng),
        "toy": _pick(TOYS, rng=rng),
        "adjective": _pick(ADJECTIVES, rng=rng),
        "at": place.at,
        "to": place.to,
        "near": place.near,
        "far": place.far,
        "whole": food.whole,
        "food": food.short,
        "share": food.share,
    }


def _people_slots(hero: Person, *, friend: Person, elder: Person) -> dict[str, str]:
    friend_full = f"{hero.his} friend {friend.name}" if friend.is_child else f"{friend.name} the {friend.kind}"
    return {
        "hero": hero.name,
        "kind": hero.kind,
        "he": hero.he,
        "him": hero.him,
        "his": hero.his,
        "He": hero.he.capitalize(),
        "His": hero.his.capitalize(),
        "friend": friend.name,
        "friend_full": friend_full,
        "friend_cap": friend_full[0].upper() + friend_full[1:],
        "elder": elder.name,
        "elder_him": elder.him,
        "elder_his": elder.his,
        "Elder_he": elder.he.capitalize(),
    }


def _pick(options: Sequence[Item], *, rng: random.Random) -> Item:
    return options[int(rng.random() * len(options))]
