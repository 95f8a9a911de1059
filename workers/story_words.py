"""Who and what the built-in stories are about: characters, places, toys and food."""

from dataclasses import dataclass

__all__ = [
    "ADJECTIVES",
    "CHARACTERS",
    "ELDERS",
    "FOODS",
    "OPENINGS",
    "PLACES",
    "TOYS",
    "TRAITS",
    "Food",
    "Person",
    "Place",
]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in a story, with the pronouns that go with the name."""

    name: str
    kind: str
    is_female: bool

    @property
    def he(self) -> str:
        """The pronoun of one who acts."""
        return "she" if self.is_female else "he"

    @property
    def him(self) -> str:
        """The pronoun of one to whom something is done."""
        return "her" if self.is_female else "him"

    @property
    def his(self) -> str:
        """The pronoun of an owner."""
        return "her" if self.is_female else "his"

    @property
    def is_child(self) -> bool:
        """Whether this is a girl or a boy, not an animal."""
        return self.kind in ("girl", "boy")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to play: how one is there, how one goes there, and two spots where things hide."""

    at: str
    to: str
    near: str
    far: str


@dataclass(frozen=True, slots=True)
class Food:
    """Something to eat: how one brings it, what it is called afterwards, and a share of it."""

    whole: str
    short: str
    share: str


CHARACTERS = (
    Person("Lily", "girl", is_female=True),
    Person("Mia", "girl", is_female=True),
    Person("Anna", "girl", is_female=True),
    Person("Rosa", "girl", is_female=True),
    Person("Ella", "girl", is_female=True),
    Person("Nina", "girl", is_female=True),
    Person("Tom", "boy", is_female=False),
    Person("Ben", "boy", is_female=False),
    Person("Sam", "boy", is_female=False),
    Person("Max", "boy", is_female=False),
    Person("Leo", "boy", is_female=False),
    Person("Tim", "boy", is_female=False),
    Person("Pip", "rabbit", is_female=False),
    Person("Hazel", "rabbit", is_female=True),
    Person("Bruno", "bear", is_female=False),
    Person("Ruby", "fox", is_female=True),
    Person("Dot", "mouse", is_female=True),
    Person("Milo", "mouse", is_female=False),
    Person("Daisy", "duck", is_female=True),
    Person("Hugo", "frog", is_female=False),
    Person("Poppy", "kitten", is_female=True),
    Person("Rex", "puppy", is_female=False),
)

ELDERS = (
    Person("mom", "mom", is_female=True),
    Person("dad", "dad", is_female=False),
    Person("grandma", "grandma", is_female=True),
    Person("grandpa", "grandpa", is_female=False),
)

PLACES = (
    Place("in the park", "to the park", "under the bench", "behind the big slide"),
    Place("in the garden", "to the garden", "under the roses", "behind the water can"),
    Place("in the forest", "to the forest", "under the leaves", "behind the old tree"),
    Place("on the beach", "to the beach", "under the sand", "behind the white rocks"),
    Place("on the farm", "to the farm", "under the cart", "behind the barn"),
    Place("by the river", "to the river", "under the bridge", "behind the tall grass"),
    Place("by the lake", "to the lake", "under the little boat", "behind the stones"),
    Place("on the hill", "to the hill", "under the bush", "behind the stone wall"),
)

TOYS = ("ball", "kite", "boat", "drum", "hat", "book", "doll", "car", "bell", "scarf", "train", "top")

ADJECTIVES = ("red", "blue", "green", "yellow", "shiny", "soft", "tiny", "big", "pretty", "striped")

FOODS = (
    Food("a sweet cake", "cake", "a piece of cake"),
    Food("a warm pie", "pie", "a piece of pie"),
    Food("a big melon", "melon", "a slice of melon"),
    Food("a loaf of bread", "bread", "a slice of bread"),
    Food("a jar of honey", "honey", "a spoon of honey"),
    Food("a bowl of soup", "soup", "a cup of soup"),
    Food("a bowl of rice", "rice", "a spoon of rice"),
    Food("a bowl of corn", "corn", "a spoon of corn"),
)

TRAITS = ("kind", "brave", "shy", "happy", "clever", "quiet", "curious", "busy")

OPENINGS = (
    "Once upon a time, there was a {trait} {kind} named {hero}.",
    "Once there was a {trait} little {kind}. {His} name was {hero}.",
    "{hero} was a {trait} {kind}.",
    "A {trait} {kind} named {hero} lived with {his} {elder}.",
    "Long ago, a {kind} named {hero} lived in a small house. {He} was very {trait}.",
)
