"""Every file of a run directory has one name, inside it, and asking for it creates nothing."""

from itertools import product
from pathlib import Path

from configs.run_paths import RunPaths

FILES = ("config_file", "manifest_file", "ledger_file", "lease_file", "tokenizer_file")
FILES += ("table_csv", "table_parquet", "statistics_file")
PER_INTERVAL = ("checkpoint_dir", "weights_file", "tokens_file", "record_file", "resume_dir")


def names_under(root: Path) -> list[Path]:
    paths = RunPaths(root)
    cells = list(product(("base", "small", "a.b"), (1, 10, 101), (0, 1, 10, 100)))
    names = [getattr(paths, name) for name in FILES]
    names += [paths.stream_file(split) for split in ("train", "validation")]
    names += paths.ledger_files[1:]
    finals = [of(*cell) for cell in cells for of in (paths.checkpoint_dir, paths.resume_dir)]
    names += [paths.staged_dir(final, attempt=attempt) for final in finals for attempt in (1, 2, 11)]
    names += [paths.damaged_dir(final, number=number) for final in finals for number in (1, 2, 11)]
    return names + [getattr(paths, name)(*cell) for cell in cells for name in PER_INTERVAL]


def test_names_are_unique(tmp_path):
    names = names_under(tmp_path)

    assert len({str(name).casefold() for name in names}) == len(names)


def test_names_lie_in_the_run_directory(tmp_path):
    assert all(name.resolve().is_relative_to(tmp_path.resolve()) for name in names_under(tmp_path))


def test_asking_for_a_name_creates_nothing(tmp_path):
    names_under(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_names_are_those_of_the_design():
    # DESIGN.md section 5
    paths = RunPaths(Path("RUN"))

    assert paths.config_file == Path("RUN/experiment.yaml")
    assert paths.manifest_file == Path("RUN/manifest.json")
    assert paths.ledger_file == Path("RUN/ledger.sqlite")
    assert paths.tokenizer_file == Path("RUN/tokenizer.json")
    assert paths.weights_file("base", 101, 7) == Path("RUN/checkpoints/base/seed-101/interval-07/model.safetensors")
    assert paths.tokens_file("base", 101, 7) == Path("RUN/checkpoints/base/seed-101/interval-07/tokens.npz")
    assert paths.steps_file("base", 101, 7) == Path("RUN/checkpoints/base/seed-101/interval-07/steps.npz")
    assert paths.record_file("base", 101, 7) == Path("RUN/checkpoints/base/seed-101/interval-07/record.json")
    assert paths.resume_run_dir("base", 101) == Path("RUN/resume/base/seed-101")
    assert paths.table_csv == Path("RUN/table.csv")
    assert paths.table_parquet == Path("RUN/table.parquet")
    assert paths.statistics_file == Path("RUN/statistics.json")


def test_files_of_an_interval_lie_in_its_checkpoint():
    paths = RunPaths(Path("RUN"))

    directory = paths.checkpoint_dir("base", 101, 7)

    assert paths.weights_file("base", 101, 7).parent == directory
    assert paths.tokens_file("base", 101, 7).parent == directory
    assert paths.steps_file("base", 101, 7).parent == directory
    assert paths.record_file("base", 101, 7).parent == directory


def test_ledger_files_are_those_that_sqlite_keeps():
    # https://www.sqlite.org/tempfiles.html, sections 2.1 to 2.3
    names = [path.name for path in RunPaths(Path("RUN")).ledger_files]

    assert names == ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "ledger.sqlite-journal"]


def test_staged_and_damaged_directories_lie_beside_what_they_are_for():
    paths = RunPaths(Path("RUN"))

    for final in (paths.checkpoint_dir("base", 101, 7), paths.resume_dir("base", 101, 7)):
        assert paths.staged_dir(final, attempt=3) == final.parent / ".interval-07.attempt-3"
        assert paths.damaged_dir(final, number=2) == final.parent / "interval-07.damaged-2"
