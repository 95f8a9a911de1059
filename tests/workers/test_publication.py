"""What an attempt staged gets its final name once, and nothing that has one is ever lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from workers.points import Point
from workers.publication import CheckpointPart, drop_staged, publish_interval, set_aside
from workers.records import RunId

pytestmark = pytest.mark.usefixtures("one_thread")

RUN = RunId("base", 1)


def names_in(directory) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_published_interval_has_its_final_names_alone(stage, publish, paths):
    stage(0, attempt=2)

    publish(0, attempt=2)

    assert names_in(paths.run_dir("base", 1)) == ["interval-00"]
    assert names_in(paths.resume_run_dir("base", 1)) == ["interval-00"]


def test_published_directories_hold_what_was_staged(stage, publish, paths, contents_of):
    finals = (paths.checkpoint_dir("base", 1, 1), paths.resume_dir("base", 1, 1))
    stage(1)
    staged = [contents_of(paths.staged_dir(final, attempt=1)) for final in finals]

    publish(1)

    assert [contents_of(final) for final in finals] == staged


def test_publishing_twice_changes_nothing(stage, publish, paths, contents_of):
    stage(1)
    publish(1)
    before = contents_of(paths.root)

    publish(1)

    assert contents_of(paths.root) == before


def test_publishing_what_was_never_staged_changes_nothing(write, publish, paths, contents_of):
    write(0)
    before = contents_of(paths.root)

    publish(1)

    assert contents_of(paths.root) == before


def test_directory_that_has_its_final_name_stays(write, stage, publish, paths, contents_of):
    write(1, attempt=1)
    before = contents_of(paths.root)
    stage(1, attempt=2)

    publish(1, attempt=2)

    assert contents_of(paths.root) == before


def test_what_another_attempt_staged_is_not_published(stage, publish, paths):
    stage(1, attempt=1)

    publish(1, attempt=2)

    assert names_in(paths.run_dir("base", 1)) == [".interval-01.attempt-1"]


def test_other_runs_are_left_alone(stage, paths, contents_of):
    stage(0)
    before = contents_of(paths.root)

    for run in (RunId("base", 2), RunId("other", 1)):
        publish_interval(paths, run=run, interval=0, attempt=1)

    assert contents_of(paths.root) == before


@pytest.mark.parametrize("point", [Point.RESUME_PUBLISHED, Point.CHECKPOINT_PUBLISHED])
def test_publishing_that_was_cut_off_is_finished_by_publishing_again(stage, publish, paths, point):
    stage(1)

    def crash(reached):
        if reached is point:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish_interval(paths, run=RUN, interval=1, attempt=1, reach=crash)
    publish(1)

    assert names_in(paths.run_dir("base", 1)) == ["interval-01"]
    assert names_in(paths.resume_run_dir("base", 1)) == ["interval-01"]


def test_resume_state_is_published_before_its_checkpoint(stage, paths):
    # A checkpoint without a resume state would be a place from which no run can go on.
    stage(1)
    seen = []

    def look(point):
        finals = (paths.resume_dir("base", 1, 1), paths.checkpoint_dir("base", 1, 1))
        seen.append((point, *(final.is_dir() for final in finals)))

    publish_interval(paths, run=RUN, interval=1, attempt=1, reach=look)

    assert seen == [(Point.RESUME_PUBLISHED, True, False), (Point.CHECKPOINT_PUBLISHED, True, True)]


def test_no_checkpoint_is_ever_removed(write, paths):
    for interval in range(7):
        write(interval)

    names = names_in(paths.run_dir("base", 1))
    assert names == [f"interval-{interval:02d}" for interval in range(7)]
    assert all(len(list((paths.run_dir("base", 1) / name).iterdir())) == 6 for name in names)


def test_only_the_two_newest_resume_states_are_kept(write, paths):
    kept = []
    for interval in range(5):
        write(interval)
        kept.append(names_in(paths.resume_run_dir("base", 1)))

    assert kept == [
        ["interval-00"],
        ["interval-00", "interval-01"],
        ["interval-01", "interval-02"],
        ["interval-02", "interval-03"],
        ["interval-03", "interval-04"],
    ]


def test_older_resume_state_stays_until_the_new_checkpoint_is_in_place(write, stage, paths):
    write(0)
    write(1)
    stage(2)

    def crash(point):
        if point is Point.CHECKPOINT_PUBLISHED:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish_interval(paths, run=RUN, interval=2, attempt=1, reach=crash)

    assert names_in(paths.resume_run_dir("base", 1)) == ["interval-00", "interval-01", "interval-02"]


@pytest.mark.parametrize("part", CheckpointPart)
def test_damaged_directory_is_kept_whole_under_another_name(write, paths, contents_of, part):
    write(1)
    directory = {"checkpoint": paths.checkpoint_dir, "resume state": paths.resume_dir}[part]("base", 1, 1)
    before = contents_of(directory)

    kept = set_aside(paths, run=RUN, interval=1, part=part)

    assert kept == directory.with_name("interval-01.damaged-1")
    assert not directory.exists()
    assert contents_of(kept) == before


def test_damaged_directories_of_one_interval_are_counted(write, paths):
    kept = []
    for _ in range(3):
        write(1)
        kept.append(set_aside(paths, run=RUN, interval=1, part=CheckpointPart.CHECKPOINT))

    assert [path.name for path in kept] == [f"interval-01.damaged-{number}" for number in (1, 2, 3)]
    assert all(len(list(path.iterdir())) == 6 for path in kept)


def test_setting_aside_one_part_leaves_the_other(write, paths):
    write(1)

    set_aside(paths, run=RUN, interval=1, part=CheckpointPart.RESUME_STATE)

    assert names_in(paths.run_dir("base", 1)) == ["interval-01"]
    assert names_in(paths.resume_run_dir("base", 1)) == ["interval-01.damaged-1"]


def test_setting_aside_what_is_not_there_changes_nothing(write, paths, contents_of):
    write(0)
    before = contents_of(paths.root)

    assert set_aside(paths, run=RUN, interval=1, part=CheckpointPart.CHECKPOINT) is None
    assert contents_of(paths.root) == before


def test_damaged_resume_state_outlives_the_resume_states_that_are_kept(write, paths):
    write(0)
    set_aside(paths, run=RUN, interval=0, part=CheckpointPart.RESUME_STATE)

    for interval in (1, 2, 3):
        write(interval)

    assert names_in(paths.resume_run_dir("base", 1)) == ["interval-00.damaged-1", "interval-02", "interval-03"]


def test_interval_that_lost_its_resume_state_keeps_the_one_before_when_told_again(write, publish, paths):
    for interval in (0, 1, 2):
        write(interval)
    set_aside(paths, run=RUN, interval=2, part=CheckpointPart.RESUME_STATE)

    publish(2, attempt=2)  # as an attempt does that tells what it found

    assert names_in(paths.resume_run_dir("base", 1)) == ["interval-01", "interval-02.damaged-1"]


def test_what_older_attempts_staged_is_dropped(write, stage, paths):
    write(0)
    for attempt in (1, 2, 9, 10):
        stage(1, attempt=attempt)

    drop_staged(paths, run=RUN, before_attempt=9)

    kept = [".interval-01.attempt-10", ".interval-01.attempt-9", "interval-00"]
    assert names_in(paths.run_dir("base", 1)) == kept
    assert names_in(paths.resume_run_dir("base", 1)) == kept


def test_dropping_leaves_what_is_published_or_damaged_or_of_another_run(write, stage, paths, contents_of):
    write(0)
    write(1)
    set_aside(paths, run=RUN, interval=1, part=CheckpointPart.CHECKPOINT)
    stage(2, attempt=1)
    before = contents_of(paths.root)

    drop_staged(paths, run=RUN, before_attempt=1)
    drop_staged(paths, run=RunId("base", 2), before_attempt=99)

    assert contents_of(paths.root) == before


def test_dropping_where_nothing_was_staged_changes_nothing(paths):
    drop_staged(paths, run=RUN, before_attempt=2)

    assert not paths.root.exists()


def test_publishing_needs_no_torch(tmp_path):
    # Whoever keeps the ledger publishes, and lives in the driver or beside it.
    code = "import sys, workers.publication, workers.failure_cause; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
