"""Attention over long contexts is torch's attention, and computing it again for its gradients changes none of them."""

import pytest
import torch
from torch.nn import functional

from configs.precision import Precision
from workers.stack.long_attention import long_attention

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(params=[(4, 4), (4, 2), (6, 1)], ids=["own keys", "shared keys", "one head of keys"])
def heads(request):
    """Queries, keys and values of 2 windows of 40 tokens, in heads of 8 dimensions."""
    num_heads, num_kv_heads = request.param
    generator = torch.Generator().manual_seed(7)
    return [
        torch.randn(2, num, 40, 8, generator=generator).requires_grad_()
        for num in (num_heads, num_kv_heads, num_kv_heads)
    ]


def plain(query, key, value):
    """Scores written down, every head with a copy of the keys that it shares."""
    num_sharing = query.shape[1] // key.shape[1]
    key, value = (part.repeat_interleave(num_sharing, dim=1) for part in (key, value))
    scores = query @ key.transpose(-1, -2) / 8**0.5
    mask = torch.ones(40, 40, dtype=torch.bool).tril()
    return functional.softmax(scores.masked_fill(~mask, float("-inf")), dim=-1) @ value


@pytest.mark.parametrize(("precision", "tolerance"), [(Precision.FP32, 1e-6), (Precision.BF16, 0.02)])
def test_values_and_gradients_are_those_of_plain_attention(heads, precision, tolerance):
    weights = torch.randn(heads[0].shape, generator=torch.Generator().manual_seed(8))

    expected, actual = plain(*heads), long_attention(*heads, precision=precision)

    assert actual.dtype == torch.float32
    assert ((actual - expected).norm() / expected.norm()).item() < tolerance
    of_expected, of_actual = (torch.autograd.grad((mixed * weights).sum(), heads) for mixed in (expected, actual))
    for ours, theirs in zip(of_actual, of_expected, strict=True):
        assert ours.dtype == torch.float32
        assert ((ours - theirs).norm() / theirs.norm()).item() < tolerance


def test_the_setting_of_the_process_is_left_as_it_was(heads):
    long_attention(*heads, precision=Precision.FP32).sum().backward()

    assert not torch.are_deterministic_algorithms_enabled()
