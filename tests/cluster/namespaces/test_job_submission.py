"""`ray job submit`, as docs/cluster.md tells it."""

import importlib.util
import json
import subprocess
import sys

import pytest

DASHBOARD = "http://127.0.0.1:8265"
RAY_JOB = (sys.executable, "-m", "ray.scripts.scripts", "job")


@pytest.mark.skipif(importlib.util.find_spec("aiohttp_cors") is None, reason="ray[default] is not installed")
def test_submitted_job_drives_from_the_node_that_offers_it(
    make_network, command, tiny_arguments, learning_columns, expected_table, tmp_path
) -> None:
    network = make_network()
    head, worker = network.hosts[:2]
    network.start_head("--include-dashboard=true", "--dashboard-host=127.0.0.1")
    worker.start_ray(network.environment, '--resources={"driver": 1}', head=network.address)
    network.wait_for_nodes(2)

    submit = (*RAY_JOB, "submit", "--address", DASHBOARD, "--entrypoint-resources", json.dumps({"driver": 0.01}), "--")
    arguments = tiny_arguments(tmp_path / "run")
    printed = head.run(
        *submit, *command, *arguments, "--address", "auto", environment=network.environment, timeout_s=150
    )

    events = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    slots = [event["slot"] for event in events if event["event"] == "run_started"]
    assert slots[0].startswith(worker.name)  # the driver's own node comes first
    assert any(slot.startswith(head.name) for slot in slots)
    assert learning_columns(tmp_path / "run") == expected_table
    refused = subprocess.run(
        [*head.prefix, *RAY_JOB, "list", "--address", DASHBOARD],
        env=network.environment | {"RAY_AUTH_TOKEN": "another"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode != 0
    assert "Invalid authentication token" in refused.stderr
