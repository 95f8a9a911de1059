"""Where a worker process runs, and how much memory it took."""

import sys
from dataclasses import dataclass

__all__ = ["WorkerPlace", "peak_memory_bytes"]


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """Where a worker process runs and with how many threads, as read back after pinning."""

    host: str
    cpu_model: str
    cores: tuple[int, ...]
    threads: int
    interop_threads: int


def peak_memory_bytes() -> int | None:
    """Largest resident size of this process so far; None where the platform does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024
