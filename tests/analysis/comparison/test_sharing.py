"""What seeds of one number have in common is judged by what decides it, whatever the budget."""

import numpy as np
import pytest

from analysis.comparison.compare import compare_sides
from analysis.comparison.markdown import comparison_to_markdown
from analysis.comparison.sharing import Sharing, find_sharing
from workers.data_order import window_order

SEQUENTIAL = {"corpus": {"order": "sequential"}, "seed_controls": ["initialization"]}


@pytest.fixture
def order_shared(make_side, noisy):
    """A function from what differs on the other side to whether the data order is shared."""

    def judge(*, base=None, num_levels=8, **other):
        sides = [
            make_side("one", noisy(1), config=base, weights="x"),
            make_side("other", noisy(2, num_levels=num_levels), **({"config": base} | other)),
        ]
        return find_sharing(sides)[0].data_order

    return judge


@pytest.mark.parametrize("kind", ["sequential", "shuffled"])
def test_shorter_run_with_other_steps_reads_the_beginning_of_the_longer_one(kind):
    sizes = {"num_stream_tokens": 5000, "context_length": 64, "seed": 7}
    short = window_order(kind, **sizes, windows_per_step=4)
    long = window_order(kind, **sizes, windows_per_step=8)

    of_short, of_long = (
        np.concatenate([order.starts(step) for step in range(num_steps)])
        for order, num_steps in ((short, 50), (long, 60))
    )
    assert of_short.tolist() == of_long[:200].tolist()
    assert short.sha256(num_steps=50) != long.sha256(num_steps=60)


def test_longer_run_shares_the_order_of_the_shorter_one(order_shared):
    assert order_shared(num_levels=15) is Sharing.SHARED


def test_longer_run_is_not_warned_of_as_paired_in_name(make_side, noisy):
    sides = [make_side("one", noisy(1), weights="x"), make_side("longer", noisy(2, num_levels=15), weights="y")]

    assert compare_sides(sides)["warnings"] == []


def test_sequential_order_is_the_same_for_every_seed(order_shared):
    assert order_shared(base=SEQUENTIAL, num_levels=15) is Sharing.SHARED


def test_seed_that_controls_no_order_leaves_the_shared_one(order_shared):
    base = {"seed_controls": ["initialization"]}

    assert order_shared(base=base, num_levels=15) is Sharing.SHARED
    assert order_shared(base=base, num_levels=15, config=base | {"shared_seed": 1}) is Sharing.DIFFERENT


@pytest.mark.parametrize(
    "other",
    [
        {"config": {"seed_controls": ["initialization"]}},
        {"config": {"model": {"width": 64, "context_length": 64}}},
        {"config": SEQUENTIAL},
        {"corpus": {"fingerprint": "c1", "unique_tokens": 400}},
        {"order_hash": "another"},
    ],
    ids=["seed controls", "context length", "kind of order", "text of another length", "hash over the same budget"],
)
def test_other_order_is_called_different(order_shared, other):
    assert order_shared(**other) is Sharing.DIFFERENT


def test_order_over_another_corpus_is_not_known(make_side, noisy):
    sides = [
        make_side("one", noisy(1), config=SEQUENTIAL, weights="x"),
        make_side("other", noisy(2, num_levels=9), config=SEQUENTIAL, corpus={"fingerprint": "c1"}, weights="y"),
    ]

    assert find_sharing(sides)[0].data_order is Sharing.UNKNOWN
    assert (
        "seeds of one and other share their numbers and not their initial weights; whether they share their data order "
        "is not known, and if they do not, pairing them by seed removes little of the spread"
        in compare_sides(sides)["warnings"]
    )


def test_every_pair_of_sides_is_judged(make_side, noisy):
    sides = [
        make_side("one", noisy(1)),
        make_side("two", noisy(2)),
        make_side("three", noisy(3), weights="x", config={"seed_controls": ["initialization"]}),
    ]

    warnings = compare_sides(sides)["warnings"]
    assert [warning[:39] for warning in warnings if "neither initial" in warning] == [
        "seeds of one and three share their numb",
        "seeds of two and three share their numb",
    ]


def test_tables_tell_what_seeds_of_one_number_share(make_side, noisy):
    sides = [make_side("one", noisy(1), weights="x"), make_side("longer", noisy(2, num_levels=15))]

    assert (
        "Seeds of one number share their data order and do not share their initial weights."
        in comparison_to_markdown(compare_sides(sides))
    )
