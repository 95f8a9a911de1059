"""What must not change the statistics does not change them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.epsilons import estimate_epsilons
from analysis.rm_anova import RmAnova, rm_anova
from analysis.sign_flip import SignFlip, flip_levels
from analysis.undefined import Undefined

TENTHS = st.integers(-500, 500).map(lambda value: value / 10)
GRIDS = st.tuples(st.integers(3, 7), st.integers(2, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=TENTHS)
)


def same(first: RmAnova | Undefined, second: RmAnova | Undefined) -> bool:
    if isinstance(first, Undefined) or isinstance(second, Undefined):
        return isinstance(first, Undefined) and isinstance(second, Undefined)
    return (
        pytest.approx(second.F, rel=1e-6, abs=1e-9) == first.F
        and first.epsilon.gg == pytest.approx(second.epsilon.gg, rel=1e-6)
        and first.p.gg == pytest.approx(second.p.gg, rel=1e-5, abs=1e-12)
    )


@settings(max_examples=40, deadline=None)
@given(grid=GRIDS, seed=st.integers(0, 99))
def test_shuffling_seeds_leaves_f_unchanged(grid, seed):
    shuffled = np.random.default_rng(seed).permutation(grid, axis=0)

    assert same(rm_anova(shuffled), rm_anova(grid))


@settings(max_examples=40, deadline=None)
@given(grid=GRIDS, seed=st.integers(0, 99))
def test_shuffling_levels_leaves_f_unchanged(grid, seed):
    shuffled = np.random.default_rng(seed).permutation(grid, axis=1)

    assert same(rm_anova(shuffled), rm_anova(grid))


@settings(max_examples=40, deadline=None)
@given(grid=GRIDS, seed=st.integers(0, 99))
def test_adding_a_constant_per_seed_leaves_f_unchanged(grid, seed):
    offsets = np.random.default_rng(seed).integers(-1000, 1000, (len(grid), 1))

    assert same(rm_anova(grid + offsets), rm_anova(grid))


@settings(max_examples=40, deadline=None)
@given(grid=GRIDS, scale=st.sampled_from([1e-6, 0.5, 3.0, 1e6]))
def test_the_unit_leaves_f_unchanged(grid, scale):
    assert same(rm_anova(scale * grid), rm_anova(grid))


@settings(max_examples=40, deadline=None)
@given(grid=GRIDS)
def test_epsilons_lie_within_their_bounds(grid):
    if isinstance(rm_anova(grid), Undefined):
        return
    epsilon = estimate_epsilons(grid)

    assert epsilon.lb <= epsilon.gg <= epsilon.gg_ceiling
    assert epsilon.gg - 1e-12 <= epsilon.hf <= 1
    assert not isinstance(epsilon.cm, Undefined)
    assert epsilon.lb <= epsilon.cm <= epsilon.hf


@settings(max_examples=40, deadline=None)
@given(grid=GRIDS, seed=st.integers(0, 99))
def test_sign_flip_p_does_not_depend_on_the_order_of_seeds(grid, seed):
    first = flip_levels(grid)
    second = flip_levels(np.random.default_rng(seed).permutation(grid, axis=0))

    if isinstance(first, SignFlip) and isinstance(second, SignFlip):
        assert first.p == second.p
    else:
        assert first == second


@settings(max_examples=40, deadline=None)
@given(grid=GRIDS)
def test_p_values_lie_between_their_floor_and_one(grid):
    sign_flip = flip_levels(grid)

    if isinstance(sign_flip, SignFlip):
        assert sign_flip.p_floor <= sign_flip.p <= 1
