"""The log of a meter on the wall gives energy to stretches of time, as far as it reaches."""

import pytest

from workers.usage.counter import MeterError
from workers.usage.external_power import ExternalPower


@pytest.fixture
def log(tmp_path):
    def write(text: str):
        path = tmp_path / "power.csv"
        path.write_text(text)
        return path

    return write


def test_energy_between_two_times_is_the_integral_of_the_log(log):
    path = log("timestamp,watts,comment\n1000,50,a\n1001,50,b\n1002,150,c\n1003,150,d\n")

    energy = ExternalPower.read(path, clock_offset_s=0).between(1000.5, duration_s=2.0)

    assert energy.joules == pytest.approx(0.5 * 50 + 100 + 0.5 * 150)
    assert (energy.period_s, energy.num_samples, energy.largest_gap_s, energy.note) == (1.0, 4, 1.0, None)


def test_clock_of_the_meter_may_be_ahead(log):
    path = log("timestamp,watts\n1060,10\n1061,30\n")

    assert ExternalPower.read(path, clock_offset_s=60).between(1000, duration_s=1).joules == pytest.approx(20.0)


def test_times_of_day_are_read_as_iso_8601(log):
    path = log("timestamp,watts\n2026-01-01T00:00:00+00:00,10\n2026-01-01T00:00:02+00:00,10\n")

    energy = ExternalPower.read(path, clock_offset_s=0).between(1_767_225_600.5, duration_s=1)

    assert energy.joules == pytest.approx(10.0)


def test_gap_in_the_log_is_marked(log):
    path = log("timestamp,watts\n" + "".join(f"{at},100\n" for at in (0, 1, 2, 9, 10, 11)))

    energy = ExternalPower.read(path, clock_offset_s=0).between(0.5, duration_s=10)

    assert energy.largest_gap_s == 7.0
    assert energy.note == "1 gaps between samples above 3 periods"


def test_log_that_does_not_reach_over_both_edges_gives_nothing(log):
    meter = ExternalPower.read(log("timestamp,watts\n0,100\n10,100\n"), clock_offset_s=0)

    with pytest.raises(MeterError, match="cover from"):
        meter.between(5.0, duration_s=6.0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("time,watts\n1,2\n", "no column 'timestamp'"),
        ("timestamp,watts\n1,2\n", "holds 1 samples"),
        ("timestamp,watts\n1,2\nnoon,2\n", "line 3: Invalid isoformat string"),
        ("timestamp,watts\n1,2\n2,much\n", "line 3: could not convert"),
        ("timestamp,watts\n1,2\n2,nan\n", "line 3: watts=nan"),
        ("timestamp,watts\n1,2\n3,2\n2,2\n", "line 4: the time does not go forward"),
    ],
)
def test_log_that_is_no_log_is_refused_by_its_line(log, text, sentence):
    with pytest.raises(MeterError, match=sentence):
        ExternalPower.read(log(text), clock_offset_s=0)


def test_missing_log_is_refused(tmp_path):
    with pytest.raises(MeterError, match="cannot be read"):
        ExternalPower.read(tmp_path / "absent.csv", clock_offset_s=0)
