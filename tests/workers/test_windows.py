"""Windows are cut out of the stream with their next tokens."""

import numpy as np
import pytest
import torch

from workers.windows import cut_windows


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_targets_lie_one_token_further(dtype):
    stream = np.arange(100, 120, dtype=dtype)

    inputs, targets = cut_windows(stream, starts=[0, 7], context_length=4)

    assert inputs.tolist() == [[100, 101, 102, 103], [107, 108, 109, 110]]
    assert targets.tolist() == [[101, 102, 103, 104], [108, 109, 110, 111]]
    assert inputs.dtype == targets.dtype == torch.int64


def test_last_window_ends_with_the_stream():
    stream = np.arange(10, dtype=np.uint16)

    _, targets = cut_windows(stream, starts=np.array([5]), context_length=4)

    assert targets.tolist() == [[6, 7, 8, 9]]


def test_window_past_the_end_is_an_error():
    with pytest.raises(IndexError):
        cut_windows(np.arange(10, dtype=np.uint16), starts=[6], context_length=4)


def test_large_token_ids_stay_as_they_are():
    stream = np.array([65_535, 70_000, 2**31 - 1], dtype=np.uint32)

    inputs, targets = cut_windows(stream, starts=[0], context_length=2)

    assert inputs.tolist() == [[65_535, 70_000]]
    assert targets.tolist() == [[70_000, 2**31 - 1]]


def test_stream_is_not_changed_by_changing_the_windows():
    stream = np.arange(10, dtype=np.uint16)

    inputs, _ = cut_windows(stream, starts=[0], context_length=4)
    inputs += 1

    assert stream.tolist() == list(range(10))
