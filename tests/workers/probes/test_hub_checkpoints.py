"""Checkpoints of a hub are fetched by model and revision; a server on loopback stands in for the public one."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from configs.errors import ConfigurationError
from workers.probes.hub_checkpoints import fetch_checkpoints, fetch_from_hub

FILES = {"config.json": b'{"vocab_size": 7}', "model.safetensors": b"weights", "pytorch_model.bin": b"a pickle"}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """One model, `org/model-seed1`, with one revision, `step5`."""

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def _answer(self, *, has_body: bool) -> None:
        name = self.path.partition("?")[0].rpartition("/")[2]
        if self.path.startswith("/api/models/org/model-seed1/revision/step5"):
            listed = {"id": "org/model-seed1", "sha": COMMIT, "siblings": [{"rfilename": name} for name in FILES]}
            self._send(json.dumps(listed).encode(), has_body=has_body)
        elif self.path.startswith("/api/models/org/model-seed1/tree/"):
            tree = [
                {"type": "file", "oid": hashlib.sha1(content).hexdigest(), "size": len(content), "path": name}
                for name, content in FILES.items()
            ]
            self._send(json.dumps(tree).encode(), has_body=has_body)
        elif self.path.startswith("/org/model-seed1/resolve/") and name in FILES:
            self._send(FILES[name], has_body=has_body)
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send(self, content: bytes, *, has_body: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if has_body:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: tests are quiet."""


@pytest.fixture(scope="module")
def endpoint():
    """The address of the hub."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def hub_cache(tmp_path, monkeypatch) -> Path:
    """A cache of the test's own."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_revision_is_fetched_without_its_pickles(endpoint, hub_cache) -> None:
    directory = fetch_from_hub("org/model-seed1", "step5", endpoint=endpoint)

    assert directory.is_relative_to(hub_cache)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == {
        name: content for name, content in FILES.items() if name != "pytorch_model.bin"
    }


def test_model_that_is_not_there_is_one_clear_sentence(endpoint, hub_cache) -> None:
    with pytest.raises(ConfigurationError, match="org/other at revision step5 cannot be had"):
        fetch_from_hub("org/other", "step5", endpoint=endpoint)


def test_every_combination_is_fetched_in_order() -> None:
    asked = []

    def fetch(model: str, revision: str) -> Path:
        asked.append((model, revision))
        return Path(model) / revision

    found = fetch_checkpoints(
        "hub:org/{condition}-seed{seed}@step{step}",
        conditions=("14m", "70m"),
        seeds=(3, 1),
        steps=(512, 0),
        fetch=fetch,
    )

    assert asked[:3] == [("org/14m-seed1", "step0"), ("org/14m-seed3", "step0"), ("org/14m-seed1", "step512")]
    assert [(one.condition, one.step, one.seed) for one in found][-1] == ("70m", 512, 3)


@pytest.mark.parametrize(
    ("pattern", "changes", "complaint"),
    [
        ("hub:org/seed{seed}-step{step}", {}, "names no revision"),
        ("hub:org/seed{seed}@step{step}", {"seeds": ()}, "list them with --seeds"),
        ("hub:org/seed{seed}@step{step}", {"steps": ()}, "list them with --steps"),
        ("hub:org/seed{seed}@step{step}", {"conditions": ("14m",)}, "where the pattern has"),
        ("hub:org/seed{seed}@main", {}, r"lacks \{step\}"),
    ],
)
def test_wrong_request_is_one_clear_sentence(pattern, changes, complaint) -> None:
    values = {"conditions": (), "seeds": (1,), "steps": (0,), "fetch": lambda model, revision: Path(model)} | changes

    with pytest.raises(ConfigurationError, match=complaint):
        fetch_checkpoints(pattern, **values)
