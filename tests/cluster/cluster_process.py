"""Hold a `ray.cluster_utils.Cluster` in a process of its own; a program, run by conftest.py.

Reads one command per line: `add [VARIABLE=VALUE ...]`, `crash NUMBER`. Answers each with one line of JSON, and ends the
cluster when its standard input ends, so also when whoever started it was killed. Ray keeps the first token that a
process reads, and its settings are environment variables: neither may reach the process of the tests.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from ray.cluster_utils import Cluster

SMALL: dict[str, Any] = {  # Any: the arguments of Ray's nodes
    "num_cpus": 1,
    "node_ip_address": "127.0.0.1",
    "object_store_memory": 80 * 1024**2,
    "include_dashboard": False,
}
# A node that is silent for about four seconds counts as dead; by default it takes more than twelve.
HEALTH = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 3,
}


def main() -> None:
    """Start the head, tell its address, then obey."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # Ray prints what it likes
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cluster = Cluster(initialize_head=True, head_node_args=SMALL | {"_system_config": HEALTH})
    nodes = [cluster.head_node]
    try:
        print(json.dumps({"address": cluster.address}), file=answers)
        for line in sys.stdin:
            verb, *words = line.split()
            if verb == "add":
                with variables(dict(word.split("=", 1) for word in words)):
                    nodes.append(cluster.add_node(**SMALL))
            else:
                cluster.remove_node(nodes[int(words[0])], allow_graceful=False)
            print(json.dumps({"node": len(nodes) - 1, "id": nodes[-1].node_id}), file=answers)
    finally:
        cluster.shutdown()


@contextlib.contextmanager
def variables(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for what is started in the block."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    main()
