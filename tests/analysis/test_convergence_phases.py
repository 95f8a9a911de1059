"""Phases are detected where they are, and not reported where they are not."""

import itertools

import numpy as np
import pytest

from analysis.probes.monotone_fit import Direction, fit_monotone_runs
from analysis.probes.phases import ConvergenceCurve, Phase, detect_phases, phase_ranges

UP, DOWN = Direction.UP, Direction.DOWN


def _curve(values, *, to_uniform=None, spread=0.0) -> ConvergenceCurve:
    """A curve over six seeds, whose leave-one-out curves tilt by `spread` at the end."""
    values = np.asarray(values, dtype=float)
    tilt = np.linspace(-1, 1, 6)[:, None] * spread * np.linspace(0, 1, len(values))
    return ConvergenceCurve(
        convergence_nats=values,
        without_seed_nats=values + tilt,
        kl_to_uniform_nats=np.asarray([5.0] * len(values) if to_uniform is None else to_uniform),
        log_num_types=8.3,
    )


def _found(curve: ConvergenceCurve) -> list[tuple[str, int, int]]:
    return [(phase.name, phase.start, phase.end) for phase in detect_phases(curve)]


def test_four_phases_are_found_where_they_turn() -> None:
    values = [-0.1, -0.1, -0.1, -0.06, -0.02, -0.01, -0.2, -0.4, -0.5, -0.45, -0.42, -0.40]
    to_uniform = [0.0, 0.1, 0.5, 1.5] + [2.0] * 8

    assert _found(_curve(values, to_uniform=to_uniform)) == [
        ("uniform", 0, 2),
        ("sharp convergence", 2, 5),
        ("sharp divergence", 5, 8),
        ("slow reconvergence", 8, 11),
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([-0.5, -0.4, -0.3, -0.2], [("sharp convergence", 0, 3)]),
        ([-0.1, -0.2, -0.3, -0.4], [("sharp divergence", 0, 3)]),
        ([-0.1, -0.4, -0.3, -0.2], [("sharp divergence", 0, 1), ("slow reconvergence", 1, 3)]),
        ([-0.4, -0.1, -0.3, -0.5], [("sharp convergence", 0, 1), ("sharp divergence", 1, 3)]),
        ([-0.3, -0.3, -0.3, -0.3], []),
        ([-0.3, -0.301, -0.299, -0.3], []),
        # The last rise is within the margin of .005 nats.
        ([-0.1, -0.2, -0.3, -0.298], [("sharp divergence", 0, 3)]),
    ],
)
def test_phase_that_is_not_there_is_not_reported(values, expected) -> None:
    assert _found(_curve(values)) == expected


def test_change_within_two_standard_errors_of_the_seeds_is_no_phase() -> None:
    values = [-0.1, -0.2, -0.3, -0.27]

    assert [phase.name for phase in detect_phases(_curve(values))] == ["sharp divergence", "slow reconvergence"]
    assert [phase.name for phase in detect_phases(_curve(values, spread=0.04))] == ["sharp divergence"]


def test_flat_start_far_from_uniform_is_no_uniform_phase() -> None:
    values = [-0.1, -0.1, -0.3, -0.5]

    assert _found(_curve(values, to_uniform=[0.1, 0.2, 2, 3]))[0] == ("uniform", 0, 1)
    assert _found(_curve(values, to_uniform=[2, 2, 2, 3]))[0][0] == "sharp divergence"


def test_borders_are_those_of_least_squared_error_among_all() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        values = rng.standard_normal(9)
        errors = {
            (0, first, second, 8): _isotonic_error(values[: first + 1])
            + _isotonic_error(-values[first : second + 1])
            + _isotonic_error(values[second:])
            for first, second in itertools.combinations(range(1, 8), 2)
        }

        fit = fit_monotone_runs(values, directions=[UP, DOWN, UP])

        assert fit.squared_error == pytest.approx(min(errors.values()), abs=1e-12)
        assert errors[fit.borders] == pytest.approx(min(errors.values()), abs=1e-12)


def _isotonic_error(values: np.ndarray) -> float:
    """By scipy, which shares no code with ours."""
    from scipy.optimize import isotonic_regression

    return float(((values - isotonic_regression(values).x) ** 2).sum())


def test_border_is_never_surer_than_the_gap_between_checkpoints() -> None:
    phase = Phase("sharp divergence", 2, 5, -0.3, 0.01)
    moved = Phase("sharp divergence", 3, 5, -0.3, 0.01)

    (one,) = phase_ranges([phase], repeats=[(phase,), (moved,), ()], num_intervals=7)

    assert (one.num_found, one.num_repeats) == (2, 3)
    assert (one.start, one.end) == ((1, 4), (4, 6))
