# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine for Blender that has another computer do the work."""

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
from .ssh_host import Host


def serve(host: Host, idle_s: float | None = None) -> int:
    """As `server.serve`; it is ready when the engine on the host is.

    A lost connection is made anew for the next job.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ssh inherits it; see `server.serve`
    engine = RemoteEngine(host, idle_s)
    try:
        engine.connect()
    except EngineError as error:
        with suppress(OSError):
            MessageWriter(reserve_stdout()).send(
                Failed("", error.code.value, error.message, error.hint))
        return error.code.exit_code

    def handler(kind: str) -> server.Handler:
        def handle(values: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
            return engine.run(REQUESTS[kind].from_dict(values), reporter)
        return handle

    return server.serve({kind: handler(kind) for kind in REQUESTS}, release=engine.client.release)
