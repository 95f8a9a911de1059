"""One process at a time holds the lease, and the kernel takes it from the dead."""

import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from configs.errors import RunDirectoryError
from orchestrator.lease import hold_lease, holder_of

HOLD = """
import sys, time
from pathlib import Path
from orchestrator.lease import hold_lease
with hold_lease(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def lease(tmp_path: Path) -> Path:
    return tmp_path / "lease.json"


@pytest.fixture
def start_holder(lease: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """A function that starts another process which holds the lease."""
    holders = []

    def start() -> subprocess.Popen[str]:
        holder = subprocess.Popen([sys.executable, "-c", HOLD, str(lease)], stdout=subprocess.PIPE, text=True)
        holders.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        return holder

    yield start
    for holder in holders:
        holder.kill()
        holder.communicate()


def test_second_holder_is_refused_and_told_who_holds(
    lease: Path, start_holder: Callable[[], subprocess.Popen[str]]
) -> None:
    holder = start_holder()

    with pytest.raises(RunDirectoryError) as refusal, hold_lease(lease):
        pass

    since = datetime.fromisoformat(json.loads(lease.read_text())["since"])
    assert f"process {holder.pid} on {platform.node()} since {since.isoformat()}" in str(refusal.value)
    assert timedelta(0) <= datetime.now(UTC) - since < timedelta(minutes=1)


def test_holder_tells_since_when(lease: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)  # it is written in whole seconds

    with hold_lease(lease):
        holder = holder_of(lease)

    assert holder is not None
    assert holder.since is not None
    assert before <= holder.since <= datetime.now(UTC)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"since": 3}', '{"since": "soon"}'])
def test_holder_that_has_not_said_since_when_is_a_holder(lease: Path, content: str) -> None:
    with hold_lease(lease):
        lease.write_text(content)
        holder = holder_of(lease)

    assert holder is not None
    assert holder.since is None


def test_same_process_cannot_hold_it_twice(lease: Path) -> None:
    with hold_lease(lease), pytest.raises(RunDirectoryError, match=f"process {os.getpid()} "), hold_lease(lease):
        pass


def test_refused_process_leaves_the_lease_to_its_holder(lease: Path) -> None:
    with hold_lease(lease):
        with pytest.raises(RunDirectoryError), hold_lease(lease):
            pass
        assert holder_of(lease)


def test_lease_of_a_killed_holder_is_taken_over(lease: Path, start_holder: Callable[[], subprocess.Popen[str]]) -> None:
    holder = start_holder()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lease.exists()

    with hold_lease(lease):
        assert json.loads(lease.read_text())["pid"] == os.getpid()


def test_killed_holder_holds_no_more(lease: Path, start_holder: Callable[[], subprocess.Popen[str]]) -> None:
    holder = start_holder()
    was_held = holder_of(lease)
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    assert was_held is not None
    assert holder_of(lease) is None


def test_file_is_gone_afterwards(lease: Path) -> None:
    with hold_lease(lease):
        existed = lease.exists()

    assert (existed, lease.exists()) == (True, False)


def test_file_is_gone_after_an_error_inside(lease: Path) -> None:
    with pytest.raises(KeyError), hold_lease(lease):
        raise KeyError("anything")

    assert not lease.exists()


def test_looking_at_a_lease_neither_takes_nor_makes_it(lease: Path) -> None:
    assert not holder_of(lease)
    assert not lease.exists()


def test_holder_that_cannot_be_read_is_another_process(lease: Path) -> None:
    with hold_lease(lease):
        lease.write_text("half of a {")
        with pytest.raises(RunDirectoryError, match="in use by another process"), hold_lease(lease):
            pass
