"""Runs wait in the order of their arrival, and for their time."""

from orchestrator.run_queue import RunQueue
from workers.records import RunId

ONE, TWO, THREE = (RunId("base", seed) for seed in (1, 2, 3))


def test_runs_come_in_the_order_given() -> None:
    queue = RunQueue([TWO, ONE, THREE])
    order = []

    while run := queue.peek(now_s=0.0):
        order.append(run)
        queue.remove(run)

    assert order == [TWO, ONE, THREE]
    assert not queue


def test_looking_takes_nothing_out() -> None:
    queue = RunQueue([ONE])

    assert (queue.peek(now_s=0.0), queue.peek(now_s=0.0), bool(queue)) == (ONE, ONE, True)


def test_new_runs_are_due_at_once_whatever_the_clock_says() -> None:
    assert RunQueue([ONE]).peek(now_s=-1e9) == ONE


def test_empty_queue_has_nobody() -> None:
    queue = RunQueue([])

    assert (bool(queue), queue.peek(now_s=1e9)) == (False, None)


def test_run_to_be_tried_again_waits_for_its_time() -> None:
    queue = RunQueue([])
    queue.add(ONE, not_before_s=10.0)

    assert [queue.peek(now_s=now_s) for now_s in (9.99, 10.0)] == [None, ONE]


def test_queue_that_waits_for_a_time_is_not_empty() -> None:
    queue = RunQueue([])
    queue.add(ONE, not_before_s=10.0)

    assert bool(queue)


def test_run_that_waits_for_its_time_holds_up_nobody() -> None:
    queue = RunQueue([ONE])
    queue.remove(ONE)
    queue.add(ONE, not_before_s=10.0)
    queue.add(TWO, not_before_s=5.0)

    assert [queue.peek(now_s=now_s) for now_s in (0.0, 6.0, 20.0)] == [None, TWO, ONE]
