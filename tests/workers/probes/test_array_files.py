"""An array file is used again only if it holds exactly what is asked for."""

import numpy as np
import pytest

from configs.errors import RunDirectoryError
from workers.probes.array_files import fingerprint_of, is_current, read_arrays, write_arrays


@pytest.fixture
def path(tmp_path):
    """A file with one array and the fingerprint `a`, in a directory that was not there."""
    file = tmp_path / "base" / "interval-01.scores.npz"
    write_arrays(file, fingerprint="a", arrays={"loss_nats": np.array([[1.0, 2.5]], dtype=np.float32)})
    return file


def test_arrays_come_back_as_they_were(path) -> None:
    arrays = read_arrays(path)

    assert list(arrays) == ["loss_nats"]
    assert arrays["loss_nats"].dtype == np.float32
    assert arrays["loss_nats"].tolist() == [[1.0, 2.5]]


def test_file_with_another_fingerprint_is_not_current(path) -> None:
    assert is_current(path, fingerprint="a")
    assert not is_current(path, fingerprint="b")


@pytest.mark.parametrize("damage", [lambda content: content[:-30], lambda content: b"", lambda content: b"PK nothing"])
def test_damaged_file_is_not_current_and_is_not_read(path, damage) -> None:
    path.write_bytes(damage(path.read_bytes()))

    assert not is_current(path, fingerprint="a")
    with pytest.raises(RunDirectoryError, match="remove it and probe again"):
        read_arrays(path)


def test_missing_file_is_not_current(tmp_path) -> None:
    assert not is_current(tmp_path / "nothing.npz", fingerprint="a")


def test_fingerprint_depends_on_every_fact_but_not_on_their_order() -> None:
    facts = {"weights": [[1, "x"]], "tokens": "t"}

    assert fingerprint_of(facts) == fingerprint_of(dict(reversed(facts.items())))
    assert fingerprint_of(facts) != fingerprint_of(facts | {"weights": [[2, "x"]]})
