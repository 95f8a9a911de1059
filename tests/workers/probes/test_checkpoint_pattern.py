"""Checkpoints from elsewhere are found by a pattern."""

import pytest

from configs.errors import ConfigurationError
from workers.probes.checkpoint_pattern import find_checkpoints


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Two conditions, two seeds and steps 0, 2 and 10, and directories that only look alike."""
    for size in ("big", "small"):
        for seed in (1, 20):
            for step in (0, 2, 10):
                (tmp_path / size / f"seed{seed}" / f"step{step}").mkdir(parents=True)
    (tmp_path / "big" / "seed1" / "step10-old").mkdir()
    (tmp_path / "big" / "seedX" / "step1").mkdir(parents=True)
    (tmp_path / "big" / "seed1" / "step3").write_text("a file")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_directories_come_by_condition_then_step_as_a_number_then_seed(root) -> None:
    found = find_checkpoints("{condition}/seed{seed}/step{step}")

    assert [(one.condition, one.step, one.seed) for one in found] == [
        (size, step, seed) for size in ("big", "small") for step in (0, 2, 10) for seed in (1, 20)
    ]
    assert found[0].directory == root / "big" / "seed1" / "step0"


def test_without_a_condition_it_is_called_base(root) -> None:
    assert {one.condition for one in find_checkpoints(f"{root}/big/seed{{seed}}/step{{step}}")} == {"base"}


def test_field_that_stands_twice_is_the_same_in_both_places(tmp_path) -> None:
    for outer, inner in ((1, 1), (1, 2), (2, 2)):
        (tmp_path / f"run-{outer}" / f"seed{inner}-step5").mkdir(parents=True)

    found = find_checkpoints(f"{tmp_path}/run-{{seed}}/seed{{seed}}-step{{step}}")

    assert [one.seed for one in found] == [1, 2]


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("big/seed{seed}", r"lacks \{step\}"),
        ("big/step{step}", r"lacks \{seed\}"),
        ("big/{sead}/seed{seed}/step{step}", r"holds \{sead\}; the fields are"),
        ("huge/seed{seed}/step{step}", "matches no directory"),
    ],
)
def test_wrong_pattern_is_one_clear_sentence(root, pattern: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        find_checkpoints(pattern)


def test_two_directories_of_the_same_seed_and_step_are_refused(tmp_path) -> None:
    for name in ("seed1-step05", "seed01-step5"):
        (tmp_path / name).mkdir()

    with pytest.raises(ConfigurationError, match="are both seed 1 at step 5; keep one of them"):
        find_checkpoints(f"{tmp_path}/seed{{seed}}-step{{step}}")
