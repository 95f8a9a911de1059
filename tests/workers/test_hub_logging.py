"""The hub's library tells of every try, twice; a reader wants what came of them."""

import logging
from collections.abc import Iterator

import pytest

from workers.hub_logging import hush_hub


@pytest.fixture
def hub() -> Iterator[logging.Logger]:
    """The library's logger at a level of its own, put back afterwards, and the root's likewise."""
    hub, root = logging.getLogger("huggingface_hub"), logging.getLogger()
    before = hub.level, root.level
    hub.setLevel(logging.WARNING)
    yield hub
    hub.setLevel(before[0])
    root.setLevel(before[1])


def test_retries_of_the_hub_are_silent_and_its_errors_are_not(hub: logging.Logger) -> None:
    logging.getLogger().setLevel(logging.WARNING)

    hush_hub()

    assert not hub.isEnabledFor(logging.WARNING)
    assert hub.isEnabledFor(logging.ERROR)


def test_who_asks_for_everything_hears_everything(hub: logging.Logger) -> None:
    logging.getLogger().setLevel(logging.DEBUG)

    hush_hub()

    assert hub.isEnabledFor(logging.WARNING)
