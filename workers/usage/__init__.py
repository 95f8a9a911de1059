"""How the machine does while it trains: time, memory, energy, the place of the worker."""

from workers.usage.worker_place import WorkerPlace, peak_memory_bytes

__all__ = ["WorkerPlace", "peak_memory_bytes"]
