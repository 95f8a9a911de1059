"""Three hosts made of Linux namespaces: each with an address, a host name and a process table of its own, one disk.

Everything is made and removed here. A host's first process is the ancestor of all others of its process table, so that
killing it ends them all, and nobody else's.
"""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NETWORK = "10.213.77"
HEAD_PORT = 6379
# A node that is silent for about eight seconds counts as dead; by default it takes more than twelve.
HEALTH = (
    '{"health_check_initial_delay_ms":1000,"health_check_period_ms":1000,'
    '"health_check_timeout_ms":2000,"health_check_failure_threshold":3}'
)
# A first process must collect its orphans: Ray takes a dead head that nobody collected for a living one. It ends with
# its standard input, so that nothing outlives tests that were killed.
FIRST_PROCESS = """
import os, select, socket, sys
socket.sethostname({host!r})
print("up", flush=True)
while not select.select([sys.stdin], [], [], 0.2)[0]:
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass
"""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cluster: needs root, iproute2 and minutes; run by `make test-cluster`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reason = _why_not(config)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.slow)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def _why_not(config: pytest.Config) -> str:
    if "cluster" not in config.option.markexpr:
        return "run by `make test-cluster`"
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "network namespaces need Linux and root"
    missing = [program for program in ("ip", "unshare", "nsenter") if shutil.which(program) is None]
    return f"not installed: {', '.join(missing)} (iproute2, util-linux)" if missing else ""


class Host:
    """One namespaced host.

    Args:
        network: The bridge's name.
        number: Of the host; the last byte of its address.
        directory: Short; Ray's sockets of this host lie in it.
    """

    def __init__(self, network: str, *, number: int, directory: Path) -> None:
        self.name = f"{network}-{number}"
        self.address = f"{NETWORK}.{number}"
        self._directory = directory / f"n{number}"
        self._directory.mkdir()
        self._link = f"{network}v{number}"
        self._init: subprocess.Popen[str] | None = None
        _ip("netns", "add", self.name)
        _ip("link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("link", "set", self._link, "master", network, "up")
        _ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        _ip("-n", self.name, "link", "set", "eth0", "up")
        _ip("-n", self.name, "link", "set", "lo", "up")
        # Ray finds its own address by asking for a route to the internet; nothing is sent.
        _ip("-n", self.name, "route", "add", "default", "via", f"{NETWORK}.254")
        self.switch_on()

    @property
    def prefix(self) -> tuple[str, ...]:
        """What makes a command run on this host."""
        assert self._init is not None
        first = _only_child(self._init.pid)
        return ("nsenter", "--target", str(first), "--net", "--uts", "--pid", "--mount", "--")

    def switch_on(self) -> None:
        """Give the host its first process."""
        self._init = subprocess.Popen(
            [
                *("ip", "netns", "exec", self.name, "unshare", "--uts", "--pid", "--fork", "--kill-child"),
                *("--mount-proc", sys.executable, "-c", FIRST_PROCESS.format(host=self.name)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._init.stdout is not None
        assert self._init.stdout.readline() == "up\n"

    def switch_off(self) -> None:
        """End every process of the host at once, as a power cut does."""
        if self._init is not None:
            self._init.kill()
            self._init.wait(20)
            self._init = None

    def remove(self) -> None:
        """End the host and its network."""
        self.switch_off()
        _ip("netns", "del", self.name)

    def cut_link(self) -> None:
        """Let nothing through any more, in either direction."""
        _ip("link", "set", self._link, "down")

    def heal_link(self) -> None:
        """Let everything through again."""
        _ip("link", "set", self._link, "up")

    def start_ray(self, environment: Mapping[str, str], *options: str, head: str | None = None) -> None:
        """Start a Ray node of one CPU: the head, or a node of the cluster at `head`."""
        role = (f"--address={head}",) if head else ("--head", f"--port={HEAD_PORT}", f"--system-config={HEALTH}")
        with (self._directory / "ray.txt").open("a") as log:
            subprocess.Popen(
                [
                    *(*self.prefix, sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *role),
                    *(f"--node-ip-address={self.address}", f"--temp-dir={self._directory}", "--num-cpus=1"),
                    *("--object-store-memory=80000000", "--disable-usage-stats", *options),
                ],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def run(self, *command: str, environment: Mapping[str, str], timeout_s: float = 60) -> str:
        """Run a command to its end and give what it printed."""
        done = subprocess.run(
            [*self.prefix, *command], env=dict(environment), capture_output=True, text=True, timeout=timeout_s
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]} {done.stderr[-3000:]} {self.ray_log()}"
        return done.stdout

    def processes(self) -> tuple[str, ...]:
        """The command lines of all that runs here."""
        lines = self.run("ps", "-eo", "args", "--no-headers", environment=os.environ).splitlines()
        return tuple(line.strip() for line in lines)

    def ray_log(self) -> str:
        """The end of what `ray start` printed here."""
        file = self._directory / "ray.txt"
        return file.read_text()[-2000:] if file.exists() else ""


class Network:
    """Three hosts on one bridge, and the Ray cluster on them."""

    def __init__(self, directory: Path, *, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._bridge = f"sc{secrets.token_hex(2)}"
        self.hosts: list[Host] = []
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("addr", "add", f"{NETWORK}.254/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for number in (1, 2, 3):
            self.hosts.append(Host(self._bridge, number=number, directory=directory))

    @property
    def address(self) -> str:
        """Of the cluster."""
        return f"{self.hosts[0].address}:{HEAD_PORT}"

    def start_cluster(self, *head_options: str, **variables: str) -> None:
        """A head on the first host, a node on each other one."""
        self.environment |= variables
        self.start_head(*head_options)
        for host in self.hosts[1:]:
            host.start_ray(self.environment, head=self.address)
        self.wait_for_nodes(3)

    def start_head(self, *options: str) -> None:
        """Start the head and wait until it answers."""
        dashboard = () if options else ("--include-dashboard=false",)
        self.hosts[0].start_ray(self.environment, *options, *dashboard)

    def wait_for_nodes(self, number: int, *, timeout_s: float = 60) -> None:
        """Wait until so many nodes live."""
        ends_s = time.monotonic() + timeout_s
        while True:
            listed = subprocess.run(
                [*self.hosts[0].prefix, sys.executable, "-c", COUNT_NODES, self.address],
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=60,
            )
            if listed.stdout.strip() == str(number):
                return
            if time.monotonic() > ends_s:
                logs = "\n".join(host.ray_log() for host in self.hosts)
                pytest.fail(f"{listed.stdout} nodes instead of {number}: {listed.stderr[-2000:]}\n{logs}")
            time.sleep(0.5)

    def remove(self) -> None:
        """End every host."""
        for host in self.hosts:
            host.remove()
        _ip("link", "del", self._bridge)


COUNT_NODES = """
import sys
from ray._raylet import GcsClient
nodes = GcsClient(address=sys.argv[1]).get_all_node_info(timeout=5)
print(sum(node.state == 0 for node in nodes.values()))
"""


@pytest.fixture
def make_network(environment: dict[str, str], short_dir: Path) -> Iterator[Callable[[], Network]]:
    """A function that makes three hosts for one test; the whole disk is shared between them."""
    networks: list[Network] = []
    own = {name: value for name, value in environment.items() if name != "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"}

    def make() -> Network:
        directory = short_dir / secrets.token_hex(2)
        directory.mkdir()
        networks.append(Network(directory, environment=own))
        return networks[-1]

    yield make
    for network in networks:
        network.remove()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _only_child(pid: int) -> int:
    """The process that `unshare --fork` made; `ip netns exec` replaces itself by what it runs."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
