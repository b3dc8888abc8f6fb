# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers of the tests of the process boundary."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from engine.core.protocol import TERMINAL, Message
from engine.transport.client import EngineClient

HERE = Path(__file__).parent
LONG_JOB_SERVER = [sys.executable, str(HERE / "long_job_server.py")]
LONG = {"steps": 10_000, "sleep": 0.02}
PATIENCE_S = 20.0
"""Longest wait for an immediate answer, seconds; long, because the machine may be busy."""


def poll_until(client: EngineClient, enough: Callable[[list[Message]], bool],
               patience_s: float = PATIENCE_S) -> list[Message]:
    """All messages up to the poll after which `enough` is true."""
    messages: list[Message] = []
    deadline = time.monotonic() + patience_s
    while not enough(messages):
        assert time.monotonic() < deadline, f"waited in vain; there came {messages[-5:]}"
        messages += client.poll()
        time.sleep(0.005)
    return messages


def has(kind: type[Message], job: str) -> Callable[[list[Message]], bool]:
    return lambda messages: any(isinstance(m, kind) and getattr(m, "job", "") == job
                                for m in messages)


def terminals(messages: list[Message], job: str) -> list[Message]:
    return [m for m in messages if isinstance(m, TERMINAL) and m.job == job]
