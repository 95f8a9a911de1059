"""Doctor, plan and progress tell the energy where it is known, and why where it is not."""

import threading
import time
from datetime import datetime

import pytest
from rich.console import Console

from configs.energy import EnergyConfig
from orchestrator.external_energy import with_external_energy
from orchestrator.findings_energy import energy_finding
from orchestrator.progress.formatting import joules
from orchestrator.progress.live_table import render
from orchestrator.progress.snapshot import RunView, Snapshot
from orchestrator.run_state import RunState
from orchestrator.speed_trial import Speed, watts_per_run
from workers.records import EnergyDetail, RunId


@pytest.fixture
def package(tmp_path):
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    for name, text in (("name", "package-0"), ("max_energy_range_uj", "262143328850"), ("energy_uj", "1000")):
        (zone / name).write_text(text)
    return zone


def test_doctor_tells_the_power_of_a_counter_that_moves(package):
    over = threading.Event()

    def use() -> None:
        began_s = time.monotonic()
        while not over.wait(0.01):
            (package / "next").write_text(str(int(30e6 * (time.monotonic() - began_s)) + 1000))
            (package / "next").replace(package / "energy_uj")  # a reader never sees an empty file

    user = threading.Thread(target=use)
    user.start()
    try:
        finding = energy_finding(powercap=package.parent, check_s=0.5)
    finally:
        over.set()
        user.join()

    assert finding.fact.startswith("rapl of package-0: ")
    assert "W with one core busy" in finding.fact
    assert finding.concern is None


def test_doctor_believes_no_counter_that_stands_still(package):
    finding = energy_finding(powercap=package.parent, check_s=0.05)

    assert "rapl of package-0 stands still and tells nothing" in finding.fact
    assert "energy.source=modelled" in finding.concern


def test_power_of_a_shared_host_is_divided_and_that_of_a_model_is_not():
    shared = [Speed(1.0, 0.0, None, watts=60.0, energy_source="measured: rapl")] * 3
    own = [Speed(1.0, 0.0, None, watts=10.0, energy_source="modelled: core-seconds x 10 W")] * 3

    assert watts_per_run(shared) == pytest.approx(20.0)
    assert watts_per_run(own) == pytest.approx(10.0)
    assert watts_per_run([*shared, Speed(1.0, 0.0, None)]) is None


@pytest.mark.parametrize(
    ("energy", "text"),
    [(0, "0 J"), (42.4, "42 J"), (999.6, "1 kJ"), (3_412, "3.41 kJ"), (160_000, "160 kJ"), (1.608e6, "1.61 MJ")],
)
def test_joules_keep_three_digits(energy, text):
    assert joules(energy) == text


def test_progress_shows_the_energy_of_all_runs_once_some_is_known():
    def first_line(*energies: float | None) -> str:
        runs = tuple(
            RunView(RunId("base", seed), RunState.TRAINING, 1, 3, 0, 5, 10, None, (3.0,), None, energy_joules=energy)
            for seed, energy in enumerate(energies)
        )
        snapshot = Snapshot("study", runs, num_slots=2, elapsed_s=5.0, is_finished=False)
        console = Console(width=100, record=True, file=None)
        with console.capture() as capture:
            console.print(render(snapshot, width=100, height=20, now=datetime(2026, 1, 1)))
        return capture.get().splitlines()[0]

    assert first_line(1_200.0, None, 2_212.0).rstrip().endswith("3.41 kJ")
    assert "J" not in first_line(None, None)


def test_external_meter_gives_its_joules_to_the_records(make_record, tmp_path):
    log = tmp_path / "power.csv"
    log.write_text("timestamp,watts\n1000,100\n1010,100\n")
    detail = EnergyDetail((), None, None, 1002.0, 5.0, None, 0, 0.0, None, 1, "energy.source is external")
    record = make_record(energy_detail=detail)

    (metered,) = with_external_energy([record], config=EnergyConfig(source="external", file=str(log)))

    assert metered.energy_joules == pytest.approx(500.0)
    assert metered.energy_source == "measured: external meter (power.csv)"
    assert metered.energy_detail.note is None
    assert metered.learning() == record.learning()


def test_external_log_that_is_not_there_leaves_the_energy_unknown(make_record, tmp_path):
    detail = EnergyDetail((), None, None, 1002.0, 5.0, None, 0, 0.0, None, 1, "energy.source is external")
    config = EnergyConfig(source="external", file=str(tmp_path / "absent.csv"))

    (record,) = with_external_energy([make_record(energy_detail=detail)], config=config)

    assert (record.energy_joules, record.energy_source) == (None, None)
    assert "absent.csv cannot be read" in record.energy_detail.note
