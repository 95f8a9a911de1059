"""What a plot of the built-in stories consists of."""

from dataclasses import dataclass

__all__ = ["Plot"]


@dataclass(frozen=True, slots=True)
class Plot:
    """One kind of story.

    Attributes:
        text: Paragraphs between blank lines. `{slot}` is filled in; of `[a | b]` one is taken; line ends do not matter.
        twists: Sets of further slots that belong together, such as a cause and its consequence; one is taken.
    """

    text: str
    twists: tuple[dict[str, str], ...]
