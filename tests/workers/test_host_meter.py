"""One meter per host divides what it counts among the runs, and says what its numbers are worth."""

import os
import subprocess
import sys
import time

import pytest

from workers.usage.core_seconds import CoreSeconds, busy_cpu_s, process_cpu_s
from workers.usage.counter import AbstractCounter, Label, MeterError, Moment
from workers.usage.host_meter import HostMeter, Sharing, UnmeteredHost
from workers.usage.run_energy import RunEnergy

NEVER_S = 60.0  # the sampler's thread does not interfere; samples are taken by the test


class FakeHost:
    """Clocks, processes and a counter that go on only when a test says so."""

    def __init__(self) -> None:
        self.now_s, self.wall_s, self.joules = 100.0, 1_000_000.0, 0.0
        self.cpu_s: dict[int, float] = {}
        self.host_cpu_s = 0.0
        self.refusal: str | None = None
        self.tick_s = self.tick_joules = 0.0

    def clock(self) -> float:
        self.go_on(seconds=self.tick_s, joules=self.tick_joules)
        return self.now_s

    def go_on(self, *, seconds: float, joules: float, cpu: dict[int, float] | None = None, foreign: float = 0) -> None:
        self.now_s += seconds
        self.wall_s += seconds
        self.joules += joules
        for pid, cpu_s in (cpu or {}).items():
            self.cpu_s[pid] += cpu_s
            self.host_cpu_s += cpu_s
        self.host_cpu_s += foreign

    def meter(
        self, *, sharing=Sharing.SEQUENTIAL, period_s: float = NEVER_S, idle_s: float = 0.0, label=Label.MEASURED
    ) -> HostMeter:
        host = self

        class Counter(AbstractCounter):
            name, domains = "fake", ("package-0",)

            def joules(self, moment: Moment) -> float:
                if host.refusal:
                    raise MeterError(host.refusal)
                return host.joules

        Counter.label = label
        return HostMeter(
            Counter(),
            sharing=sharing,
            period_s=period_s,
            idle_s=idle_s,
            clock=self.clock,
            wall_clock=lambda: self.wall_s,
            cpu_clock=self.cpu_s.get,
            host_cpu_clock=lambda: self.host_cpu_s,
        )


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


