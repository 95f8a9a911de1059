"""Checkpoints in an object store: the same table whatever is killed, damaged, or out of reach for a while."""

import importlib.util
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from workers.points import Point

MOMENTS = (
    Point.RESUME_STAGED,
    Point.WEIGHTS_WRITTEN,
    Point.CHECKPOINT_STAGED,
    Point.RECORD_CHECKED,
    Point.RESUME_PUBLISHED,
    Point.CHECKPOINT_PUBLISHED,
    Point.COMMITTING,
    Point.COMMITTED,
)
NEWEST = 3


def loopback_module() -> Any:
    spec = importlib.util.spec_from_file_location(
        "loopback_store", Path(__file__).parent / "loopback" / "loopback_store.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server() -> Iterator[Any]:
    """An object store that is empty."""
    module = loopback_module()
    fsspec.register_implementation("loopback", module.LoopbackStore, clobber=True)
    started = module.ObjectServer()
    yield started
    started.close()


@pytest.fixture
def stored(server: Any, experiment: Callable[..., Any]) -> Any:
    """An experiment whose checkpoints go there."""
    return experiment(f"checkpoints.uri={server.uri}")


@pytest.mark.parametrize("point", MOMENTS)
def test_table_after_a_kill_equals_that_of_an_undisturbed_run(
    point: Point, stored: Any, fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    killed = stored.start(fault("kill", point, 3))
    resumed = stored.resume()

    assert killed.exit_code == -signal.SIGKILL, killed.output
    assert resumed.exit_code == 0, resumed.output
    assert stored.learning_rows() == undisturbed()
    assert stored.leftovers() == []


def test_what_a_killed_attempt_uploaded_and_never_published_is_removed_by_the_next(
    stored: Any, server: Any, fault: Callable[..., Any]
) -> None:
    stored.start(fault("kill", Point.CHECKPOINT_STAGED, 3))
    left = [key for key in server.objects if "/interval-02/attempt-1/" in key]

    stored.resume()

    assert len(left) == 8  # six files of a checkpoint, two of a resume state, their lists included
    assert [key for key in server.objects if "/interval-02/attempt-1/" in key and "/seed-1/" in key] == []


@pytest.mark.parametrize("damage", ["flipped", "cut", "removed", "list cut"])
def test_damaged_object_is_said_and_kept_and_its_interval_trained_again(
    damage: str, stored: Any, server: Any, fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    stored.start(fault("kill", Point.STEP_TAKEN, 4 * NEWEST + 2))
    interval = f"place/checkpoints/base/seed-1/interval-0{NEWEST}"
    weights = f"{interval}/attempt-1/model.safetensors"
    match damage:
        case "flipped":
            content = bytearray(server.objects[weights])
            content[len(content) // 2] ^= 1
            server.objects[weights] = bytes(content)
        case "cut":
            server.objects[weights] = server.objects[weights][:-7]
        case "removed":
            del server.objects[weights]
        case "list cut":
            server.objects[f"{interval}/SHA256SUMS"] = server.objects[f"{interval}/SHA256SUMS"][:100]

    resumed = stored.resume()

    assert resumed.exit_code == 0, resumed.output
    assert f"the checkpoint of interval {NEWEST} is damaged" in stored.notices()
    assert f"{interval}/SHA256SUMS.damaged-1" in server.objects
    assert (weights in server.objects) == (damage != "removed")
    assert b"attempt-2/model.safetensors" in server.objects[f"{interval}/SHA256SUMS"]
    assert stored.learning_rows() == undisturbed()


def test_lost_ledger_is_rebuilt_from_the_object_store(
    stored: Any, fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    stored.start(fault("kill", Point.STEP_TAKEN, 4 * NEWEST + 2))
    stored.paths.ledger_file.unlink()

    refused = stored.resume()
    repaired = stored.repair()
    resumed = stored.resume()

    assert (refused.exit_code, repaired.exit_code, resumed.exit_code) == (2, 0, 0), repaired.output
    assert f"A new ledger was built from {NEWEST + 1} checkpoints" in repaired.output
    assert stored.learning_rows() == undisturbed()


def test_store_that_is_out_of_reach_for_a_while_costs_attempts_and_nothing_else(
    server: Any, experiment: Callable[..., Any], fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    stored = experiment(f"checkpoints.uri={server.uri}", "recovery.max_attempts=1000")
    running = stored.begin(fault("sleep", Point.STEP_TAKEN, 0, returns=True, seconds=0.1))
    running.wait_for("interval 1")
    server.is_refusing = True
    threading.Timer(1.0, lambda: setattr(server, "is_refusing", False)).start()

    ended = running.wait()

    assert ended.exit_code == 0, ended.output
    assert "unreachable checkpoints" in stored.notices()
    assert stored.learning_rows() == undisturbed()


def test_store_that_stays_out_of_reach_pauses_the_experiment(
    stored: Any, server: Any, fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    running = stored.begin(fault("sleep", Point.STEP_TAKEN, 0, returns=True, seconds=0.1))
    running.wait_for("interval 1")
    server.is_refusing = True

    paused = running.wait()
    refused = stored.resume()
    server.is_refusing = False
    resumed = stored.resume()

    assert paused.exit_code == 3, paused.output
    assert "Resume it once they can be reached again" in paused.output
    assert refused.exit_code == 2
    assert f"{server.uri}/claim.json cannot be read" in refused.output
    assert len(refused.output.strip().splitlines()) == 1
    assert resumed.exit_code == 0, resumed.output
    assert stored.learning_rows() == undisturbed()


def test_store_out_of_reach_at_the_start_leaves_nothing_on_disk(stored: Any, server: Any) -> None:
    server.is_refusing = True

    refused = stored.start()

    assert refused.exit_code == 2
    assert f"seedscope: {server.uri}/.seedscope-" in refused.output
    assert "cannot be written" in refused.output
    assert not stored.root.exists()


@pytest.mark.slow
def test_actors_killed_at_every_point_of_an_upload_give_the_same_table(
    server: Any, experiment: Callable[..., Any], fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    stored = experiment(f"checkpoints.uri={server.uri}", "recovery.max_attempts=20")
    faults = [fault("kill", point, 2) for point in MOMENTS]

    ended = stored.start(*faults, ray=True)

    assert ended.exit_code == 0, ended.output
    assert [Path(each["flag"]).exists() for each in faults] == [True] * len(MOMENTS)
    assert stored.learning_rows() == undisturbed()


def test_attempt_that_was_given_up_and_comes_back_changes_nothing_that_is_published(
    stored: Any, server: Any, fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    running = stored.begin(fault("freeze", Point.CHECKPOINT_STAGED, 3))
    running.wait_until(
        lambda: any("/interval-02/attempt-1/SHA256SUMS" in key for key in server.objects), what="an upload"
    )
    time.sleep(0.2)
    running.signal(signal.SIGKILL)
    running.wait()
    late = {key: data for key, data in server.objects.items() if "/interval-02/attempt-1/" in key}
    resumed = stored.resume()
    published = {key: data for key, data in server.objects.items() if key not in late}

    server.objects |= late  # the store receives what the old attempt had still under way
    again = stored.resume()

    assert (resumed.exit_code, again.exit_code) == (0, 0)
    assert {key: server.objects[key] for key in published} == published
    assert stored.learning_rows() == undisturbed()
