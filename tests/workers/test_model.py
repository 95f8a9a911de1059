"""The model is a causal Llama whose weights depend on its config and its seed alone."""

import pytest
import torch

from configs.model import ModelConfig
from workers.model import build_model, rotary_tables
from workers.passes import rotate

pytestmark = pytest.mark.usefixtures("one_thread")

PUBLISHED = {"vocab_size": 4096, "width": 256, "num_layers": 4, "num_heads": 4, "mlp_width": 704, "context_length": 128}
SMALL = {"vocab_size": 300, "width": 24, "num_layers": 2, "num_heads": 2, "mlp_width": 40, "context_length": 16}


@pytest.fixture
def small():
    return ModelConfig.model_validate(SMALL)


@pytest.mark.parametrize(
    ("shape", "num_parameters"),
    [
        (PUBLISHED, 4_262_144),  # published-study.md section 1
        # by hand: V D + L (4 D D + 3 D M + 2 D) + D
        (SMALL, 300 * 24 + 2 * (4 * 24**2 + 3 * 24 * 40 + 2 * 24) + 24),
        (SMALL | {"num_layers": 1, "num_heads": 1, "width": 2, "mlp_width": 1}, 600 + 16 + 6 + 4 + 2),
    ],
)
def test_model_has_the_number_of_parameters_that_its_config_tells(shape, num_parameters):
    config = ModelConfig.model_validate(shape)

    model = build_model(config, seed=1)

    assert config.num_parameters == num_parameters
    assert sum(parameter.numel() for parameter in model.parameters()) == num_parameters


def test_head_is_the_embedding(small):
    model = build_model(small, seed=1)

    assert model.head.weight is model.embedding.weight


def test_same_seed_gives_the_same_bits(small):
    one, other = build_model(small, seed=5), build_model(small, seed=5)

    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_initial_weights_do_not_depend_on_what_was_drawn_before(small):
    torch.manual_seed(1)
    one = build_model(small, seed=5)
    torch.rand(100)
    other = build_model(small, seed=5)

    assert torch.equal(one.embedding.weight, other.embedding.weight)


def test_different_seeds_differ_in_every_matrix(small):
    one, other = build_model(small, seed=5), build_model(small, seed=6)

    for (name, a), b in zip(one.named_parameters(), other.parameters(), strict=True):
        assert name.endswith("gain") or not torch.any(a == b)


def test_global_random_state_is_left_as_it_was(small):
    before = torch.random.get_rng_state()

    build_model(small, seed=5)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_initial_matrices_have_the_standard_deviation_asked_for():
    config = ModelConfig.model_validate(PUBLISHED | {"initial_sd": 0.05})

    model = build_model(config, seed=1)

    # The smallest matrix has 65,536 entries: the standard error of its SD is 0.05 / sqrt(2 x 65,536) = 1.4e-4.
    for name, parameter in model.named_parameters():
        if not name.endswith("gain"):
            assert parameter.std().item() == pytest.approx(0.05, abs=8e-4), name
            assert parameter.mean().item() == pytest.approx(0.0, abs=1.2e-3), name


def test_initial_gains_are_one(small):
    gains = [p for name, p in build_model(small, seed=1).named_parameters() if name.endswith("gain")]

    assert len(gains) == 5  # two a layer, one before the head
    assert all(torch.equal(gain, torch.ones(24)) for gain in gains)


def test_changing_a_token_changes_no_earlier_logits(small):
    model = build_model(small, seed=1)
    tokens = torch.arange(16)[None] * 7 % 300
    changed = tokens.clone()
    changed[0, 9] = 299

    with torch.no_grad():
        difference = (model(tokens) - model(changed)).abs().amax(-1)[0]

    assert torch.equal(difference[:9], torch.zeros(9))
    assert torch.all(difference[9:] > 0)


def test_windows_of_a_batch_do_not_see_each_other(small):
    model = build_model(small, seed=1)
    tokens = torch.arange(48).reshape(3, 16)

    with torch.no_grad():
        together, alone = model(tokens), torch.cat([model(window[None]) for window in tokens])

    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


def test_shorter_window_gives_the_first_logits(small):
    model = build_model(small, seed=1)
    tokens = torch.arange(16)[None]

    with torch.no_grad():
        torch.testing.assert_close(model(tokens[:, :5]), model(tokens)[:, :5], rtol=1e-5, atol=1e-6)


def test_rotation_keeps_the_norm_of_every_pair(small):
    vectors = torch.randn(2, 3, 16, 12, generator=torch.Generator().manual_seed(0))

    rotated = rotate(vectors, rotary_tables(small))

    pairs, rotated_pairs = (x.unflatten(-1, (-1, 2)).norm(dim=-1) for x in (vectors, rotated))
    torch.testing.assert_close(rotated_pairs, pairs, rtol=1e-5, atol=1e-6)


def test_first_position_is_not_rotated(small):
    vectors = torch.randn(1, 1, 16, 12, generator=torch.Generator().manual_seed(0))

    assert torch.equal(rotate(vectors, rotary_tables(small))[:, :, 0], vectors[:, :, 0])


def test_neighbouring_dimensions_turn_by_position_over_base_to_the_power(small):
    # Rotary positions (Su et al. 2021) with base 10,000: pair i of 6 turns by t x 10,000^(-2i / 12).
    cosines, sines = rotary_tables(small)

    for pair, position in [(0, 3), (2, 15), (5, 7)]:
        angle = torch.tensor(position * 10_000.0 ** (-2 * pair / 12))
        assert cosines[position, 2 * pair].item() == pytest.approx(angle.cos().item(), abs=1e-6)
        assert sines[position, 2 * pair + 1].item() == pytest.approx(angle.sin().item(), abs=1e-6)


def test_score_depends_on_the_distance_alone(small):
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(12, generator=generator), torch.randn(12, generator=generator)
    tables = rotary_tables(small)
    queries, keys = (rotate(vector.expand(1, 1, 16, 12), tables)[0, 0] for vector in (query, key))

    scores = queries @ keys.T

    for distance in range(-15, 16):
        along = torch.diagonal(scores, distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), rtol=1e-4, atol=1e-5)
