"""An axis of training steps that shows the first few as well as the last, step 0 included."""

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, SymmetricalLogLocator

__all__ = ["dress_steps"]


def dress_steps(axes: Axes) -> Axes:
    """Steps on a logarithmic axis that is linear below 1, so that step 0 has its place."""
    axes.set_xscale("symlog", linthresh=1, linscale=0.4)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: _short(step)))
    axes.minorticks_off()
    axes.set_xlabel("optimizer steps")
    axes.grid(axis="y")
    return axes


def _short(step: float) -> str:
    if step < 1_000:
        return f"{step:.0f}"
    return f"{step / 1_000:g}K" if step < 1_000_000 else f"{step / 1_000_000:g}M"
