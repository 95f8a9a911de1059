"""Enter and leave Ray: one of our own on this machine, or a cluster that is running already."""

import logging
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from configs.errors import ResourceError
from orchestrator.leftovers import TOKEN_PATH_VARIABLE, end_processes_of
from orchestrator.private_dir import private_dir
from orchestrator.stop_signal import interrupts_kept
from orchestrator.versions import package_directories

__all__ = [
    "OBJECT_STORE_BYTES",
    "RAY_DIR_NAME",
    "TEMPORARY_BASE",
    "ray_cluster",
    "ray_on_this_machine",
    "why_ray_cannot_start",
]

_LOOPBACK = "127.0.0.1"
_CONNECT_TIMEOUT_S = 5.0
OBJECT_STORE_BYTES = 128_000_000
"""Records are small, and corpora travel through the run directory."""

RAY_DIR_NAME = "r"
TEMPORARY_BASE = Path("/tmp")  # noqa: S108, short enough for socket paths


@contextmanager
def ray_on_this_machine(*, num_cores: int, num_gpus: int = 0) -> Iterator[None]:
    """A Ray of our own: loopback only, no dashboard, a token in a private file, nothing left behind.

    Args:
        num_cores: Cores that Ray may count.
        num_gpus: GPUs that it may count.

    Raises:
        ResourceError: If Ray does not start.
    """
    with private_dir(TEMPORARY_BASE) as directory:
        _prepare_environment()
        # Without this Ray replaces 127.0.0.1 by an address that other hosts reach, and listens on all of them.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        _require_token(directory / "token")
        import ray

        try:
            _init(
                address="local",
                num_cpus=num_cores,
                num_gpus=num_gpus,
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                _node_ip_address=_LOOPBACK,
                # Ray opens its directory to everybody; the one around it stays ours alone.
                _temp_dir=str(directory / RAY_DIR_NAME),
            )
            with _quiet():
                yield
        except (ConnectionError, OSError, RuntimeError, TimeoutError) as error:
            raise ResourceError(f"Ray did not start on this machine: {error}; run `seedscope doctor`") from error
        finally:
            ray.shutdown()
            end_processes_of(directory)


@contextmanager
def ray_cluster(address: str) -> Iterator[None]:
    """The running cluster at `address`, which goes on running afterwards.

    Args:
        address: `host:port` of its GCS, or `auto`.

    Raises:
        ResourceError: If it cannot be reached.
    """
    _require_answer(address)
    _prepare_environment()
    import ray

    try:
        with _silent_descriptor():
            # Nodes need what Seedscope needs, but not Seedscope: its code comes with the driver.
            _init(address=address, runtime_env={"py_modules": [str(place) for place in package_directories()]})
    except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
        raise _refused(address, error) from error
    try:
        with _quiet():
            yield
    finally:
        ray.shutdown()


def why_ray_cannot_start() -> str | None:
    """Start a Ray of one core and end it again: None if that works, else the reason."""
    try:
        with ray_on_this_machine(num_cores=1):
            return None
    except Exception as error:  # noqa: BLE001, whatever it is, it is the answer
        return str(error) or type(error).__name__


@contextmanager
def _silent_descriptor() -> Iterator[None]:
    # Ray's C++ writes a line a second to the descriptor itself while it is refused; the error says why in the end.
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _quiet() -> Iterator[None]:
    # Ray prints paragraphs on every worker that dies, whatever its log settings; the controller says it in a sentence.
    # Our own views hold the streams that were there before.
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def _init(**options: Any) -> None:  # Any: the options of ray.init
    with interrupts_kept():
        import ray

        # Workers import from the driver's current directory first; there lies what others wrote, a `workers/` even.
        with chdir("/"):
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)


def _require_answer(address: str) -> None:
    # Ray itself goes on trying for many minutes before it says that nobody is there.
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ResourceError(f"--address {address} is not of the form host:port, such as 10.0.0.5:6379; or give auto")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise _unreachable(address, error) from error


def _refused(address: str, error: Exception) -> ResourceError:
    import ray

    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return ResourceError(
        f"something answers at --address {address}, but it does not let this process in ({reason}); give its token in "
        "RAY_AUTH_TOKEN_PATH together with RAY_AUTH_MODE=token, start a node of the cluster on this host too, and use "
        f"the cluster's Ray version (here {ray.__version__})"
    )


def _unreachable(address: str, error: Exception) -> ResourceError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return ResourceError(
        f"there is no Ray cluster to reach at --address {address} ({reason}); "
        "start one with `ray start --head`, or leave --address out"
    )


def _prepare_environment() -> None:
    # Ray reads these while it is imported or started; they are its only interface for them.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_DEDUP_LOGS"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    # By default Ray's workers yield to everything else on the machine: 3 % of a shared core instead of half.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112, so spelt by Ray


@cache
def _token_of_this_process() -> str:
    # Ray keeps the first token that it reads for as long as the process lives.
    return secrets.token_hex(32)


def _require_token(file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(_token_of_this_process())
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ[TOKEN_PATH_VARIABLE] = str(file)
    os.environ.pop("RAY_AUTH_TOKEN", None)
