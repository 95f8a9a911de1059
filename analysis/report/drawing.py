"""Draw a figure once for a page and once for a phone, as SVG that stands alone, SVG for a page, and PNG."""

import io
import re
import warnings
from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from analysis.figures.canvas import NARROW, WIDE, Canvas
from analysis.figures.style import house_style
from analysis.report.blocks import FigureBlock
from analysis.report.inline_svg import inline_svg

__all__ = ["Drawing", "draw_figure"]

PNG_DPI = 144
SVG_IMAGE_DPI = 144
"""Of heat maps inside an SVG; lines and text have no resolution."""
FONTS = "system-ui, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"

_FONT = re.compile(r"font-family:[^;\"]*|(?<=font: )([^;\"]*?\d+(?:\.\d+)?px) [^;\"]*")


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure in every form."""

    svg: bytes
    """Stands alone, with plain colours."""
    png: bytes
    wide: str
    """SVG for a page."""
    narrow: str
    """SVG for a page on a phone."""


def draw_figure(block: FigureBlock) -> Drawing:
    """Draw a block's figure for both canvases.

    Args:
        block: With what it draws and its text alternative.
    """
    wide, narrow = _drawn(block, canvas=WIDE), _drawn(block, canvas=NARROW)
    wide_svg, narrow_svg = _svg(wide), _svg(narrow)
    return Drawing(
        svg=wide_svg.encode(),
        png=_png(wide),
        wide=inline_svg(wide_svg, alt=block.alt, canvas=WIDE),
        narrow=inline_svg(narrow_svg, alt=block.alt, canvas=NARROW),
    )


def _drawn(block: FigureBlock, *, canvas: Canvas) -> Figure:
    with house_style(font_size=canvas.font_size):
        return block.draw(canvas)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    _save(figure, buffer, file_format="svg", dpi=SVG_IMAGE_DPI, metadata={"Date": None, "Creator": None})
    return _FONT.sub(lambda match: f"{match[1]} {FONTS}" if match[1] else f"font-family: {FONTS}", buffer.getvalue())


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    _save(figure, buffer, file_format="png", dpi=PNG_DPI, metadata={"Software": None})
    return buffer.getvalue()


def _save(
    figure: Figure, buffer: io.StringIO | io.BytesIO, *, file_format: str, dpi: float, metadata: dict[str, None]
) -> None:
    # Settings such as the salt of identifiers are read when the file is written.
    with house_style(font_size=WIDE.font_size), warnings.catch_warnings():
        # A name in a script that the font lacks is shown by the reader's browser, which has it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(buffer, format=file_format, dpi=dpi, metadata=metadata)
