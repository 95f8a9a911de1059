"""A directory holds exactly the files that its list of checksums promises, or it is refused."""

import shutil
import subprocess

import pytest

from configs.errors import CheckpointError
from workers.checksums import file_sha256, verify_checksums, write_checksums

NAMES = frozenset({"a", "b"})


@pytest.fixture
def directory(tmp_path):
    """A directory of two files, and their checksums."""
    for name in NAMES:
        (tmp_path / name).write_text(name)
    write_checksums(tmp_path)
    return tmp_path


def test_hash_of_a_file_is_its_sha256(tmp_path):
    # printf abc | sha256sum
    (tmp_path / "file").write_bytes(b"abc")

    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(tmp_path / "file") == expected


def test_untouched_directory_holds_what_it_promises(tmp_path):
    names = ("a", "b", "with space")
    for name in reversed(names):
        (tmp_path / name).write_text(name)
    write_checksums(tmp_path)

    verify_checksums(tmp_path, names=frozenset(names))

    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert tuple(line.split("  ")[1] for line in lines) == names


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="the command sha256sum is not installed")
def test_list_is_read_by_sha256sum(directory):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=directory, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["a: OK", "b: OK"]


def test_differing_file_is_named(directory):
    (directory / "a").write_text("c")

    with pytest.raises(CheckpointError, match=r"/a does not hold what its checksum promises"):
        verify_checksums(directory, names=NAMES)


def test_missing_file_is_named(directory):
    (directory / "b").unlink()

    with pytest.raises(CheckpointError, match=r"is incomplete: .*/b'"):
        verify_checksums(directory, names=NAMES)


def test_directory_in_place_of_a_file_is_refused(directory):
    (directory / "b").unlink()
    (directory / "b").mkdir()

    with pytest.raises(CheckpointError, match="is incomplete"):
        verify_checksums(directory, names=NAMES)


def test_shortened_list_is_refused_with_the_files_that_it_lacks(directory):
    sums = directory / "SHA256SUMS"
    sums.write_text(sums.read_text().splitlines(keepends=True)[0])

    with pytest.raises(CheckpointError, match=r"SHA256SUMS lists a and not a, b$"):
        verify_checksums(directory, names=NAMES)


@pytest.mark.parametrize("content", ["", "\n"])
def test_list_without_files_is_refused(directory, content):
    (directory / "SHA256SUMS").write_text(content)

    with pytest.raises(CheckpointError, match=r"SHA256SUMS lists nothing and not a, b"):
        verify_checksums(directory, names=NAMES)


def test_list_cut_within_its_last_line_is_refused(directory):
    sums = directory / "SHA256SUMS"
    sums.write_text(sums.read_text()[:-3])

    with pytest.raises(CheckpointError, match="and not a, b"):
        verify_checksums(directory, names=NAMES)


def test_list_of_more_files_than_expected_is_refused(directory):
    with pytest.raises(CheckpointError, match="SHA256SUMS"):
        verify_checksums(directory, names=frozenset({"a"}))


def test_list_that_is_no_text_is_refused(directory):
    (directory / "SHA256SUMS").write_bytes(b"\xff\xfe")

    with pytest.raises(CheckpointError, match="is incomplete"):
        verify_checksums(directory, names=NAMES)


def test_missing_list_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"is incomplete"):
        verify_checksums(tmp_path, names=NAMES)


def test_file_that_may_be_absent_is_checked_where_it_is_there(directory):
    verify_checksums(directory, names=frozenset({"a"}), optional=frozenset({"b", "c"}))
    (directory / "b").write_text("c")

    with pytest.raises(CheckpointError, match=r"/b does not hold what its checksum promises"):
        verify_checksums(directory, names=frozenset({"a"}), optional=frozenset({"b"}))


def test_file_that_may_be_absent_is_missed_where_it_is_listed(directory):
    (directory / "b").unlink()

    with pytest.raises(CheckpointError, match="is incomplete"):
        verify_checksums(directory, names=frozenset({"a"}), optional=frozenset({"b"}))


def test_file_that_may_be_absent_is_refused_where_it_is_not_listed(directory):
    (directory / "c").write_text("c")

    with pytest.raises(CheckpointError, match=r"SHA256SUMS lists a, b and not a, b, c$"):
        verify_checksums(directory, names=NAMES, optional=frozenset({"c"}))
