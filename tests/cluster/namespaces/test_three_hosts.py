"""Experiments on three hosts with addresses of their own, links that are cut, and a head that is lost."""

import hashlib
import time

# Long enough for a node to be declared dead and to come back while others still train.
LONGER = ("schedule.every_tokens=163840", "schedule.budget_tokens=983040")
DURABLE = {"RAY_gcs_storage": "rocksdb", "RAY_gcs_rpc_server_reconnect_timeout_s": "120"}
IMPATIENT = {"RAY_gcs_rpc_server_reconnect_timeout_s": "10"}


def test_full_run_uses_every_host(
    make_network, make_driver, tiny_arguments, learning_columns, expected_table, tmp_path
) -> None:
    network = make_network()
    network.start_cluster()

    driver = _start(make_driver, tiny_arguments(tmp_path / "run"), network, host=1)

    assert driver.end(timeout_s=120) == 0, driver.describe()
    slots = [event["slot"] for event in driver.of_kind("run_started")]
    assert sorted(slot.partition(":")[0] for slot in slots) == sorted(host.name for host in network.hosts)
    assert slots[0].startswith(network.hosts[1].name)  # the driver's own node comes first
    assert learning_columns(tmp_path / "run") == expected_table


def test_host_with_another_disk_is_refused(make_network, make_driver, tiny_arguments, tmp_path) -> None:
    network = make_network()
    network.hosts[2].run("mount", "-t", "tmpfs", "tmpfs", str(tmp_path), environment=network.environment)
    network.start_cluster()

    driver = _start(make_driver, tiny_arguments(tmp_path / "run"), network, host=0)

    assert driver.end() == 2, driver.describe()
    assert driver.stderr.startswith(
        f"seedscope: node {network.hosts[2].name} cannot be used: the run directory is not the same place there"
    )
    assert list(tmp_path.iterdir()) == []


def test_host_that_does_not_see_the_run_directory_trains_where_checkpoints_are_elsewhere(
    make_network, make_driver, tiny_arguments, learning_columns, expected_table, tmp_path, tmp_path_factory
) -> None:
    network = make_network()
    network.hosts[2].run("mount", "-t", "tmpfs", "tmpfs", str(tmp_path), environment=network.environment)
    network.start_cluster()
    uri = f"file://{tmp_path_factory.mktemp('shared')}/place"

    arguments = tiny_arguments(tmp_path / "run", f"checkpoints.uri={uri}")
    driver = _start(make_driver, arguments, network, host=0)

    assert driver.end(timeout_s=120) == 0, driver.describe()
    assert any(event["slot"].startswith(network.hosts[2].name) for event in driver.of_kind("run_started"))
    assert learning_columns(tmp_path / "run") == expected_table


def test_runs_behind_a_cut_link_go_on_elsewhere_and_change_nothing_later(
    make_network, make_driver, tiny_arguments, learning_columns, checkpoint_hashes, tmp_path
) -> None:
    network = make_network()
    network.start_cluster()
    undisturbed, out, far = tmp_path / "undisturbed", tmp_path / "run", network.hosts[2]
    reference = _start(make_driver, tiny_arguments(undisturbed, *LONGER), network, host=0)
    assert reference.end(timeout_s=200) == 0, reference.describe()
    driver = _start(make_driver, tiny_arguments(out, *LONGER), network, host=0)
    driver.wait_for(lambda driver: _newest(driver, on=far.name) >= 1, what="an interval of the far host")

    far.cut_link()
    driver.wait_for(lambda driver: _is_gone(driver, far.name), what="the loss of the far host")
    far.heal_link()

    assert driver.end(timeout_s=200) == 0, driver.describe()
    moved = _seeds_on(driver, far.name)
    assert moved
    last_slots = {event["seed"]: event["slot"] for event in driver.of_kind("run_started")}
    assert all(not last_slots[seed].startswith(far.name) for seed in moved)
    ledger = hashlib.sha256((out / "ledger.sqlite").read_bytes()).hexdigest()
    assert learning_columns(out) == learning_columns(undisturbed)
    assert _weights(checkpoint_hashes(out)) == _weights(checkpoint_hashes(undisturbed))
    before = checkpoint_hashes(out)
    _wait_until(lambda: not any("SeedWorker" in process for process in far.processes()), timeout_s=60)
    assert checkpoint_hashes(out) == before
    assert hashlib.sha256((out / "ledger.sqlite").read_bytes()).hexdigest() == ledger


def test_run_survives_the_head_where_the_cluster_remembers(
    make_network, make_driver, tiny_arguments, learning_columns, tmp_path
) -> None:
    network = make_network()
    durable = DURABLE | {"RAY_gcs_storage_path": str(tmp_path / "gcs")}
    network.start_cluster(**durable)
    undisturbed, out, head = tmp_path / "undisturbed", tmp_path / "run", network.hosts[0]
    reference = _start(make_driver, tiny_arguments(undisturbed, *LONGER), network, host=1)
    assert reference.end(timeout_s=200) == 0, reference.describe()
    driver = _start(make_driver, tiny_arguments(out, *LONGER), network, host=1)
    driver.wait_for(lambda driver: _newest(driver, on=head.name) >= 1, what="an interval of the head's run")

    head.switch_off()
    time.sleep(8)
    head.switch_on()
    network.start_head()

    assert driver.end(timeout_s=240) == 0, driver.describe()
    assert any(
        event["attempt"] > 1 for event in driver.of_kind("run_started") if event["seed"] in _seeds_on(driver, head.name)
    )
    assert learning_columns(out) == learning_columns(undisturbed)


def test_resume_finishes_what_a_lost_head_has_ended(
    make_network, make_driver, tiny_arguments, learning_columns, expected_table, tmp_path
) -> None:
    network = make_network()
    network.start_cluster(**IMPATIENT)
    out = tmp_path / "run"
    driver = _start(make_driver, tiny_arguments(out), network, host=1)
    driver.wait_for(lambda driver: _newest(driver, on=network.hosts[0].name) >= 1, what="an interval of the head's run")

    for host in (network.hosts[0], network.hosts[2]):
        host.switch_off()
    first_code = driver.end(timeout_s=90)
    network.hosts[1].switch_off()
    for host in network.hosts:
        host.switch_on()
    network.start_cluster()
    resumed = _start(make_driver, ("resume", str(out), "--json"), network, host=1)

    assert first_code != 0
    assert resumed.end(timeout_s=120) == 0, resumed.describe()
    assert learning_columns(out) == expected_table


def _start(make_driver, arguments, network, *, host: int):
    return make_driver(
        *arguments, "--address", network.address, prefix=network.hosts[host].prefix, **network.environment
    )


def _seeds_on(driver, host: str) -> set[int]:
    return {event["seed"] for event in driver.of_kind("run_started") if event["slot"].startswith(f"{host}:")}


def _newest(driver, *, on: str) -> int:
    seeds = _seeds_on(driver, on)
    return max((event["interval"] for event in driver.of_kind("interval_done") if event["seed"] in seeds), default=-1)


def _is_gone(driver, host: str) -> bool:
    return f"Node {host} is gone; its runs go on elsewhere." in driver.notices


def _weights(hashes: dict[str, str]) -> dict[str, str]:
    return {path: digest for path, digest in hashes.items() if path.endswith("model.safetensors")}


def _wait_until(is_met, *, timeout_s: float) -> None:
    ends_s = time.monotonic() + timeout_s
    while not is_met():
        assert time.monotonic() < ends_s
        time.sleep(0.5)
