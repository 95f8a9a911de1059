"""The order of the windows is a function of the step: published when sequential, drawn from the seed when shuffled."""

import numpy as np
import pytest

from workers.data_order import SequentialOrder, ShuffledOrder, window_order

PUBLISHED = {"num_stream_tokens": 428_628, "context_length": 128, "windows_per_step": 16}


def shuffled(*, seed: int = 101, num_stream_tokens: int = 1_000, context_length: int = 16, windows_per_step: int = 4):
    return ShuffledOrder(num_stream_tokens, context_length, windows_per_step, seed)


def windows_of(order, *, num_windows: int) -> np.ndarray:
    steps = -(-num_windows // order.windows_per_step)
    return np.concatenate([order.starts(step) for step in range(steps)])[:num_windows]


def test_sequential_order_is_the_published_cursor():
    # published-study.md section 2: start = (cursor + j*128) mod (len - 129); cursor += 256 mod (len - 129)
    order = window_order("sequential", **PUBLISHED, seed=1)
    cursor, expected = 0, []
    for _ in range(3 * 209 * 8):  # three passes of 428,499 / 2,048 = 209 steps, of 8 micro-batches of 2 windows
        expected += [(cursor + row * 128) % (428_628 - 129) for row in range(2)]
        cursor = (cursor + 256) % (428_628 - 129)

    starts = windows_of(order, num_windows=len(expected))

    assert starts.tolist() == expected


def test_sequential_borders_move_by_83_tokens_from_one_pass_to_the_next():
    # published-study.md section 2: 428,499 mod 128 = 83, so the first window of a pass begins 128 - 83 = 45 further
    starts = windows_of(window_order("sequential", **PUBLISHED, seed=1), num_windows=7_000)

    firsts = [starts[index] for index in range(1, len(starts)) if starts[index] < starts[index - 1]]
    assert firsts == [45, 90]


def test_sequential_order_resumes_where_the_cursor_would_stand():
    # published-study.md section 3: resume sets cursor = tokens mod (len - 129)
    order = window_order("sequential", **PUBLISHED, seed=1)

    assert order.starts(5_372)[0] == 11_001_856 % (428_628 - 129)


def test_sequential_order_ignores_the_seed():
    one, other = (window_order("sequential", **PUBLISHED, seed=seed) for seed in (1, 2))

    assert one.starts(7).tolist() == other.starts(7).tolist()


def test_sequential_order_that_fits_its_stream_repeats_itself():
    order = SequentialOrder(17 + 64, 16, 2)  # 64 is a multiple of 16

    assert windows_of(order, num_windows=8).tolist() == [0, 16, 32, 48, 0, 16, 32, 48]


@pytest.mark.parametrize("num_stream_tokens", [1_000, 1_001, 1_015, 34, 33])
def test_pass_of_the_shuffled_order_reads_each_window_once(num_stream_tokens):
    order = shuffled(num_stream_tokens=num_stream_tokens)
    windows_per_pass = (num_stream_tokens - 1) // 16 - 1

    starts = windows_of(order, num_windows=3 * windows_per_pass).reshape(3, windows_per_pass)

    for ordered in np.sort(starts, axis=1):
        assert np.all(np.diff(ordered) == 16)


@pytest.mark.parametrize("num_stream_tokens", [18, 19, 33, 34, 49, 50, 1_000])
def test_windows_and_their_targets_lie_inside_the_stream(num_stream_tokens):
    starts = windows_of(shuffled(num_stream_tokens=num_stream_tokens), num_windows=500)

    assert starts.min() >= 0
    assert starts.max() + 16 + 1 <= num_stream_tokens


def test_offsets_reach_all_but_the_last_few_tokens():
    # 99 targets are 5 windows of 16 with offsets 0 to 15: tokens 0 to 15 + 5 x 16 = 95; less than a window is left.
    starts = windows_of(shuffled(num_stream_tokens=100), num_windows=5 * 200)

    covered = {int(start) + place for start in starts for place in range(17)}
    assert covered == set(range(96))


def test_shuffled_starts_do_not_depend_on_the_order_of_questions():
    order = shuffled()
    forwards = [order.starts(step).tolist() for step in range(60)]

    backwards = [order.starts(step).tolist() for step in reversed(range(60))]
    fresh = [shuffled().starts(step).tolist() for step in range(60)]

    assert backwards[::-1] == forwards
    assert fresh == forwards


def test_steps_do_not_depend_on_how_windows_are_grouped():
    by_four = windows_of(shuffled(windows_per_step=4), num_windows=240)
    by_three = windows_of(shuffled(windows_per_step=3), num_windows=240)

    assert by_four.tolist() == by_three.tolist()


def test_shuffled_order_differs_by_seed():
    orders = {tuple(windows_of(shuffled(seed=seed), num_windows=60)) for seed in range(20)}

    assert len(orders) == 20


def test_shuffled_order_differs_by_pass():
    starts = windows_of(shuffled(), num_windows=10 * 61).reshape(10, 61)

    assert len({tuple(one_pass // 16) for one_pass in starts}) == 10


def test_pass_of_one_seed_is_not_another_pass_of_the_next():
    # (seed, pass) and (seed + 1, pass - 1) must not meet, as they would if both were added.
    one, other = (windows_of(shuffled(seed=seed), num_windows=2 * 61) for seed in (5, 6))

    assert one[61:].tolist() != other[:61].tolist()


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_outermost_seeds_are_taken(seed):
    assert len(set(windows_of(shuffled(seed=seed), num_windows=61).tolist())) == 61


def test_sha256_of_an_order_is_that_of_its_starts():
    # printf of the four starts 0 16 32 48 as little-endian int64, through sha256sum
    order = SequentialOrder(1_000, 16, 2)

    assert order.sha256(num_steps=2) == "6094b47ba2c2454c68a06e80be7ea54a15106bf4bece798d36cbd7099242abf1"


def test_shuffled_order_stays_what_it_was():
    # Golden: computed once with NumPy 2.4.6. Philox words and a stable sort are the same under every version.
    order = window_order("shuffled", **PUBLISHED, seed=101)

    assert order.sha256(num_steps=1_000) == "181962fd9d114f9925d35e99e77d7575098c2b4602992f66c0fea1e2a496529f"


def test_published_order_stays_what_it_was():
    # Golden: equal to the cursor of `test_sequential_order_is_the_published_cursor` over all 9,766 steps.
    order = window_order("sequential", **PUBLISHED, seed=101)

    assert order.sha256(num_steps=9_766) == "7c991fb03516fbbe3e17d31c61522094bb6cf4387d9c35b4722f6ba75a562d41"
