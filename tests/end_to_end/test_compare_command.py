"""`seedscope compare` as a user meets it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_two_directories_are_compared_and_the_files_named(
    finished: Any, seedscope_inside: Callable[..., Any], tmp_path: Path
) -> None:
    shutil.copytree(finished.root, tmp_path / "again")

    answer = seedscope_inside(tmp_path, "compare", finished.root, "again", "--out", "both")

    assert (answer.exit_code, answer.complaint) == (0, "")
    assert "again minus out, paired by 2 seeds: " in answer.output
    assert answer.output.splitlines()[-2:] == ["Comparison: both/compare.json", "Tables: both/compare.md"]
    assert sorted(path.name for path in (tmp_path / "both").iterdir()) == ["compare.json", "compare.md"]


def test_nothing_to_compare_is_one_sentence(
    finished: Any, seedscope_inside: Callable[..., Any], tmp_path: Path
) -> None:
    for arguments, said in (
        ((finished.root,), "has nothing to be compared with"),
        ((finished.root, "gone"), "gone cannot be compared: it cannot be read"),
        ((finished.root, tmp_path), "is not a run directory"),
        ((finished.root, finished.root), "is named twice"),
    ):
        answer = seedscope_inside(tmp_path, "compare", *arguments)
        assert (answer.exit_code, answer.output) == (2, ""), answer
        assert len(answer.complaint.splitlines()) == 1
        assert said in answer.complaint
    assert list(tmp_path.iterdir()) == []
