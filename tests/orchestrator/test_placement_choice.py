"""Whether an experiment uses compiled kernels is decided once, and said."""

import pytest

from configs.errors import ResourceError
from orchestrator.placement_choice import decide_placement


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


def test_an_open_choice_compiles_where_that_is_possible(tiny_experiment, tmp_path):
    choice = decide_placement(tiny_experiment(), cache_dir=tmp_path)

    assert choice.config.placement.kernels == "compiled"
    assert choice.notice is None
    assert choice.config == tiny_experiment("placement.kernels=compiled", "placement.stack_runs=1")


@pytest.mark.usefixtures("no_compiler")
def test_an_open_choice_falls_back_to_torch_and_says_why(tiny_experiment, tmp_path):
    choice = decide_placement(tiny_experiment(), cache_dir=tmp_path)

    assert choice.config.placement.kernels == "torch"
    assert "no C compiler was found" in choice.notice


@pytest.mark.usefixtures("no_compiler")
def test_whoever_insists_is_refused_with_the_remedy(tiny_experiment, tmp_path):
    with pytest.raises(ResourceError, match=r"placement.kernels=compiled: no C compiler .* placement.kernels=torch"):
        decide_placement(tiny_experiment("placement.kernels=compiled"), cache_dir=tmp_path)


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(tiny_experiment, tmp_path):
    (tmp_path / "file").write_text("not a directory")

    choice = decide_placement(tiny_experiment(), cache_dir=tmp_path / "file")

    assert choice.config.placement.kernels == "torch"
    assert choice.notice


def test_both_choices_have_fingerprints_of_their_own(tiny_experiment):
    config = tiny_experiment()

    assert config.with_placement(kernels="torch").fingerprint != config.with_placement(kernels="compiled").fingerprint
