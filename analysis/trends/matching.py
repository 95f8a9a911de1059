"""Compare sizes where they have the same loss: crossings of a target and trajectories over loss instead of time."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analysis.undefined import Undefined

__all__ = ["Crossing", "Reached", "SharedLevels", "at_levels", "find_crossing", "shared_levels"]

LEAST_LEVELS = 5  # with three points t would have to pass 12.7 for p < .05, so that nothing would be called a trend
NEAR = 0.02  # a checkpoint within 2 % of the target loss counts as being there; our choice


class Reached(StrEnum):
    """Whether a trajectory has the target loss."""

    CROSSED = "crossed"
    CROSSED_AGAIN = "crossed more than once"
    ALREADY_BELOW = "below it at the first checkpoint"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Crossing:
    """The first time that a trajectory comes down to a target loss."""

    reached: Reached
    before: int | None
    """Index of the checkpoint before the crossing; None where there is none."""
    after: int | None
    weight: float | None
    """Share of the way from `before` to `after`, in ln(tokens): (loss_before - target) / (loss_before - loss_after)."""
    tokens: float | None
    """Tokens at the crossing."""
    gap: float
    """Distance of the nearest checkpoint's loss from the target, over the target."""

    @property
    def has_near_checkpoint(self) -> bool:
        """Whether a checkpoint lies within 2 % of the target loss."""
        return self.gap <= NEAR


@dataclass(frozen=True, slots=True)
class SharedLevels:
    """Losses at which several trajectories can be compared."""

    losses: NDArray[np.float64]
    """Falling, evenly spaced, shape (num_levels,)."""
    largest_gap: float
    """Largest distance, over all trajectories and levels, of a level from the nearest checkpoint, over the level."""


def find_crossing(losses: NDArray[np.floating], *, tokens: NDArray[np.int64], target: float) -> Crossing:
    """First crossing of `target`, by linear interpolation of the loss in ln(tokens) between bracketing checkpoints.

    Args:
        losses: Mean loss in nats, shape (num_checkpoints,), of checkpoints after the initial state.
        tokens: Training tokens at each, rising, above zero.
        target: Loss in nats, above zero.
    """
    gap = float(np.abs(losses - target).min() / target)
    is_below = losses <= target
    if is_below[0]:
        return Crossing(Reached.ALREADY_BELOW, None, 0, None, None, gap)
    if not is_below.any():
        return Crossing(Reached.NOT_REACHED, len(losses) - 1, None, None, None, gap)
    after = int(is_below.argmax())
    before = after - 1
    weight = float((losses[before] - target) / (losses[before] - losses[after]))
    num_crossings = int(np.count_nonzero(is_below[1:] & ~is_below[:-1]))
    return Crossing(
        reached=Reached.CROSSED if num_crossings == 1 else Reached.CROSSED_AGAIN,
        before=before,
        after=after,
        weight=weight,
        tokens=float(np.exp(np.log(tokens[before]) * (1 - weight) + np.log(tokens[after]) * weight)),
        gap=gap,
    )


def shared_levels(trajectories: list[NDArray[np.floating]], *, start_loss: float) -> SharedLevels | Undefined:
    """Evenly spaced losses that every trajectory passes, no more of them than the shortest has checkpoints there.

    More levels than checkpoints would only repeat interpolated values and make every slope look certain.

    Args:
        trajectories: Mean loss in nats of each run, each of shape (its num_checkpoints,), initial state left out.
        start_loss: Levels begin at or below this loss.
    """
    top = min([start_loss, *(float(losses[0]) for losses in trajectories)])
    bottom = max(float(losses.min()) for losses in trajectories)
    if bottom >= top:
        return Undefined(f"no loss is passed by all runs: one never falls below {bottom:.3f}, one starts at {top:.3f}")
    num_levels = min(int(np.count_nonzero((losses <= top) & (losses >= bottom))) for losses in trajectories)
    if num_levels < LEAST_LEVELS:
        return Undefined(
            f"a run has {num_levels} of its checkpoints between the losses {top:.3f} and {bottom:.3f} that all runs "
            f"pass; a comparison needs {LEAST_LEVELS}"
        )
    levels = np.linspace(top, bottom, num_levels)
    gaps = [np.abs(losses[:, None] - levels).min(axis=0) / levels for losses in trajectories]
    return SharedLevels(losses=levels, largest_gap=float(np.max(gaps)))


def at_levels(
    values: NDArray[np.floating],
    *,
    losses: NDArray[np.floating],
    tokens: NDArray[np.int64],
    levels: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Every token's loss where the mean loss first reaches each level, shape (num_tokens, num_levels).

    Args:
        values: Nats per token, shape (num_tokens, num_checkpoints).
        losses: Mean loss of the same checkpoints.
        tokens: Training tokens at each.
        levels: As `shared_levels` gives them; each is reached.
    """
    columns = [_at_level(values, crossing=find_crossing(losses, tokens=tokens, target=level)) for level in levels]
    return np.stack(columns, axis=1)


def _at_level(values: NDArray[np.floating], *, crossing: Crossing) -> NDArray[np.float64]:
    if crossing.reached is Reached.ALREADY_BELOW:
        return np.asarray(values[:, 0], dtype=np.float64)
    assert crossing.before is not None
    assert crossing.after is not None
    assert crossing.weight is not None
    return np.asarray(
        values[:, crossing.before] * (1 - crossing.weight) + values[:, crossing.after] * crossing.weight,
        dtype=np.float64,
    )
