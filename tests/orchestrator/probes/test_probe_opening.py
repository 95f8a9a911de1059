"""The first line of a probe counts what it will measure."""

import io

import pytest

from orchestrator.probes.progress import LinesView, ProbeBegun


@pytest.mark.parametrize(
    ("num_tasks", "num_done_before", "said"),
    [
        (21, 0, "21 measurements; 4,096 next tokens"),
        (21, 7, "21 measurements, 7 of them made before; 4,096 next tokens"),
        (21, 21, "21 measurements, all made before; 4,096 next tokens"),
        (1, 0, "1 measurement; 4,096 next tokens"),
        (1, 1, "1 measurement, made before; 4,096 next tokens"),
        (0, 0, "from what training stored, without a forward pass; 4,096 next tokens"),
    ],
)
def test_opening_counts_measurements(num_tasks: int, num_done_before: int, said: str) -> None:
    stream = io.StringIO()

    LinesView(stream).begin(
        ProbeBegun(
            study="trends",
            source="quickstart",
            num_tasks=num_tasks,
            num_done_before=num_done_before,
            num_contexts=4_096,
            tokens_sha256="0" * 64,
            notes=("A note.",),
        )
    )

    assert stream.getvalue() == f"probe trends of quickstart: {said} (hash 000000000000)\nnote: A note.\n"
