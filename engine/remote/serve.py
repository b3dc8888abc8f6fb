# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that runs Blender's jobs on another computer."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import Any

from ..core.errors import EngineError
from ..core.protocol import Failed
from ..core.reporting import Reporter
from ..core.requests import REQUESTS
from ..jobs import server
from ..transport.streams import MessageWriter, reserve_stdout
from .run import RemoteEngine
from .ssh_host import SshHost


def serve(host: SshHost, idle_s: float | None = None) -> int:
    """As `server.serve`; it is ready when the engine on the host is.

    After a lost connection, the next job connects again.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ssh inherits it; see `server.serve`
    engine = RemoteEngine(host, idle_s)
    try:
        engine.connect()
    except EngineError as error:
        with suppress(OSError):
            MessageWriter(reserve_stdout()).send(Failed("", **error.to_dict()))
        return error.code.exit_code

    def handler(kind: str) -> server.Handler:
        def handle(values: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
            return engine.run(REQUESTS[kind].from_dict(values), reporter)
        return handle

    return server.serve({kind: handler(kind) for kind in REQUESTS}, release=engine.client.release)
