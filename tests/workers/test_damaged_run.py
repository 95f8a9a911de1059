"""A run whose files were damaged goes on from what is whole, keeps what is not, and ends as if nothing had happened."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from configs.run_paths import RunPaths
from workers.local_store import LocalPublished
from workers.publication import publish_interval
from workers.record_files import read_record
from workers.records import Completed, Damage, IntervalRecord, ProgressSample, RunId

pytestmark = pytest.mark.usefixtures("one_thread")

RUN = RunId("base", 1)
ALL = frozenset({0, 1, 2, 3})
NONE: frozenset[int] = frozenset()
OPTIMIZER = "optimizer.safetensors"


@pytest.fixture(scope="module")
def undisturbed_dir(seed_run, tmp_path_factory, one_thread) -> Path:
    """The directory of a run from start to end, which nobody changes."""
    root = tmp_path_factory.mktemp("undisturbed") / "run"
    list(seed_run(root))
    return root


@pytest.fixture(scope="module")
def undisturbed(undisturbed_dir) -> dict[int, dict]:
    """What every interval of that run learned."""
    paths = RunPaths(undisturbed_dir)
    return {
        interval: read_record(LocalPublished(paths.checkpoint_dir("base", 1, interval))).learning() for interval in ALL
    }


@pytest.fixture
def complete(undisturbed_dir, paths) -> RunPaths:
    """The directory of a run from start to end, to be damaged."""
    shutil.copytree(undisturbed_dir, paths.root)
    return paths


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def drop_the_last_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def remove(path: Path) -> None:
    path.unlink()


DAMAGES = {
    "cut in half": cut_in_half,
    "flipped bit": flip_a_bit,
    "last line dropped": drop_the_last_line,
    "removed": remove,
}


@dataclass(frozen=True)
class Case:
    """Damage to the files of a complete run of intervals 0 to 3, of which resume states 2 and 3 are kept."""

    part: str
    intervals: tuple[int, ...]
    file: str
    damage: str
    known: frozenset[int]
    trained: tuple[int, ...]
    """Intervals that are trained again."""

    def __str__(self) -> str:
        return f"{self.part}-{self.intervals}-{self.file}-{self.damage}-known={sorted(self.known)}"

    def directory(self, paths: RunPaths, interval: int) -> Path:
        of_part = {"checkpoint": paths.checkpoint_dir, "resume state": paths.resume_dir}[self.part]
        return of_part("base", 1, interval)


# Damage to the newest interval costs that one; whether the ledger knows it makes no difference.
NEWEST = [
    Case(part, (3,), file, damage, known, (3,))
    for known in (ALL, NONE)
    for part, file, damage in (
        ("checkpoint", "model.safetensors", "cut in half"),
        ("checkpoint", "model.safetensors", "flipped bit"),
        ("checkpoint", "config.json", "removed"),
        ("checkpoint", "tokens.npz", "removed"),
        ("checkpoint", "steps.npz", "removed"),
        ("checkpoint", "record.json", "cut in half"),
        ("checkpoint", "SHA256SUMS", "last line dropped"),
        ("checkpoint", "SHA256SUMS", "removed"),
        ("resume state", OPTIMIZER, "flipped bit"),
        ("resume state", OPTIMIZER, "removed"),
        ("resume state", "SHA256SUMS", "last line dropped"),
    )
]
OLDER = [
    # The ledger has the record, and nothing is trained again for the sake of older weights.
    Case("checkpoint", (1,), "record.json", "flipped bit", ALL, ()),
    Case("checkpoint", (2,), "record.json", "removed", ALL, ()),
    Case("checkpoint", (1, 2), "model.safetensors", "cut in half", ALL, ()),
    # Nobody has the record: a run that went on past the gap would leave it, and no resume state is that old.
    Case("checkpoint", (1,), "record.json", "flipped bit", NONE, (0, 1, 2, 3)),
    Case("checkpoint", (2,), "record.json", "flipped bit", NONE, (0, 1, 2, 3)),
    Case("checkpoint", (1,), "record.json", "flipped bit", ALL - {1}, (0, 1, 2, 3)),
    Case("checkpoint", (0,), "SHA256SUMS", "removed", NONE, (0, 1, 2, 3)),
    # Nothing is left to go on from.
    Case("resume state", (2, 3), OPTIMIZER, "flipped bit", ALL, (0, 1, 2, 3)),
    Case("checkpoint", (2, 3), "model.safetensors", "flipped bit", ALL, (0, 1, 2, 3)),
    Case("checkpoint", (0, 1, 2, 3), "model.safetensors", "flipped bit", NONE, (0, 1, 2, 3)),
    # Damage to a resume state that is not needed is told all the same.
    Case("resume state", (2,), OPTIMIZER, "flipped bit", ALL, ()),
]


@pytest.fixture(params=[*NEWEST, *OLDER], ids=str)
def case(request) -> Case:
    return request.param


@pytest.fixture
def damaged(case, complete, contents_of) -> dict[int, dict[str, bytes]]:
    """What the damaged directories hold after the damage, by interval."""
    for interval in case.intervals:
        DAMAGES[case.damage](case.directory(complete, interval) / case.file)
    return {interval: contents_of(case.directory(complete, interval)) for interval in case.intervals}


def test_damaged_run_ends_as_if_nothing_had_happened(case, damaged, complete, seed_run, undisturbed):
    told = list(seed_run(complete.root, attempt=2, known=case.known))

    records = [value for value in told if isinstance(value, IntervalRecord)]
    assert isinstance(told[-1], Completed)
    assert all(record.learning() == undisturbed[record.interval] for record in records)
    assert {record.interval for record in records} | case.known == ALL
    assert tuple(record.interval for record in records if record.attempt == 2) == case.trained


def test_damage_is_told_first_and_whole_intervals_next(case, damaged, complete, seed_run):
    told = list(seed_run(complete.root, attempt=2, known=case.known))

    damages = [value for value in told if isinstance(value, Damage)]
    whole = [interval for interval in (0, 1, 2, 3) if case.part == "resume state" or interval not in case.intervals]
    assert told[: len(damages)] == damages
    assert {(value.run, value.attempt, value.part, value.interval) for value in damages} == {
        (RUN, 2, case.part, interval) for interval in case.intervals
    }
    assert [record.interval for record in told[len(damages) :][: len(whole)]] == whole


def test_damaged_directories_are_kept_with_every_file(case, damaged, complete, seed_run, contents_of):
    list(seed_run(complete.root, attempt=2, known=case.known))

    for interval in case.intervals:
        kept = complete.damaged_dir(case.directory(complete, interval), number=1)
        assert contents_of(kept) == damaged[interval]


def test_no_file_of_a_whole_checkpoint_changes(case, damaged, complete, seed_run, contents_of):
    whole = [
        complete.checkpoint_dir("base", 1, interval)
        for interval in ALL
        if case.part == "resume state" or interval not in case.intervals
    ]
    before = [contents_of(directory) for directory in whole]

    list(seed_run(complete.root, attempt=2, known=case.known))

    assert [contents_of(directory) for directory in whole] == before


def test_next_attempt_finds_nothing_to_do(case, damaged, complete, seed_run, contents_of):
    list(seed_run(complete.root, attempt=2, known=case.known))
    before = contents_of(complete.root)

    told = list(seed_run(complete.root, attempt=3, known=ALL))

    assert not any(isinstance(value, Damage) for value in told)
    assert all(value.attempt < 3 for value in told if isinstance(value, IntervalRecord))
    assert contents_of(complete.root) == before


def test_damage_in_the_middle_of_a_run_goes_back_one_interval(seed_run, make_clock, paths, undisturbed):
    for value in seed_run(paths.root, clock=make_clock(tick_s=10.0)):
        if isinstance(value, ProgressSample) and value.step == 10:
            break
    flip_a_bit(paths.weights_file("base", 1, 2))

    told = list(seed_run(paths.root, attempt=2, known=frozenset({0, 1, 2})))

    records = [value for value in told if isinstance(value, IntervalRecord)]
    assert [(record.interval, record.attempt) for record in records] == [(0, 1), (1, 1), (2, 2), (3, 2)]
    assert {record.interval: record.learning() for record in records} == undisturbed


def test_damage_twice_is_kept_twice(complete, seed_run, undisturbed):
    for attempt in (2, 3):
        flip_a_bit(complete.weights_file("base", 1, 3))
        told = list(seed_run(complete.root, attempt=attempt, known=ALL))

    names = sorted(path.name for path in complete.run_dir("base", 1).iterdir())
    assert names == [
        "interval-00",
        "interval-01",
        "interval-02",
        "interval-03",
        "interval-03.damaged-1",
        "interval-03.damaged-2",
    ]
    assert told[-2].learning() == undisturbed[3]


def test_run_goes_on_in_a_gap_from_a_resume_state_that_is_old_enough(unheard_run, paths, undisturbed, seed_run):
    # Interval 2 is the newest; its checkpoint is damaged while resume state 1 is still kept.
    for value in unheard_run(paths.root):
        if isinstance(value, IntervalRecord):
            publish_interval(paths, run=RUN, interval=value.interval, attempt=1)
            if value.interval == 2:
                break
    flip_a_bit(paths.tokens_file("base", 1, 2))

    told = list(seed_run(paths.root, attempt=2))

    records = [value for value in told if isinstance(value, IntervalRecord)]
    assert [(record.interval, record.attempt) for record in records] == [(0, 1), (1, 1), (2, 2), (3, 2)]
    assert {record.interval: record.learning() for record in records} == undisturbed
