# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The standard streams of the engine's process, reserved for the protocol."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from typing import BinaryIO

from ..core.protocol import Message, encode


class MessageWriter:
    """Writes messages to a byte stream, whole lines at a time; may be called from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write and flush. Raises OSError if the other end is closed."""
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
    """A private copy of stdin, so that no library or child process can read commands."""
    private = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return os.fdopen(private, "rb")


def interrupt_at_eof() -> None:
    """Interrupt the main thread, as Ctrl-C does, when stdin closes."""
    # A program that was started in the background ignores Ctrl-C by default.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_interrupt, args=(reserve_stdin(),), daemon=True).start()


def _interrupt(stdin: BinaryIO) -> None:
    while stdin.read(4096):
        pass
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:  # a real signal also wakes a thread that waits for the network
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
