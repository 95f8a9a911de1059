"""Numbers and names as text; expected texts are written out."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from orchestrator.printable import one_line
from orchestrator.progress import formatting
from orchestrator.progress.glyphs import ASCII


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (428_628, "429K"),
        (999_499, "999K"),
        (999_500, "1.0M"),
        (1_234_567, "1.2M"),
        (20_000_768, "20.0M"),
        (999_600_000, "1.0B"),
        (3_100_000_000_000, "3.1T"),
    ],
)
def test_compact_count_has_three_digits_and_a_unit(count, text):
    assert formatting.compact_count(count) == text


def test_exact_count_keeps_every_digit():
    assert formatting.exact_count(428_628) == "428,628"


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (None, "-", "-"),
        (float("nan"), "-", "-"),
        (0.0, "0 s", "0 s"),
        (12.3, "12 s", "12 s"),
        (59.5, "1 min", "1 min"),
        (3060.0, "51 min", "51 min"),
        (3599.0, "1 h 00 min", "1h 00m"),
        (7500.0, "2 h 05 min", "2h 05m"),
        (86_399.0, "1 d 00 h", "1d 00h"),
        (273_600.0, "3 d 04 h", "3d 04h"),
        (float("inf"), ">99 d", ">99 d"),
    ],
)
def test_duration_names_its_two_largest_units(seconds, long, short):
    assert formatting.duration(seconds) == long
    assert formatting.compact_duration(seconds) == short


@given(st.floats(min_value=0))
def test_compact_duration_fits_its_column(seconds):
    assert len(formatting.compact_duration(seconds)) <= len("2h 05m") + 1


@pytest.mark.parametrize(
    ("nats", "text"),
    [(2.8834, "2.883"), (None, "-"), (float("nan"), "-"), (12_345.6, "1.2e+04"), (123.4567, "123.457")],
)
def test_loss_has_three_decimals(nats, text):
    assert formatting.loss(nats) == text


@pytest.mark.parametrize(("per_s", "text"), [(6012.4, "6,012"), (99_999.4, "99,999"), (128_000, "128K"), (None, "-")])
def test_rate_fits_six_cells(per_s, text):
    assert formatting.rate(per_s) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 3, 4, 23, 59), "23:59"),
        (datetime(2025, 3, 5, 3, 10), "03-05 03:10"),
        (datetime(2026, 6, 1, 3, 10), "2026-06-01"),
    ],
)
def test_clock_time_tells_the_day_unless_it_is_today(moment, text):
    assert formatting.clock_time(moment, now=datetime(2025, 3, 4, 14, 30)) == text


def test_sparkline_spans_lowest_to_highest():
    # Distances 0, 0.03 and 0.15: log(1 + 3) / log(1 + 15) = 0.5, which is the fifth of eight ticks.
    assert formatting.sparkline((2.95, 2.83, 2.8), width=8) == "█▅▁"


def test_sparkline_shows_the_newest_values():
    assert formatting.sparkline((9.0, 8.0, 2.0, 3.0), width=2) == "▁█"


def test_sparkline_of_a_plateau_is_flat():
    assert formatting.sparkline((2.8, 2.8001, 2.8), width=8) == "▁▁▁"


def test_sparkline_leaves_a_blank_for_what_is_not_finite():
    assert formatting.sparkline((3.0, float("nan"), float("inf"), 2.0), width=8) == "█  ▁"


def test_sparkline_falls_back_to_ascii():
    assert formatting.sparkline((2.95, 2.83, 2.8), width=8, glyphs=ASCII) == "#=_"


def test_one_line_drops_escape_sequences_and_line_breaks():
    assert one_line("a\x1b[31m\nb\u2028c\td\udcff") == "a [31m b c d"


def test_elide_middle_keeps_both_ends():
    assert formatting.elide_middle("learning-rate-0.0004", width=9) == "lear…0004"


def test_elide_end_keeps_the_start():
    assert formatting.elide_end("loss is nan at step 51", width=12) == "loss is nan…"


@given(st.text(), st.integers(0, 30), st.sampled_from(["…", "..."]))
def test_elided_text_never_exceeds_its_width(text, width, ellipsis):
    clean = one_line(text)

    assert cell_len(formatting.elide_middle(clean, width=width, ellipsis=ellipsis)) <= width
    assert cell_len(formatting.elide_end(clean, width=width, ellipsis=ellipsis)) <= width
