"""Draw a figure once for a page and once for a phone, as SVG that stands alone, SVG for a page, and PNG."""

import io
import re
import warnings
from dataclasses import dataclass

from markupsafe import Markup, escape
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from analysis.figures.canvas import NARROW, WIDE, Canvas
from analysis.figures.style import THEME, house_style
from analysis.report.blocks import FigureBlock

__all__ = ["Drawing", "draw_figure"]

PNG_DPI = 144
_FONT = re.compile(r"font-family:[^;\"]*|(?<=font: )([^;\"]*?\d+(?:\.\d+)?px) [^;\"]*")
_IDENTIFIER = re.compile(r'(?<=\bid=")|(?<=url\(#)|(?<=href="#)')
_COLOR = re.compile("|".join(THEME))
_PROLOG = re.compile(r"^.*?(?=<svg)", flags=re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", flags=re.DOTALL)
_SIZE = re.compile(r'(<svg[^>]*?) width="[^"]*"| height="[^"]*"(?=[^>]*viewBox)')


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure in every form."""

    svg: bytes
    """Stands alone, with plain colours."""
    png: bytes
    wide: Markup
    """For a page: colours are CSS variables, sizes those of the page."""
    narrow: Markup


def draw_figure(block: FigureBlock) -> Drawing:
    """Draw a block's figure for both canvases.

    Args:
        block: With what it draws and its text alternative.
    """
    wide, png = _drawn(block, canvas=WIDE, wants_png=True)
    narrow, _ = _drawn(block, canvas=NARROW, wants_png=False)
    return Drawing(
        svg=wide.encode(),
        png=png,
        wide=_inline(wide, block=block, canvas=WIDE),
        narrow=_inline(narrow, block=block, canvas=NARROW),
    )


def _drawn(block: FigureBlock, *, canvas: Canvas, wants_png: bool) -> tuple[str, bytes]:
    with house_style(font_size=canvas.font_size), warnings.catch_warnings():
        # A name in a script that the font lacks is shown by the reader's browser, which has it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = block.draw(canvas)
        svg = _svg(figure)
        return svg, _png(figure) if wants_png else b""


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return _FONT.sub(_house_font, buffer.getvalue())


def _house_font(match: re.Match[str]) -> str:
    family = "system-ui, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
    return f"{match[1]} {family}" if match[1] else f"font-family: {family}"


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return buffer.getvalue()


def _inline(svg: str, *, block: FigureBlock, canvas: Canvas) -> Markup:
    """The same drawing inside a page: its own identifiers, a text alternative, the page's colours."""
    prefix = f"{block.name}-{canvas.name}-"
    body = _METADATA.sub("", _PROLOG.sub("", svg))
    body = _IDENTIFIER.sub(prefix, body)
    body = _SIZE.sub(lambda match: match[1] or "", body)
    body = _COLOR.sub(lambda match: f"var(--fig-{match[0][1:]})", body)
    described = f'<svg class="{canvas.name}" role="img" aria-label="{escape(block.alt)}"'
    return Markup(body.replace("<svg", described, 1))  # noqa: S704, matplotlib escapes what it writes
