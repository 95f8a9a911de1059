"""Which view an output gets."""

import io
from datetime import datetime

import pytest

from orchestrator.progress.views import JsonView, LiveView, PlainView, choose_view


@pytest.mark.parametrize(
    ("wants_json", "is_terminal", "term", "kind"),
    [
        (True, True, "xterm", JsonView),
        (True, False, "xterm", JsonView),
        (False, False, "xterm", PlainView),
        (False, True, "xterm", LiveView),
        (False, True, "dumb", PlainView),
    ],
)
def test_view_suits_the_output(monkeypatch, wants_json, is_terminal, term, kind):
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes the stream for a terminal, as `is_terminal` says.

    view = choose_view(
        wants_json=wants_json, is_terminal=is_terminal, stream=io.StringIO(), clock=lambda: 0.0, now=datetime.now
    )

    assert type(view) is kind
