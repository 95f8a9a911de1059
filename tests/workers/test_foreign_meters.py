"""Meters of other packages are read behind thin adapters, and say how to get them where they are not installed."""

import importlib.util
import os
import subprocess
import sys
import time

import pytest

from configs.energy import EnergyConfig
from workers.usage.counter import MeterError, Moment
from workers.usage.open_meter import open_counter, why_no_counter

HAS_CODECARBON = importlib.util.find_spec("codecarbon") is not None


@pytest.mark.skipif(not HAS_CODECARBON, reason="codecarbon is not installed (extra energy)")
def test_codecarbon_models_a_host_without_network_or_files(tmp_path):
    code = """
import sys
calls = []
sys.addaudithook(lambda event, args: calls.append(event) if event in ("socket.connect", "socket.getaddrinfo") else None)
from workers.usage.codecarbon_model import CodecarbonModel
from workers.usage.counter import Moment
import time
model = CodecarbonModel()
first = model.joules(Moment(0.0, 0.0))
time.sleep(0.3)
later = model.joules(Moment(0.3, 0.0))
print(model.label, later > first, calls)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.split("\n")[-2] == "modelled True []"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(HAS_CODECARBON, reason="codecarbon is installed")
def test_codecarbon_that_is_not_installed_names_the_extra():
    with pytest.raises(MeterError, match=r"install seedscope\[energy\]"):
        open_counter(EnergyConfig(source="codecarbon"), device="cpu")


@pytest.mark.skipif(importlib.util.find_spec("zeus") is not None, reason="zeus is installed")
def test_zeus_that_is_not_installed_says_for_what_it_is():
    assert "AMD GPUs and ROCm" in (why_no_counter(EnergyConfig(source="zeus"), device="cuda") or "")


def test_auto_never_takes_a_model(tmp_path):
    with pytest.raises(MeterError, match="no RAPL"):
        open_counter(EnergyConfig(), device="cpu", powercap=tmp_path / "absent")


def test_model_counts_the_core_seconds_that_it_is_told():
    counter = open_counter(EnergyConfig(source="modelled", watts_per_core=12.5), device="cpu")

    assert counter.joules(Moment(time.monotonic(), 4.0)) == 50.0
