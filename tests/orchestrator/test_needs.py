"""What cannot fit is refused before it begins, in numbers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from configs.errors import ResourceError
from configs.experiment import ExperimentConfig
from orchestrator.launch import Finish
from orchestrator.needs import Needs, nearest_existing, needs_of, require_disk, require_memory

# Large enough that weights, and not the fixed size of small files, decide.
WIDER = {"width": 96, "mlp_width": 256, "num_layers": 2, "vocab_size": 512}


def test_too_little_disk_is_refused_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"needs about 100 TB of disk, but .* free; choose an --out"):
        require_disk(Needs(memory_per_run_bytes=0, disk_bytes=10**14), directory=tmp_path / "a" / "b")


def test_too_little_memory_is_refused_with_both_numbers() -> None:
    with pytest.raises(ResourceError, match=r"needs about 2 GB of memory, but 1 GB is available; lower"):
        require_memory(Needs(memory_per_run_bytes=2 * 10**9, disk_bytes=0), available_bytes=10**9)


def test_what_fits_exactly_is_accepted() -> None:
    require_memory(Needs(memory_per_run_bytes=10**9, disk_bytes=0), available_bytes=10**9)


def test_directory_that_does_not_exist_is_measured_where_it_would_lie(tmp_path: Path) -> None:
    assert nearest_existing(tmp_path / "a" / "b") == tmp_path


def test_disk_estimate_is_close_to_a_real_run_directory(
    tiny_config: Callable[..., ExperimentConfig], run_inline: Callable[..., Finish], tmp_path: Path
) -> None:
    config = tiny_config(model=WIDER, seeds=[1, 2, 3], schedule={"budget_tokens": 1024})

    run_inline(config, tmp_path / "out")

    real = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert needs_of(config).disk_bytes == pytest.approx(real, rel=0.15)


def test_memory_is_that_of_the_largest_condition(tiny_config: Callable[..., ExperimentConfig]) -> None:
    large = {"model.width": 256, "model.mlp_width": 512}

    both = tiny_config(conditions={"small": {}, "large": large})

    assert (
        needs_of(both).memory_per_run_bytes
        == needs_of(tiny_config(model={"width": 256, "mlp_width": 512})).memory_per_run_bytes
    )
