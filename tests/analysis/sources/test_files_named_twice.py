"""A file that is named twice is read once, and the audit says so."""

import os

import pytest

from configs.errors import TableError

CSV = "seed,step,loss\n1,0,2.0\n1,1,1.0\n2,0,2.5\n2,1,1.5\n"
TOLD = "is named twice: it is read once"


def test_file_is_named_twice(write, load):
    path = write("own.csv", CSV)
    loaded = load(path, path)

    assert len(loaded.frame) == 4
    assert loaded.audit.notes == (f"the file {path} {TOLD}",)


def test_file_is_named_by_another_path(write, load, monkeypatch):
    path = write("own.csv", CSV)
    monkeypatch.chdir(path.parent)
    loaded = load(path, type(path)("own.csv"))

    assert (len(loaded.frame), len(loaded.audit.files)) == (4, 1)
    assert loaded.audit.notes == (f"the file {path}, which is own.csv, {TOLD}",)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_file_is_named_by_a_link(write, load, link):
    path = write("own.csv", CSV)
    other = path.with_name("other.csv")
    link(path, other)
    loaded = load(path, other)

    assert len(loaded.frame) == 4
    assert loaded.audit.notes == (f"the file {path}, which is {other}, {TOLD}",)


def test_folder_and_a_file_in_it(write, load):
    path = write("logs/seed-1.csv", "step,loss\n0,2.0\n1,1.0\n")
    write("logs/seed-2.csv", "step,loss\n0,2.0\n1,1.0\n")
    loaded = load(path.parent, path, path)

    assert len(loaded.audit.files) == 2
    assert loaded.audit.notes == (
        f"2 names stand for files that were named before, such as {path} for {path}: each is read once",
    )


def test_files_of_one_content_are_two_files(write, load):
    write("logs/seed-1.csv", "step,loss\n0,2.0\n1,1.0\n")
    loaded = load(write("logs/seed-2.csv", "step,loss\n0,2.0\n1,1.0\n").parent)

    assert len(loaded.audit.files) == 2
    assert loaded.audit.notes == ()


def test_file_that_is_not_there_is_named_once(load, tmp_path):
    with pytest.raises(TableError, match=r"gone\.csv cannot be read: No such file"):
        load(tmp_path / "gone.csv", tmp_path / "gone.csv")