def test_run_alone_has_all_that_the_counter_gained(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter()
    meter.begin(1)
    host.go_on(seconds=10, joules=500, cpu={1: 9.0})
    window = meter.take(1)

    assert (window.joules, window.duration_s, window.source) == (500.0, 10.0, "measured: fake")
    assert window.began_at == 1_000_000.0
    assert window.idle_joules is None  # no baseline was measured


def test_shares_of_two_runs_follow_their_cpu_time_and_add_up_to_the_host(host):
    host.cpu_s = {1: 50.0, 2: 7.0}
    meter = host.meter(sharing=Sharing.CONCURRENT)
    meter.begin(1)
    host.go_on(seconds=2, joules=100, cpu={1: 2.0})  # alone
    meter.begin(2)
    host.go_on(seconds=2, joules=120, cpu={1: 2.0, 2: 1.0})
    meter.sample()
    host.go_on(seconds=2, joules=60, cpu={1: 0.5, 2: 1.5})
    one, other = meter.take(1), meter.take(2)

    assert one.joules == pytest.approx(100 + 120 * 2 / 3 + 60 / 4)
    assert other.joules == pytest.approx(120 / 3 + 60 * 3 / 4)
    assert one.joules + other.joules == pytest.approx(meter.host_joules) == pytest.approx(280.0)


def test_share_of_a_measured_total_is_labelled_as_modelled(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter(sharing=Sharing.CONCURRENT)
    meter.begin(1)

    assert meter.take(1).source == "modelled: fake shared by CPU time"


def test_runs_that_used_no_cpu_time_share_equally(host):
    host.cpu_s = {1: 1.0, 2: 1.0}
    meter = host.meter(sharing=Sharing.CONCURRENT)
    meter.begin(1)
    meter.begin(2)
    host.go_on(seconds=1, joules=8)

    assert (meter.take(1).joules, meter.take(2).joules) == (4.0, 4.0)


def test_process_that_is_gone_leaves_its_part_to_the_others(host):
    host.cpu_s = {1: 0.0, 2: 0.0}
    meter = host.meter(sharing=Sharing.CONCURRENT)
    meter.begin(1)
    meter.begin(2)
    host.go_on(seconds=1, joules=10, cpu={1: 1.0, 2: 1.0})
    meter.sample()
    del host.cpu_s[2]
    host.go_on(seconds=1, joules=10, cpu={1: 1.0})

    assert meter.take(1).joules == pytest.approx(15.0)


def test_load_of_foreign_processes_is_told(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter()
    meter.begin(1)
    host.go_on(seconds=10, joules=500, cpu={1: 6.0}, foreign=2.0)
    window = meter.take(1)

    assert window.joules == 500.0  # included, since no sensor tells it apart
    assert window.foreign_cpu_share == pytest.approx(0.25)


def test_refused_reading_makes_the_window_unknown_and_not_zero(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter()
    meter.begin(1)
    host.refusal = "the driver was loaded again"
    host.go_on(seconds=10, joules=500)
    meter.sample()
    host.refusal = None
    window = meter.take(1)
    host.go_on(seconds=10, joules=70)
    after = meter.take(1)

    assert (window.joules, window.source, window.note) == (None, None, "the driver was loaded again")
    assert after.joules == 70.0


def test_counter_that_goes_back_makes_the_window_unknown(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter()
    host.joules = 100.0
    meter.begin(1)
    host.go_on(seconds=10, joules=-40)

    assert meter.take(1).note == "the counter went back by 40.000 J; it was reset"


def test_constant_counter_is_no_energy_of_zero(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter()
    meter.begin(1)
    host.go_on(seconds=5, joules=0)
    window = meter.take(1)

    assert (window.joules, window.note) == (None, "the counter did not move in 5.0 s")


def test_gap_above_three_periods_is_marked(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter(period_s=5.0)
    meter.begin(1)
    host.go_on(seconds=15.5, joules=100)
    meter.sample()
    host.go_on(seconds=4, joules=100)
    window = meter.take(1)

    assert window.joules == 200.0
    assert window.largest_gap_s == 15.5
    assert "1 gaps between samples above 3 periods, the largest 15.5 s" in window.note


def test_suspended_machine_is_marked(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter()
    meter.begin(1)
    host.wall_s += 3_600  # wall time went on while the monotonic clock stood still
    host.go_on(seconds=10, joules=100)

    assert "the clocks differ by 3600.0 s: the machine slept" in meter.take(1).note


def test_sampler_that_ended_makes_its_window_unknown_and_is_replaced(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter()
    meter.begin(1)
    meter._sampler.end()
    meter._sampler.join(5)
    host.go_on(seconds=10, joules=500)
    window = meter.take(1)
    host.go_on(seconds=10, joules=80)
    after = meter.take(1)

    assert (window.joules, window.note) == (None, "the sampler had ended")
    assert after.joules == 80.0


def test_window_without_a_beginning_is_unknown(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter()
    meter.begin(1)
    host.cpu_s[2] = 5.0
    unknown = meter.take(2)
    host.go_on(seconds=2, joules=40, cpu={1: 1.0, 2: 1.0})

    assert "has no beginning" in unknown.note
    assert (meter.take(2).joules, meter.take(1).joules) == (20.0, 20.0)  # from then on it is known


def test_run_that_has_ended_does_not_keep_the_next_one_from_its_idle_baseline(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter(idle_s=0.01)
    meter.begin(1)
    host.go_on(seconds=1, joules=10, cpu={1: 1.0})
    del host.cpu_s[1]
    host.cpu_s[2] = 0.0
    host.tick_s, host.tick_joules = 0.5, 6.0  # from here on every look at the clock finds it later
    meter.begin(2)

    assert meter.idle_watts == pytest.approx(12.0)


def test_idle_part_is_kept_apart_once_it_was_measured(host):
    host.cpu_s = {1: 0.0}
    meter = host.meter()
    meter._idle_watts = 20.0
    meter.begin(1)
    host.go_on(seconds=10, joules=500, cpu={1: 10.0})
    window = meter.take(1)

    assert (window.joules, window.idle_joules) == (500.0, 200.0)


def test_idle_power_is_measured_before_a_run_that_is_alone():
    drawn_from_s = time.monotonic()

    class Sensor(AbstractCounter):
        name, domains, label = "sensor", ("all",), Label.MEASURED

        def joules(self, moment: Moment) -> float:
            return 30.0 * (moment.at_s - drawn_from_s)

    meter = HostMeter(Sensor(), sharing=Sharing.SEQUENTIAL, period_s=0.02, idle_s=0.2)
    began_s = time.monotonic()
    meter.begin(os.getpid())
    waited_s = time.monotonic() - began_s
    time.sleep(0.1)
    window = meter.take(os.getpid())
    meter.close()

    assert waited_s >= 0.2
    assert meter.idle_watts == pytest.approx(30.0, rel=1e-6)
    assert window.idle_joules == pytest.approx(window.joules, rel=1e-6)
    assert window.num_samples >= 3  # both edges, and what the thread took in between


def test_core_seconds_of_two_processes_are_told_apart():
    busy = "while True: pass"
    worker = subprocess.Popen([sys.executable, "-c", busy])
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    meter = HostMeter(CoreSeconds(10.0), sharing=Sharing.CONCURRENT, period_s=0.05)
    try:
        time.sleep(0.3)
        before_begin_s = process_cpu_s(worker.pid)
        for process in (worker, sleeper):
            meter.begin(process.pid)
        after_begin_s = process_cpu_s(worker.pid)
        time.sleep(0.5)
        before_take_s = process_cpu_s(worker.pid)
        window, idle = meter.take(worker.pid), meter.take(sleeper.pid)
        after_take_s = process_cpu_s(worker.pid)
    finally:
        meter.close()
        for process in (worker, sleeper):
            process.kill()
            process.wait()

    assert window.source == "modelled: core-seconds x 10 W"
    assert 0 < 10.0 * (before_take_s - after_begin_s) <= window.joules <= 10.0 * (after_take_s - before_begin_s)
    assert idle.joules < 0.1 * window.joules
    assert process_cpu_s(worker.pid) is None


def test_own_and_host_clocks_count_what_this_process_uses():
    own_s, host_s = process_cpu_s(os.getpid()), busy_cpu_s()
    ends_s = time.process_time() + 0.2
    while time.process_time() < ends_s:
        pass

    assert process_cpu_s(os.getpid()) - own_s >= 0.2
    assert host_s is None or busy_cpu_s() > host_s


def test_interval_holds_training_and_evaluation_and_is_divided_among_stacked_seeds(host):
    host.cpu_s = {os.getpid(): 0.0}
    meter = host.meter()
    energy = RunEnergy(meter)
    energy.begin()
    host.go_on(seconds=8, joules=400)
    energy.end_training()
    host.go_on(seconds=2, joules=50)
    interval = energy.interval_energy(num_sharing=3)

    assert interval.joules == pytest.approx(150.0)
    assert interval.detail.training_joules == pytest.approx(400 / 3)
    assert (interval.detail.duration_s, interval.detail.num_sharing) == (10.0, 3)


def test_device_is_waited_for_before_each_edge(host):
    host.cpu_s = {os.getpid(): 0.0}
    edges = []
    energy = RunEnergy(host.meter(), synchronize=lambda: edges.append(host.now_s))
    energy.begin()
    host.go_on(seconds=1, joules=1)
    energy.end_training()
    host.go_on(seconds=1, joules=1)
    energy.interval_energy()

    assert edges == [100.0, 101.0, 102.0]


def test_interval_with_an_unknown_part_is_unknown(host):
    host.cpu_s = {os.getpid(): 0.0}
    energy = RunEnergy(host.meter())
    energy.begin()
    host.refusal = "gone"
    energy.end_training()
    host.refusal = None
    host.go_on(seconds=1, joules=10)
    interval = energy.interval_energy()

    assert (interval.joules, interval.source, interval.detail.training_joules) == (None, None, None)
    assert "gone" in interval.detail.note


def test_host_without_a_meter_says_why():
    energy = RunEnergy(UnmeteredHost("no RAPL here"))
    energy.begin()
    energy.end_training()
    interval = energy.interval_energy()

    assert (interval.joules, interval.source, interval.detail.note) == (None, None, "no RAPL here")
