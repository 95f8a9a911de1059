"""The command answers at once, and loads nothing heavy to do so."""

import statistics
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from configs.load import load_experiment

LOADED = """
import atexit, sys
sys.argv[0] = "seedscope"
heavy = {"torch", "ray", "pandas", "numpy", "scipy"}
loaded = lambda: sorted({name.partition(".")[0] for name in sys.modules} & heavy)
atexit.register(lambda: print("LOADED", *loaded(), file=sys.stderr))
from orchestrator.cli import main
main()
"""


def test_help_comes_within_half_a_second(seedscope: Callable[..., Any], tmp_path: Path) -> None:
    seconds = []
    for _ in range(5):
        began_s = time.perf_counter()
        seedscope(tmp_path, "--help")
        seconds.append(time.perf_counter() - began_s)

    assert statistics.median(seconds) < 0.5


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("run", "--help"), ("repair", "--help"), ("presets",), ("presets", "quickstart")],
    ids=" ".join,
)
def test_nothing_heavy_is_loaded(
    arguments: tuple[str, ...], seedscope: Callable[..., Any], bin_dir: Path, tmp_path: Path
) -> None:
    answer = seedscope(tmp_path, *arguments, prefix=(str(bin_dir / "python"), "-c", LOADED))

    assert (answer.exit_code, answer.complaint.split()) == (0, ["LOADED"])


def test_help_names_every_command(seedscope: Callable[..., Any], tmp_path: Path) -> None:
    output = seedscope(tmp_path, "--help").output

    assert all(name in output for name in ("run", "plan", "resume", "repair", "watch", "analyze", "presets", "doctor"))


def test_version_is_the_installed_one(seedscope_inside: Callable[..., Any], tmp_path: Path) -> None:
    answer = seedscope_inside(tmp_path, "--version")

    assert (answer.exit_code, answer.output) == (0, f"seedscope {metadata.version('seedscope')}\n")


def test_presets_are_listed_with_what_they_are_for(seedscope: Callable[..., Any], tmp_path: Path) -> None:
    answer = seedscope(tmp_path, "presets")

    lines = answer.output.splitlines()
    lines = [line for line in lines if not line.startswith(" ")]
    names = [line.split()[0] for line in lines]
    presets = ["ladder", "published-study", "published-study-unrepeated", "quickstart", "token-scale"]
    presets.append("token-scale-tinyllama")
    assert (answer.exit_code, names) == (0, presets)
    assert all(len(line.split()) > 3 for line in lines)


def test_printed_preset_is_a_config_to_begin_with(seedscope: Callable[..., Any], tmp_path: Path) -> None:
    answer = seedscope(tmp_path, "presets", "quickstart")
    (tmp_path / "mine.yaml").write_text(answer.output)

    assert answer.exit_code == 0, answer.complaint
    assert load_experiment(str(tmp_path / "mine.yaml")) == load_experiment("quickstart")


def test_misspelt_preset_is_not_printed(seedscope: Callable[..., Any], tmp_path: Path) -> None:
    answer = seedscope(tmp_path, "presets", "quikstart")

    assert (answer.exit_code, answer.output) == (2, "")
    assert "did you mean quickstart?" in answer.complaint


def test_plan_tells_every_topic_and_makes_nothing(
    seedscope: Callable[..., Any], small: tuple[str, ...], tmp_path: Path
) -> None:
    more = ("--set", "placement.max_concurrent_runs=1", "--set", "optimization.decay_tokens=4096")
    answer = seedscope(tmp_path, "plan", "quickstart", *small, *more)

    topics = {line[:15].strip() for line in answer.output.splitlines() if not line.startswith(" ")}
    assert answer.exit_code == 0, answer.complaint
    assert topics >= {
        "experiment",
        "a seed changes",
        "parameters",
        "per run",
        "passes",
        "FLOPs",
        "speed",
        "table",
        "unique tokens",
        "slots",
        "wall time",
        "memory",
        "disk",
    }
    assert "24 steps, 1,536 tokens, 7 intervals" in answer.output
    assert "14 rows" in answer.output
    assert "warning: The run ends after 1,536 tokens, before the decay: " in answer.output
    assert list(tmp_path.iterdir()) == []
