"""Byte counts read as people write them."""

import pytest

from orchestrator.sizes import format_bytes


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1234, "1.23 kB"),
        (12_345, "12.3 kB"),
        (123_456, "123 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (2_100_000_000, "2.1 GB"),
        (999_499_999_999, "999 GB"),
        (999_500_000_000, "1 TB"),
        (10**14, "100 TB"),
        (999 * 10**12, "999 TB"),
        (10**15, "1,000 TB"),
        (1_234_567 * 10**12, "1,234,567 TB"),
    ],
)
def test_size_has_three_digits_and_the_nearest_unit(num_bytes: int, text: str) -> None:
    assert format_bytes(num_bytes) == text


def test_no_size_is_written_as_a_power_of_ten() -> None:
    texts = [format_bytes(num_bytes) for power in range(20) for num_bytes in (10**power - 1, 10**power, 5 * 10**power)]

    assert [text for text in texts if "e" in text] == []
