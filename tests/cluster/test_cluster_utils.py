"""Experiments on clusters of several Ray nodes on this host, which come, go and differ."""

import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Ray has no cluster_utils.Cluster on Windows"),
]


@pytest.fixture(scope="module")
def two_nodes(make_module_cluster: Callable[..., object]) -> object:
    """A head and one more node; the tests that share it leave it as it is."""
    return make_module_cluster(num_nodes=2)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A place for a run directory beside nothing else."""
    return tmp_path / "place" / "run"


def test_every_node_is_used_and_the_table_is_the_inline_one(
    two_nodes, make_driver, tiny_arguments, learning_columns, expected_table, out
) -> None:
    driver = make_driver(*tiny_arguments(out), "--address", two_nodes.address)

    assert driver.end() == 0, driver.describe()
    started = driver.of_kind("run_started")
    assert driver.of_kind("experiment_started")[0]["num_slots"] == 2
    assert len({event["slot"].rpartition(":")[0] for event in started}) == 2
    assert [event["attempt"] for event in started] == [1, 1, 1]
    assert learning_columns(out) == expected_table
    assert driver.stderr == ""


def test_run_directory_that_is_another_place_on_a_node_is_refused(two_nodes, make_driver, tiny_arguments, tmp_path):
    # In each process this path means the directory in which it was started.
    driver = make_driver(
        *tiny_arguments(Path("/proc/self/cwd/run")), "--address", two_nodes.address, directory=tmp_path
    )

    assert driver.end() == 2
    assert "cannot be used: the run directory is not the same place there; put --out on storage" in _sentence(driver)
    assert list(tmp_path.iterdir()) == []


def test_wrong_token_is_one_sentence(two_nodes, make_driver, tiny_arguments, out, tmp_path) -> None:
    file = tmp_path / "other-token"
    file.write_text(secrets.token_hex(32))
    began_s = time.monotonic()

    driver = make_driver(*tiny_arguments(out), "--address", two_nodes.address, RAY_AUTH_TOKEN_PATH=str(file))

    assert driver.end(timeout_s=60) == 2, driver.describe()
    assert time.monotonic() - began_s < 45
    assert "RAY_AUTH_TOKEN_PATH" in _sentence(driver)
    assert file.read_text() not in driver.stderr
    assert not out.parent.exists()


def test_node_that_joins_is_used_unless_its_versions_differ(
    make_cluster, make_driver, tiny_arguments, learning_columns, expected_table, other_safetensors, out
) -> None:
    cluster = make_cluster(num_nodes=1)
    driver = make_driver(*tiny_arguments(out), "--address", cluster.address)
    driver.wait_for(lambda driver: driver.of_kind("run_started"), what="the first run")

    cluster.add_node(PYTHONPATH=other_safetensors)
    cluster.add_node()

    assert driver.end() == 0, driver.describe()
    refusals = [notice for notice in driver.notices if "cannot be used" in notice]
    joined = [notice for notice in driver.notices if notice.endswith("has joined.")]
    assert len(refusals) == 1
    assert "it has safetensors 0.0.1 (here " in refusals[0]
    assert len(joined) == 1
    assert len({event["slot"] for event in driver.of_kind("run_started")}) == 2
    assert learning_columns(out) == expected_table


def test_runs_of_a_node_that_dies_go_on_elsewhere(
    make_cluster, make_driver, tiny_arguments, learning_columns, expected_table, out
) -> None:
    cluster = make_cluster(num_nodes=3)
    driver = make_driver(*tiny_arguments(out), "--address", cluster.address)
    driver.wait_for(lambda driver: _newest(driver, seed=2) >= 1, what="an interval of seed 2")
    slot_of_seed_2 = next(event["slot"] for event in driver.of_kind("run_started") if event["seed"] == 2)

    cluster.crash_node(1)
    cluster.crash_node(2)

    assert driver.end(timeout_s=120) == 0, driver.describe()
    lost_node = slot_of_seed_2.rpartition(":")[0]
    assert f"Node {lost_node} is gone; its runs go on elsewhere." in driver.notices
    last = [event for event in driver.of_kind("run_started") if event["seed"] == 2][-1]
    assert last["attempt"] > 1
    assert last["slot"] != slot_of_seed_2
    assert learning_columns(out) == expected_table


def test_node_with_other_versions_is_refused(make_cluster, make_driver, tiny_arguments, other_safetensors, out) -> None:
    cluster = make_cluster(num_nodes=1)
    cluster.add_node(PYTHONPATH=other_safetensors)

    driver = make_driver(*tiny_arguments(out), "--address", cluster.address)

    assert driver.end() == 2
    assert "it has safetensors 0.0.1 (here " in _sentence(driver)
    assert "install the same versions on every node" in _sentence(driver)
    assert not out.parent.exists()


def test_nodes_with_other_code_or_none_run_the_code_of_the_driver(
    make_cluster, make_driver, tiny_arguments, learning_columns, expected_table, other_code, without_code, out
) -> None:
    cluster = make_cluster(num_nodes=1)
    cluster.add_node(PYTHONPATH=other_code)
    cluster.add_node(PYTHONPATH=without_code)

    driver = make_driver(*tiny_arguments(out), "--address", cluster.address)

    assert driver.end() == 0, driver.describe()
    assert len({event["slot"] for event in driver.of_kind("run_started")}) == 3
    assert learning_columns(out) == expected_table


def test_node_that_lacks_a_package_is_refused(make_cluster, make_driver, tiny_arguments, without_pydantic, out) -> None:
    cluster = make_cluster(num_nodes=1)
    cluster.add_node(PYTHONPATH=without_pydantic)

    driver = make_driver(*tiny_arguments(out), "--address", cluster.address)

    assert driver.end() == 2, driver.describe()
    assert "it lacks pydantic; install what Seedscope needs" in _sentence(driver)
    assert not out.parent.exists()


def test_directory_of_the_driver_is_no_place_of_imports(two_nodes, make_driver, tiny_arguments, tmp_path, out) -> None:
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "__init__.py").write_text("raise RuntimeError('code of a stranger')")

    driver = make_driver(*tiny_arguments(out), "--address", two_nodes.address, directory=tmp_path, PYTHONSAFEPATH="1")

    assert driver.end() == 0, driver.describe()


def test_runs_wait_for_cores_that_others_hold_and_start_when_they_are_free(
    make_cluster, make_driver, hold_a_core, tiny_arguments, learning_columns, expected_table, out
) -> None:
    cluster = make_cluster(num_nodes=2)
    holders = [hold_a_core(cluster.address) for _ in range(2)]

    driver = make_driver(*tiny_arguments(out), "--address", cluster.address)
    driver.wait_for(lambda driver: any("others hold" in notice for notice in driver.notices), what="that it waits")
    assert driver.of_kind("run_started") == []
    holders[0].release()

    assert driver.end(timeout_s=120) == 0, driver.describe()
    assert "3 runs wait: others hold the cluster's cores; they start as soon as cores are free." in driver.notices
    assert len({event["slot"].rpartition(":")[0] for event in driver.of_kind("run_started")}) == 1
    assert learning_columns(out) == expected_table


@pytest.fixture
def other_code(tmp_path: Path) -> str:
    """A PYTHONPATH on which our packages are others."""
    for package in ("analysis", "configs", "orchestrator", "workers"):
        (tmp_path / "code" / package).mkdir(parents=True)
        (tmp_path / "code" / package / "__init__.py").write_text("raise RuntimeError('an older version')")
    return str(tmp_path / "code")


@pytest.fixture
def without_code(tmp_path: Path) -> str:
    """A PYTHONPATH that keeps an editable installation from being found."""
    hidden = "import sys\nsys.meta_path[:] = [finder for finder in sys.meta_path if 'ditable' not in repr(finder)]\n"
    return _customized(tmp_path / "hidden", hidden)


@pytest.fixture
def without_pydantic(tmp_path: Path) -> str:
    """A PYTHONPATH that hides pydantic."""
    blocker = (
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'pydantic':\n"
        "            raise ModuleNotFoundError(\"No module named 'pydantic'\", name='pydantic')\n"
        "sys.meta_path.insert(0, Blocker())\n"
    )
    return _customized(tmp_path / "blocked", blocker)


def _customized(directory: Path, code: str) -> str:
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(code)
    return str(directory)


@pytest.fixture
def other_safetensors(tmp_path: Path, root: Path) -> str:
    """A PYTHONPATH on which safetensors seems to have another version; the code itself is as everywhere."""
    metadata = tmp_path / "other" / "safetensors-0.0.1.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: safetensors\nVersion: 0.0.1\n")
    return f"{tmp_path / 'other'}:{root}"


def _sentence(driver) -> str:
    """The one line on stderr."""
    lines = driver.stderr.strip().splitlines()
    assert len(lines) == 1, driver.describe()
    assert driver.events == []
    return str(lines[0])


def _newest(driver, *, seed: int) -> int:
    return max((event["interval"] for event in driver.of_kind("interval_done") if event["seed"] == seed), default=-1)
