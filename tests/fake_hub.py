"""A hub on loopback that speaks as much of the real one's language as huggingface_hub asks for."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """One repository, ``owner/name``, with the files that a test gives; a context manager.

    Attributes:
        half_sent: set when the first half of a file has been sent.
        go_on: the second half is sent once this is set.
        status: what every question about the repository is answered with.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        """Bind a free port."""
        self.files = files
        self.half_sent, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.status, self.error_code = 200, ""
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def do_HEAD(self) -> None:
                hub.answer(self)

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one question."""
        path = unquote(urlsplit(request.path).path)
        self.asked.append(path)
        if self.status != 200:
            self._send(request, self.status, b"{}", {"X-Error-Code": self.error_code})
        elif "/resolve/" in path:
            self._file(request, path.split(f"/resolve/{COMMIT}/")[-1])
        elif "/tree/" in path:
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}  # noqa: S324 (git's ids)
                for name, data in self.files.items()
            ]
            self._send(request, 200, json.dumps(tree).encode(), {})
        else:
            info = {"id": "owner/name", "sha": COMMIT, "siblings": [], "private": False, "tags": [], "downloads": 0}
            self._send(request, 200, json.dumps(info).encode(), {})

    def _file(self, request: BaseHTTPRequestHandler, name: str) -> None:
        data = self.files[name]
        head = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": COMMIT}  # noqa: S324 (git's ids)
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        half = len(data) // 2
        request.send_response(206 if start else 200)
        for key, value in head.items():
            request.send_header(key, value)
        request.send_header("Content-Length", str(len(data) - start))
        request.end_headers()
        if request.command == "HEAD":
            return
        with suppress(ConnectionError):  # whoever asked was cancelled
            request.wfile.write(data[start:half])
            self.half_sent.set()
            self.go_on.wait()
            request.wfile.write(data[max(start, half) :])

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, head: dict[str, str]) -> None:
        request.send_response(status)
        for key, value in {**head, "Content-Length": str(len(body)), "Content-Type": "application/json"}.items():
            request.send_header(key, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
