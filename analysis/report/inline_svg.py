"""Fit a drawing into a page: its own identifiers, a text alternative, the page's colours, and few bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from analysis.figures.canvas import Canvas
from analysis.figures.style import THEME

__all__ = ["SharedStyles", "inline_svg", "share_styles"]

_PROLOG = re.compile(r"^.*?(?=<svg)", flags=re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", flags=re.DOTALL)
_PAGE_SIZE = re.compile(r' (?:width|height)="[\d.]+(?:pt|px)?"(?=[^>]*\bviewBox|[^>]*\bversion)')
_REFERENCE = re.compile(r'url\(#([^)]+)\)|href="#([^"]+)"')
_IDENTIFIER = re.compile(r' id="([^"]+)"')
_COLOR = re.compile("|".join(THEME))
_FONT_FAMILY = re.compile(r"font-family:[^;\"]*;?\s*")
_DECIMALS = re.compile(r"\d+\.\d{3,}")
_NO_TURN = re.compile(r' transform="rotate\(-?0 [^"]*"')
_STYLE = re.compile(r' style="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")
_GAP = re.compile(r">\s+<")


@dataclass(frozen=True, slots=True)
class SharedStyles:
    """Drawings whose equal styles stand once, in a style sheet."""

    drawings: Mapping[str, Markup]
    css: Markup


def inline_svg(svg: str, *, alt: str, name: str, canvas: Canvas) -> str:
    """The body of an SVG file as it stands in a page.

    Args:
        svg: What matplotlib wrote.
        alt: What the drawing shows, in words.
        name: Of the figure, unique in the page.
        canvas: For which it was drawn.
    """
    body = _METADATA.sub("", _PROLOG.sub("", svg))
    body = _PAGE_SIZE.sub("", body, count=2)
    body = _own_identifiers(body, prefix=f"{name}-{canvas.name}-")
    body = _TAG.sub(lambda match: _lean(match[0]), _GAP.sub("><", body))
    return body.replace("<svg", f'<svg class="{canvas.name}" role="img" aria-label="{escape(alt)}"', 1)


def share_styles(drawings: Mapping[str, str]) -> SharedStyles:
    """Put each style attribute that occurs in the drawings into one rule of a style sheet.

    Args:
        drawings: By any key, as `inline_svg` made them.
    """
    classes: dict[str, str] = {}

    def as_class(match: re.Match[str]) -> str:
        return f' class="{classes.setdefault(match[1], f"f{len(classes)}")}"'

    shared = {key: Markup(_STYLE.sub(as_class, body)) for key, body in drawings.items()}  # noqa: S704, see inline_svg
    rules = "\n".join(f".{name} {{ {style} }}" for style, name in classes.items())
    return SharedStyles(drawings=shared, css=Markup(rules))  # noqa: S704, matplotlib wrote these styles


def _lean(tag: str) -> str:
    """A tag with the page's fonts and colours and two decimals; text between tags is never touched."""
    tag = _NO_TURN.sub("", _FONT_FAMILY.sub("", tag))
    tag = _DECIMALS.sub(lambda match: f"{float(match[0]):.2f}", tag)
    return _COLOR.sub(lambda match: f"var(--fig-{match[0][1:]})", tag)


def _own_identifiers(body: str, *, prefix: str) -> str:
    """Identifiers that nothing refers to go; the others become unique in the page."""
    referred = {first or second for first, second in _REFERENCE.findall(body)}
    body = _IDENTIFIER.sub(lambda match: f' id="{prefix}{match[1]}"' if match[1] in referred else "", body)
    return re.sub(r'(?<=url\(#)|(?<=href="#)', prefix, body)
