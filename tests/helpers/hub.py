# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local server with the part of the hub's API that huggingface_hub uses; it can simulate
faults."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIECE = 64 * 1024


@dataclass
class Request:
    """A client's request."""

    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass
class Hub:
    """Serves `files` by name; with a context, on a free port."""

    files: dict[str, bytes]
    status: int = 200
    """If it is not 200, the hub answers every request with this status."""
    cut_after: int | None = None
    """Number of bytes of every body after which the connection is closed."""
    announced: dict[str, bytes] = field(default_factory=dict)
    """Contents whose digest and length are stated instead of a file's own."""
    ranges: bool = True
    """Whether range requests are answered."""
    hold_after: int | None = None
    """Number of bytes of a body after which the server waits until this is None again."""
    elsewhere: str = ""
    """Another server to which requests for bodies are redirected."""
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Hub:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def bodies(self) -> list[Request]:
        """The requests for contents."""
        return [request for request in self.requests if request.method == "GET"]


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection according to the hub's current settings."""

    protocol_version = "HTTP/1.1"

    def __init__(self, hub: Hub, *connection: Any) -> None:
        self.hub = hub
        super().__init__(*connection)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None: ...

    def _answer(self, body: bool) -> None:
        wanted = self.headers.get("Range")
        self.hub.requests.append(Request(self.command, self.path, wanted,
                                         self.headers.get("Authorization")))
        path = urlsplit(self.path).path
        if path.startswith("/api/models/") and self.hub.status == 200:
            self._list_files(path.removeprefix("/api/models/"))
            return
        name = path.partition(f"/resolve/{COMMIT}/")[2] or path.partition("/resolve/main/")[2] or (
            path.rpartition("/")[2])
        if self.hub.status != 200 or name not in self.hub.files:
            self._refuse(404 if self.hub.status == 200 else self.hub.status)
            return
        content = self.hub.files[name]
        shown = self.hub.announced.get(name, content)
        if self.hub.elsewhere and "/resolve/" in self.path:
            self._redirect(name, shown)
            return
        start = 0
        if wanted and self.hub.ranges:
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            if start >= len(content):
                self._refuse(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self._describe(shown, len(shown if not body else content) - start)
        self.end_headers()
        if body:
            self._send(content[start:])

    def _list_files(self, repo: str) -> None:
        """The part of the hub's description of a repository that the client needs."""
        content = json.dumps({"id": repo, "modelId": repo, "sha": COMMIT, "siblings": [
            {"rfilename": name} for name in self.hub.files]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _redirect(self, name: str, shown: bytes) -> None:
        self.send_response(302)
        self.send_header("Location", f"{self.hub.elsewhere}/cdn/{name}?Signature=secret")
        self._describe(shown, 0)
        self.end_headers()

    def _describe(self, content: bytes, length: int) -> None:
        digest = hashlib.sha256(content).hexdigest()
        if "/resolve/" in self.path:
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-Etag", f'"{digest}"')
            self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("ETag", f'"{digest[:32]}"')
        self.send_header("Content-Length", str(length))

    def _send(self, content: bytes) -> None:
        sent = 0
        end = len(content) if self.hub.cut_after is None else min(self.hub.cut_after, len(content))
        try:
            while sent < end:
                while self.hub.hold_after is not None and sent >= self.hub.hold_after:
                    time.sleep(0.01)
                piece = content[sent:min(sent + PIECE, end)]
                self.wfile.write(piece)
                sent += len(piece)
        except OSError:
            pass  # the client has left
        self.close_connection = sent < len(content)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status in (401, 403):
            self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("Content-Length", "0")
        self.end_headers()
