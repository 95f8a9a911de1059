"""A run goes on after the newest interval that is whole, past no interval that would stay missing."""

import shutil

import pytest
import torch

from configs.errors import CheckpointError
from workers.checksums import write_checksums
from workers.local_store import LocalPublished
from workers.publication import CheckpointPart
from workers.record_files import read_record
from workers.records import Damage, RunId

pytestmark = pytest.mark.usefixtures("one_thread")

RUN = RunId("base", 1)
CHECKPOINT_FILES = ("config.json", "model.safetensors", "record.json", "steps.npz", "tokens.npz")


def flip_a_bit(path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def drop_the_last_line(path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def empty(path) -> None:
    path.write_bytes(b"")


def remove(path) -> None:
    path.unlink()


DAMAGES = [flip_a_bit, cut_short, empty, remove]
DAMAGES_TO_A_LIST = [flip_a_bit, drop_the_last_line, empty, remove]


def damaged_parts(inspection) -> list[tuple[int, str]]:
    return [(damage.interval, damage.part) for damage in inspection.damages]


def test_interval_is_read_back_bit_for_bit(write, inspect, weights_of):
    for interval in (0, 1):
        record = write(interval)

    point = inspect().newest

    assert point.record == record
    assert point.weights.keys() == weights_of(1).keys()
    assert all(torch.equal(weight, point.weights[name]) for name, weight in weights_of(1).items())
    assert torch.equal(point.optimizer["exp_avg.norm.gain"], torch.ones(16))


def test_initial_state_is_read_back_with_an_empty_optimizer(write, inspect):
    write(0)

    assert inspect().newest.optimizer == {}


def test_nothing_written_is_nothing_to_resume(inspect):
    inspection = inspect()

    assert (inspection.newest, inspection.records, inspection.damages) == (None, (), ())


def test_records_are_read_back_in_order(write, inspect):
    written = [write(interval) for interval in range(3)]

    assert inspect().records == tuple(written)


def test_whole_intervals_show_no_damage(write, inspect):
    for interval in range(4):
        write(interval)

    inspection = inspect()

    assert inspection.damages == ()
    assert inspection.newest.record.interval == 3


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", CHECKPOINT_FILES)
def test_damaged_checkpoint_gives_way_to_the_one_before(write, inspect, paths, name, damage):
    for interval in range(3):
        write(interval)
    damage(paths.checkpoint_dir("base", 1, 2) / name)

    inspection = inspect()

    assert inspection.newest.record.interval == 1
    assert damaged_parts(inspection) == [(2, CheckpointPart.CHECKPOINT)]


@pytest.mark.parametrize("damage", DAMAGES_TO_A_LIST)
def test_damaged_list_of_checksums_gives_way_to_the_one_before(write, inspect, paths, damage):
    for interval in range(3):
        write(interval)
    damage(paths.checkpoint_dir("base", 1, 2) / "SHA256SUMS")

    inspection = inspect()

    assert inspection.newest.record.interval == 1
    assert damaged_parts(inspection) == [(2, CheckpointPart.CHECKPOINT)]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_resume_state_gives_way_to_the_one_before(write, inspect, paths, damage):
    for interval in range(3):
        write(interval)
    damage(paths.resume_dir("base", 1, 2) / "optimizer.safetensors")

    inspection = inspect()

    assert inspection.newest.record.interval == 1
    assert damaged_parts(inspection) == [(2, CheckpointPart.RESUME_STATE)]


@pytest.mark.parametrize("damage", DAMAGES_TO_A_LIST)
def test_damaged_list_of_a_resume_state_gives_way_to_the_one_before(write, inspect, paths, damage):
    for interval in range(3):
        write(interval)
    damage(paths.resume_dir("base", 1, 2) / "SHA256SUMS")

    inspection = inspect()

    assert inspection.newest.record.interval == 1
    assert damaged_parts(inspection) == [(2, CheckpointPart.RESUME_STATE)]


def test_damage_says_whose_it_is_and_what_is_wrong(write, inspect, paths):
    write(0)
    paths.tokens_file("base", 1, 0).write_bytes(b"")

    (damage,) = inspect().damages

    message = f"{paths.tokens_file('base', 1, 0)} does not hold what its checksum promises"
    assert damage == Damage(RUN, attempt=2, interval=0, part="checkpoint", message=message)


def test_inspecting_changes_nothing(write, inspect, paths, contents_of):
    for interval in range(3):
        write(interval)
    flip_a_bit(paths.weights_file("base", 1, 1))
    flip_a_bit(paths.resume_dir("base", 1, 2) / "optimizer.safetensors")
    before = contents_of(paths.root)

    inspect()

    assert contents_of(paths.root) == before


def test_two_damaged_intervals_leave_nothing_to_resume(write, inspect, paths):
    for interval in range(4):
        write(interval)
    flip_a_bit(paths.weights_file("base", 1, 3))
    flip_a_bit(paths.weights_file("base", 1, 2))

    inspection = inspect()

    assert inspection.newest is None
    assert [record.interval for record in inspection.records] == [0, 1]


def test_two_damaged_resume_states_leave_nothing_to_resume(write, inspect, paths):
    for interval in range(4):
        write(interval)
    for interval in (2, 3):
        flip_a_bit(paths.resume_dir("base", 1, interval) / "optimizer.safetensors")

    inspection = inspect()

    assert inspection.newest is None
    assert damaged_parts(inspection) == [(2, "resume state"), (3, "resume state")]


def test_damaged_older_interval_that_nobody_knows_is_a_gap_that_no_run_goes_past(write, inspect, paths):
    for interval in range(4):
        write(interval)
    flip_a_bit(paths.record_file("base", 1, 2))

    inspection = inspect()

    assert inspection.newest is None  # resume states 0 and 1 are no longer kept
    assert [record.interval for record in inspection.records] == [0, 1, 3]
    assert damaged_parts(inspection) == [(2, CheckpointPart.CHECKPOINT)]


@pytest.mark.parametrize(
    ("known", "newest"),
    [
        ({0, 1, 2, 3}, 3),
        ({2}, 3),
        ({0, 1, 3}, None),
        ({0}, None),
        (set(), None),
    ],
)
def test_gap_ends_where_the_ledger_knows_the_record(write, inspect, paths, known, newest):
    for interval in range(4):
        write(interval)
    shutil.rmtree(paths.checkpoint_dir("base", 1, 2))

    point = inspect(known=frozenset(known)).newest

    assert (point and point.record.interval) == newest


def test_known_record_without_its_checkpoint_is_no_place_to_go_on_from(write, inspect, paths):
    for interval in range(4):
        write(interval)
    shutil.rmtree(paths.checkpoint_dir("base", 1, 3))

    inspection = inspect(known=frozenset(range(4)))

    assert inspection.newest.record.interval == 2
    assert inspection.damages == ()


def test_record_that_the_ledger_lacks_is_told_from_disk(write, inspect):
    written = [write(interval) for interval in range(3)]

    inspection = inspect(known=frozenset({0, 1}))

    assert inspection.records == tuple(written)
    assert inspection.newest.record == written[2]


def test_resume_state_of_an_interval_before_the_newest_will_do(write, inspect, paths):
    for interval in range(3):
        write(interval)
    shutil.rmtree(paths.resume_dir("base", 1, 2))

    inspection = inspect()

    assert inspection.newest.record.interval == 1
    assert inspection.damages == ()


def test_staged_interval_is_not_seen(write, stage, inspect):
    write(0)
    stage(1)
    stage(1, attempt=2)

    inspection = inspect()

    assert inspection.newest.record.interval == 0
    assert [record.interval for record in inspection.records] == [0]


def test_damaged_directory_that_was_set_aside_is_not_seen(write, inspect, paths):
    write(0)
    write(1)
    final = paths.checkpoint_dir("base", 1, 1)
    final.rename(paths.damaged_dir(final, number=1))

    inspection = inspect()

    assert [record.interval for record in inspection.records] == [0]
    assert inspection.damages == ()


def test_resume_state_without_its_checkpoint_is_not_seen(write, inspect, paths):
    write(0)
    write(1)
    shutil.rmtree(paths.checkpoint_dir("base", 1, 1))

    assert inspect().newest.record.interval == 0


def test_runs_do_not_see_each_other(write, checkpoints_of):
    write(0)

    for run in (RunId("base", 2), RunId("other", 1)):
        inspection = checkpoints_of(run=run).inspect(known=frozenset())
        assert (inspection.newest, inspection.records) == (None, ())


def test_intervals_of_more_than_two_digits_are_found(write, inspect):
    write(99)
    write(100)

    assert inspect(num_intervals=102, known=frozenset(range(99))).newest.record.interval == 100


def test_intervals_past_the_last_are_not_looked_at(write, inspect):
    for interval in range(4):
        write(interval)

    inspection = inspect(num_intervals=3)

    assert inspection.newest.record.interval == 2
    assert [record.interval for record in inspection.records] == [0, 1, 2]


@pytest.mark.parametrize("content", ["{", "[]", "null", "{}", '"text"', "\ud800"])
def test_damaged_record_is_named(write, paths, content):
    write(0)
    paths.record_file("base", 1, 0).write_text(content, encoding="utf-8", errors="surrogatepass")

    with pytest.raises(CheckpointError, match=r"interval-00/record\.json does not hold a record"):
        read_record(LocalPublished(paths.checkpoint_dir("base", 1, 0)))


def test_missing_record_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"record\.json does not hold a record"):
        read_record(LocalPublished(tmp_path))


def test_record_is_read_as_written(write, paths):
    record = write(2)

    assert read_record(LocalPublished(paths.checkpoint_dir("base", 1, 2))) == record


def test_checkpoint_of_an_earlier_version_without_steps_is_whole(write, inspect, paths):
    record = write(1)
    paths.steps_file("base", 1, 1).unlink()
    write_checksums(paths.checkpoint_dir("base", 1, 1))

    inspection = inspect(known=frozenset({0}))

    assert (inspection.damages, inspection.newest.record) == ((), record)
