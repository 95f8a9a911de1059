"""Measure what metering costs: CPU time of one sample of each source, and the time that a run waits for its meter.

Usage: python benchmarks/metering_overhead.py [--samples 2000] [--ray]
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from configs.energy import EnergyConfig
from workers.usage.codecarbon_model import CodecarbonModel
from workers.usage.core_seconds import CoreSeconds
from workers.usage.counter import AbstractCounter, MeterError
from workers.usage.host_meter import HostMeter, Sharing
from workers.usage.nvml import nvml_counter
from workers.usage.nvml_library import open_nvml
from workers.usage.rapl import Rapl

PERIOD_S = 1.0  # the default of energy.period_s


def main() -> None:
    """Print one row per source: microseconds of CPU per sample, and the share of one core at the default period."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--samples", type=int, default=2_000)
    arguments.add_argument("--ray", action="store_true", help="Also time a meter in a process of its own.")
    options = arguments.parse_args()
    print(f"{'source':28} {'CPU us/sample':>14} {'of a core at 1/s':>17}")
    with tempfile.TemporaryDirectory() as directory:
        sources: dict[str, Callable[[], AbstractCounter]] = {
            "core-seconds": lambda: CoreSeconds(10.0),
            "rapl, 2 sockets with memory": lambda: Rapl(_powercap(Path(directory))),
            "nvml": lambda: nvml_counter(open_nvml()),
            "codecarbon": CodecarbonModel,
        }
        for name, open_counter in sources.items():
            try:
                counter = open_counter()
            except MeterError as error:
                print(f"{name:28} {'-':>14} {'-':>17}  {error}")
                continue
            used_s = _cpu_s_per_sample(counter, num_samples=options.samples if name != "codecarbon" else 200)
            print(f"{name:28} {1e6 * used_s:14.0f} {used_s / PERIOD_S:17.4%}")
    if options.ray:
        _time_remote_meter()


def _cpu_s_per_sample(counter: AbstractCounter, *, num_samples: int) -> float:
    meter = HostMeter(counter, sharing=Sharing.SEQUENTIAL, period_s=60.0)
    meter.begin(os.getpid())
    began_s = time.process_time()
    for _ in range(num_samples):
        meter.sample()
    used_s = time.process_time() - began_s
    meter.close()
    return used_s / num_samples


def _powercap(root: Path) -> Path:
    for socket in (0, 1):
        for zone, name in ((f"intel-rapl:{socket}", f"package-{socket}"), (f"intel-rapl:{socket}:0", "dram")):
            directory = root / f"intel-rapl:{socket}" / (zone if zone.count(":") == 2 else "")
            directory.mkdir(exist_ok=True)
            for file, text in (("name", name), ("max_energy_range_uj", "262143328850"), ("energy_uj", "0")):
                (directory / file).write_text(text)
    return root


def _time_remote_meter() -> None:
    import ray

    from orchestrator.remote_host_meter import HostMeterProcess, RemoteHostMeter

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    config = EnergyConfig(source="modelled", watts_per_core=10.0)
    actor = ray.remote(HostMeterProcess).options(num_cpus=0).remote(config, device="cpu", sharing=Sharing.CONCURRENT)
    meter = RemoteHostMeter(actor, patience_s=30.0)
    meter.begin(os.getpid())
    waits_s = []
    for _ in range(300):
        before_s = time.perf_counter()
        meter.take(os.getpid())
        waits_s.append(time.perf_counter() - before_s)
    print(f"a run waits for its node's meter: {1e3 * statistics.median(waits_s):.2f} ms per edge (median of 300)")
    ray.shutdown()


if __name__ == "__main__":
    main()
