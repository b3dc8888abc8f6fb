# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process's own streams, kept for the protocol alone."""

from __future__ import annotations

import os
import sys
import threading
from typing import BinaryIO

from .protocol import Message, encode


class MessageWriter:
    """Writes messages to a byte stream, whole lines at a time; may be called from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write and flush. Raises OSError if nobody listens any more."""
        line = encode(message).encode() + b"\n"
        with self._lock:
            self._stream.write(line)
            self._stream.flush()


def reserve_stdout() -> BinaryIO:
    """A private copy of stdout. What libraries print, from Python or C, goes to stderr instead."""
    sys.stdout.flush()
    private = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(private, "wb")


def reserve_stdin() -> BinaryIO:
    """A private copy of stdin, so that no library or child process can eat commands."""
    private = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return os.fdopen(private, "rb")
