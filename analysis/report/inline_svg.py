"""Fit drawings into a page: their own identifiers, a text alternative, the page's colours, and few bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from analysis.figures.canvas import Canvas
from analysis.figures.style import THEME

__all__ = ["PageDrawings", "inline_svg", "share_page"]

LONG_TAG = 1_000
"""Characters of a path from which on a decimal counts."""

_PROLOG = re.compile(r"^.*?(?=<svg)", flags=re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", flags=re.DOTALL)
_PAGE_SIZE = re.compile(r' (?:width|height)="[\d.]+(?:pt|px)?"(?=[^>]*\bviewBox|[^>]*\bversion)')
_REFERENCE = re.compile(r'url\(#([^)]+)\)|(?:xlink:)?href="#([^"]+)"')
_IDENTIFIER = re.compile(r' id="([^"]+)"')
_COLOR = re.compile("|".join(THEME))
_FONT_FAMILY = re.compile(r"font-family:[^;\"]*;?\s*")
_DECIMALS = re.compile(r"\d+\.\d{3,}")
_NO_TURN = re.compile(r' transform="rotate\(-?0 [^"]*"')
_STYLE = re.compile(r' style="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")
_GAP = re.compile(r">\s+<")


@dataclass(frozen=True, slots=True)
class PageDrawings:
    """Drawings of one page: their identifiers are unique in it, and equal styles stand once."""

    bodies: Mapping[str, Markup]
    css: Markup


def inline_svg(svg: str, *, alt: str, canvas: Canvas) -> str:
    """The body of an SVG file as it stands in a page.

    Args:
        svg: What matplotlib wrote.
        alt: What the drawing shows, in words.
        canvas: For which it was drawn.
    """
    body = _METADATA.sub("", _PROLOG.sub("", svg))
    body = _PAGE_SIZE.sub("", body, count=2)
    referred = {first or second for first, second in _REFERENCE.findall(body)}
    body = _IDENTIFIER.sub(lambda match: match[0] if match[1] in referred else "", body)
    body = _TAG.sub(lambda match: _lean(match[0]), _GAP.sub("><", body))
    return body.replace("<svg", f'<svg class="{canvas.name}" role="img" aria-label="{escape(alt)}"', 1)


def share_page(drawings: Mapping[str, str]) -> PageDrawings:
    """Make the identifiers of all drawings short and unique, and put each style into one rule of a style sheet.

    Args:
        drawings: By any key, as `inline_svg` made them.
    """
    classes: dict[str, str] = {}

    def as_class(match: re.Match[str]) -> str:
        return f' class="{classes.setdefault(match[1], f"f{len(classes)}")}"'

    bodies = {
        key: Markup(_STYLE.sub(as_class, _with_own_identifiers(body, prefix=f"d{place}-")))  # noqa: S704, see inline_svg
        for place, (key, body) in enumerate(drawings.items())
    }
    rules = "\n".join(f".{name} {{ {style} }}" for style, name in classes.items())
    return PageDrawings(bodies=bodies, css=Markup(rules))  # noqa: S704, matplotlib wrote these styles


def _lean(tag: str) -> str:
    """A tag with the page's fonts and colours and few decimals; text between tags is never touched."""
    tag = _NO_TURN.sub("", _FONT_FAMILY.sub("", tag)).replace(" \n", " ").replace("\n", " ")
    # A tenth of a point is less than a screen shows; a marker's outline is small and keeps two decimals.
    decimals = 1 if len(tag) > LONG_TAG else 2
    tag = _DECIMALS.sub(lambda match: f"{float(match[0]):.{decimals}f}", tag)
    return _COLOR.sub(lambda match: f"var(--fig-{match[0][1:]})", tag)


def _with_own_identifiers(body: str, *, prefix: str) -> str:
    short: dict[str, str] = {}

    def shorten(name: str) -> str:
        return short.setdefault(name, f"{prefix}{len(short)}")

    body = _IDENTIFIER.sub(lambda match: f' id="{shorten(match[1])}"', body)
    return _REFERENCE.sub(
        lambda match: f"url(#{shorten(match[1])})" if match[1] else f'href="#{shorten(match[2])}"', body
    )
