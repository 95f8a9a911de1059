"""Standard errors of deltas come from the token losses of neighbouring checkpoints."""

import numpy as np
import pytest

from analysis import Cell, analyze_table, read_paired_errors, table_from_records
from analysis.paired_errors import paired_standard_error
from configs.run_paths import RunPaths
from configs.telemetry import TelemetryConfig


@pytest.fixture
def paths(tmp_path):
    return RunPaths(tmp_path)


def save(paths, interval, losses, *, seed=1):
    path = paths.tokens_file("base", seed, interval)
    path.parent.mkdir(parents=True)
    np.savez(path, loss_nats=np.asarray(losses, dtype=np.float32), rank=np.zeros(len(losses), dtype=np.int32))


CELLS = tuple(Cell("base", 1, interval) for interval in range(3))


def test_standard_error_by_hand():
    before, after = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 3.0, 6.0])

    # differences 0, 1, 0, 2: sum of squares 2.75, sd .957, over sqrt(4)
    assert paired_standard_error(after, before=before) == pytest.approx((2.75 / 3) ** 0.5 / 2)


def test_neighbouring_checkpoints_are_paired(paths):
    for interval, losses in enumerate([[1, 2, 3, 4], [1, 3, 3, 6], [1, 3, 3, 6]]):
        save(paths, interval, losses)

    errors = read_paired_errors(paths, cells=CELLS)

    assert errors.standard_errors == {CELLS[1]: pytest.approx(0.4787, abs=1e-4), CELLS[2]: 0.0}
    assert errors.problems == ()


def test_absent_checkpoint_leaves_its_pairs_out_and_is_said(paths):
    save(paths, 0, [1, 2])
    save(paths, 2, [1, 2])

    errors = read_paired_errors(paths, cells=CELLS)

    assert errors.standard_errors == {}
    assert errors.problems == (
        "1 of 3 checkpoints holds no token losses (seed 1 interval 1); "
        "backslides that are judged by them are counted over the other deltas alone",
    )


def test_pairs_do_not_reach_over_a_missing_cell(paths):
    save(paths, 0, [1, 2])
    save(paths, 2, [1, 2])

    assert read_paired_errors(paths, cells=(CELLS[0], CELLS[2])).standard_errors == {}


def test_seeds_are_not_paired_with_each_other(paths):
    save(paths, 0, [1, 2], seed=1)
    save(paths, 1, [1, 2], seed=2)

    assert read_paired_errors(paths, cells=(Cell("base", 1, 0), Cell("base", 2, 1))).standard_errors == {}


@pytest.mark.parametrize("content", [b"", b"not a zip archive", b"PK\x03\x04 broken"])
def test_damaged_file_is_reported_and_left_out(paths, content):
    for interval in range(3):
        save(paths, interval, [1, 2, 3 + interval])
    paths.tokens_file("base", 1, 1).write_bytes(content)

    errors = read_paired_errors(paths, cells=CELLS)

    assert errors.standard_errors == {}
    assert len(errors.problems) == 1
    assert "cannot be read" in errors.problems[0]


def test_pickled_array_is_not_unpickled(paths):
    save(paths, 0, [1, 2])
    path = paths.tokens_file("base", 1, 1)
    path.parent.mkdir(parents=True)
    np.savez(path, loss_nats=np.array([{"a": 1}], dtype=object))

    assert "cannot be read" in read_paired_errors(paths, cells=CELLS[:2]).problems[0]


def test_other_tokens_are_not_paired(paths):
    save(paths, 0, [1, 2])
    save(paths, 1, [1, 2, 3])

    errors = read_paired_errors(paths, cells=CELLS[:2])

    assert errors.standard_errors == {}
    assert "not evaluated on the tokens of the interval before" in errors.problems[0]


def test_statistics_count_backslides_beyond_noise(paths, make_records):
    losses = {seed: [3.0, 2.0, 2.01, 2.5] for seed in (1, 2, 3)}
    rng = np.random.default_rng(0)
    for seed in losses:
        for interval in range(4):
            save(paths, interval, rng.normal(2, 0.5, 400), seed=seed)
    table = table_from_records(make_records(losses), telemetry=TelemetryConfig())
    cells = [Cell("base", seed, interval) for seed in losses for interval in range(4)]

    statistics = analyze_table(table, telemetry=TelemetryConfig(), paired_errors=read_paired_errors(paths, cells=cells))

    assert statistics["telemetry"]["published"]["backslides"]["text"] == "6 of 9 deltas"
    # 2 SE are about .07 nats: the rise of .01 is noise, that of .49 is none.
    assert statistics["telemetry"]["robust"]["backslides"]["text"] == "3 of 9 deltas with a standard error"
