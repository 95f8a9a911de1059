"""An object store on loopback, and the fsspec protocol by which any process reaches it: loopback://127.0.0.1:PORT/place."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote

from fsspec.spec import AbstractFileSystem


class ObjectServer:
    """Whole objects by key in this process's memory; an object appears, changes and disappears at once."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.is_refusing = False
        """While this is so, every request fails."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    @property
    def uri(self) -> str:
        return f"loopback://127.0.0.1:{self._http.server_address[1]}/place"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if not server.is_refusing:
                    server.objects[self._key()] = data
                self._answer(b"")

            def do_GET(self) -> None:
                data = server.objects.get(self._key())
                self._answer(data or b"", status=200 if data is not None else 404)

            def do_DELETE(self) -> None:
                found = self._key() in server.objects
                if not server.is_refusing:
                    server.objects.pop(self._key(), None)
                self._answer(b"", status=200 if found else 404)

            def do_POST(self) -> None:
                self._answer(json.dumps([key for key in list(server.objects) if key.startswith(self._key())]).encode())

            def log_message(self, *values: Any) -> None:
                pass

            def _key(self) -> str:
                return unquote(self.path).strip("/")

            def _answer(self, data: bytes, *, status: int = 200) -> None:
                self.send_response(503 if server.is_refusing else status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler


class LoopbackStore(AbstractFileSystem):
    """What fsspec asks of a file system, as far as one without directories has it."""

    protocol = "loopback"
    cachable = False

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> None:
        self._ask("PUT", path, value)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        return self._ask("GET", path)[start:end]

    def rm_file(self, path: str) -> None:
        self._ask("DELETE", path)

    def find(self, path: str, **_: Any) -> list[str]:
        host = self._strip_protocol(path).partition("/")[0]
        return [f"{host}/{key}" for key in json.loads(self._ask("POST", f"{path}/"))]

    def _ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        host, _, key = self._strip_protocol(path).partition("/")
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request(method, f"/{quote(key)}", data)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status == 404:
            raise FileNotFoundError(path)
        if answer.status != 200:
            raise ConnectionError(f"{method} was answered with {answer.status}")
        return content
