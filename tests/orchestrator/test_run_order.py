"""Runs begin in the order of the config, or in a random one that is balanced, recorded and repeatable."""

import random
from itertools import permutations

import pytest

from configs.blocked_orders import blocked_orders
from configs.load import load_experiment
from orchestrator.run_order import runs_in_order

CONDITIONS = ("500K", "1M", "2M")


def token_scale(*overrides):
    return load_experiment("token-scale", overrides=overrides)


def test_listed_order_goes_condition_by_condition():
    runs = runs_in_order(token_scale("placement.run_order=listed", "seeds=[1,2]"))

    assert [(run.condition, run.seed) for run in runs] == [
        (condition, seed) for condition in CONDITIONS for seed in (1, 2)
    ]


def test_random_order_holds_every_run_once_and_goes_seed_by_seed():
    config = token_scale()
    runs = runs_in_order(config)
    blocks = [runs[start : start + 3] for start in range(0, len(runs), 3)]

    assert sorted(runs) == sorted({*runs})
    assert len(runs) == 21
    assert all(len({run.seed for run in block}) == 1 for block in blocks)
    assert all({run.condition for run in block} == set(CONDITIONS) for block in blocks)


def test_random_order_follows_its_seed_alone():
    orders = {runs_in_order(token_scale(f"placement.run_order_seed={seed}")) for seed in (0, 1, 2)}

    assert runs_in_order(token_scale()) in orders
    assert len(orders) == 3


@pytest.mark.parametrize("seed", range(5))
def test_every_order_comes_once_before_any_comes_twice(seed):
    orders = list(blocked_orders(CONDITIONS, num_blocks=12, rng=random.Random(seed)))

    assert sorted(orders[:6]) == sorted(orders[6:]) == sorted(permutations(CONDITIONS))


def test_many_levels_are_drawn_block_by_block():
    (order,) = blocked_orders(range(40), num_blocks=1, rng=random.Random(0))

    assert sorted(order) == list(range(40))
    assert order != tuple(range(40))


def test_budgets_share_their_weights_and_the_beginning_of_their_data(tmp_path):
    config = token_scale()
    small, large = (config.for_condition(name) for name in ("500K", "2M"))

    assert small.model == large.model
    assert (small.corpus, small.seed_controls) == (large.corpus, large.seed_controls)
    assert small.optimization.decay_tokens == small.schedule.budget_tokens
    assert large.optimization.decay_tokens == large.schedule.budget_tokens
    assert config.placement.max_concurrent_runs == 1


def test_run_order_and_energy_change_no_fingerprint():
    changed = token_scale("placement.run_order=listed", "placement.run_order_seed=5", "energy.source=none")

    assert changed.fingerprint == token_scale().fingerprint
