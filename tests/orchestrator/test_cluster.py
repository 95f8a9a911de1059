"""An experiment on a running cluster, and one whose cluster is not there."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from configs.experiment import ExperimentConfig
from orchestrator.launch import Finish
from orchestrator.ledger import reading_ledger

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class RunningCluster:
    """Two nodes on loopback."""

    address: str
    environment: dict[str, str]
    """How its token is found."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    """A cluster with a token and a private directory, in processes of their own."""
    with tempfile.TemporaryDirectory(prefix="cluster-", dir="/tmp") as directory:
        token = Path(directory) / "token"
        token.touch(mode=0o600)
        token.write_text("ab" * 32)
        environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        port = _free_port()
        environment |= {"PATH": "/usr/bin:/bin", "HOME": directory, "RAY_TMPDIR": directory}
        # The nodes run the same Seedscope as the tests.
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        options = ("--node-ip-address=127.0.0.1", "--num-cpus=2", "--object-store-memory=100000000", "--block")
        head = ("--head", f"--port={port}", f"--temp-dir={directory}/r", "--include-dashboard=false")
        with ExitStack() as nodes:
            nodes.enter_context(_started_node(*head, *options, environment=environment))
            nodes.enter_context(_started_node(f"--address=127.0.0.1:{port}", *options, environment=environment))
            yield RunningCluster(
                f"127.0.0.1:{port}", {name: environment[name] for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH")}
            )


@contextmanager
def _started_node(*arguments: str, environment: dict[str, str]) -> Iterator[None]:
    node = subprocess.Popen(
        [str(Path(sys.executable).with_name("ray")), "start", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert node.stdout is not None
        said = []
        for line in node.stdout:
            said.append(line)
            if "-- --block" in line:
                break
        assert node.poll() is None, "".join(said)
        yield
    finally:
        node.terminate()
        node.communicate(timeout=120)


def test_experiment_on_two_nodes_equals_the_one_without_ray(
    cluster: RunningCluster,
    start_command: Callable[..., Any],
    write_config: Callable[..., Path],
    tiny_config: Callable[..., ExperimentConfig],
    run_inline: Callable[..., Finish],
    learning_columns: Callable[[Path], Any],
    tmp_path: Path,
) -> None:
    command = start_command(
        tmp_path,
        "run",
        write_config(tmp_path),
        *("--out", "out", "--set", "seeds=[1, 2, 3]", "--address", cluster.address),
        **cluster.environment,
    )

    _, complaint = command.process.communicate(timeout=200)

    assert command.process.returncode == 0, complaint
    undisturbed = run_inline(tiny_config(seeds=[1, 2, 3]), tmp_path / "undisturbed")
    assert learning_columns(tmp_path / "out" / "table.csv") == learning_columns(undisturbed.directory.paths.table_csv)
    with reading_ledger(tmp_path / "out" / "ledger.sqlite") as ledger:
        assert len({row.slot.rpartition(":")[0] for row in ledger.runs()}) == 2
    assert command.private_dirs() == []


@pytest.mark.timeout(120)
def test_address_where_nothing_listens_is_one_sentence_and_nothing_on_disk(
    start_command: Callable[..., Any], write_config: Callable[..., Path], tmp_path: Path
) -> None:
    address = f"127.0.0.1:{_free_port()}"
    command = start_command(tmp_path, "run", write_config(tmp_path), "--out", "out", "--address", address)

    output, complaint = command.process.communicate(timeout=120)

    assert (command.process.returncode, output) == (2, "")
    assert complaint.startswith(f"seedscope: there is no Ray cluster to reach at --address {address}")
    assert len(complaint.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:notaport", "127.0.0.1"])
def test_address_that_is_none_is_one_sentence(
    address: str, start_command: Callable[..., Any], write_config: Callable[..., Path], tmp_path: Path
) -> None:
    command = start_command(tmp_path, "run", write_config(tmp_path), "--out", "out", "--address", address)

    _, complaint = command.process.communicate(timeout=120)

    assert command.process.returncode == 2
    assert len(complaint.splitlines()) == 1
    assert address in complaint
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(120)
def test_wrong_token_is_one_sentence_that_does_not_tell_it(
    cluster: RunningCluster, start_command: Callable[..., Any], write_config: Callable[..., Path], tmp_path: Path
) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("cd" * 32)
    environment = cluster.environment | {"RAY_AUTH_TOKEN_PATH": str(wrong)}
    command = start_command(
        tmp_path, "run", write_config(tmp_path), "--out", "out", "--address", cluster.address, **environment
    )

    _, complaint = command.process.communicate(timeout=120)

    assert command.process.returncode == 2
    # Ray's own warnings may come before.
    assert complaint.splitlines()[-1].startswith(
        f"seedscope: something answers at --address {cluster.address}, but it does not let this process in ("
    )
    assert "give its token in RAY_AUTH_TOKEN_PATH together with RAY_AUTH_MODE=token" in complaint
    assert "Traceback" not in complaint
    assert "cd" * 32 not in complaint
    assert not (tmp_path / "out").exists()
