"""Name a class of contexts in words."""

__all__ = ["class_label", "class_phrase"]

_TAGS = {"JJ": "adjectives"}
"""Penn tags that are drawn on their own; comparatives (JJR) and superlatives (JJS) are rows of their own."""


def class_label(name: str) -> str:
    """A class as a legend names it, such as `1,000 to 9,999`, `100,000 or more` or `adjectives`."""
    if name.endswith("+") and name[:-1].isdecimal():
        return f"{int(name[:-1]):,} or more"
    low, dash, high = name.partition("-")
    if dash and low.isdecimal() and high.isdecimal():
        return f"{int(low):,} to {int(high):,}"
    return _TAGS.get(name, name)


def class_phrase(name: str, *, system: str) -> str:
    """A class in a sentence, such as `next tokens that the training text has 10 to 99 times`.

    Args:
        name: As the table has it.
        system: `frequency`, `surprisal` or `pos_next`.
    """
    label = class_label(name)
    if system == "frequency":
        return f"next tokens that the training text has {label} times"
    return f"next tokens of {label} nats in the end" if system == "surprisal" else f"{label} as next tokens"
