# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C and a polite kill, which come at any moment, held back to one at which work can be kept.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_held() -> Iterator[Callable[[], None]]:
    """While this lasts, signals that would raise KeyboardInterrupt only leave a note; a second one
    raises it at once.

    Gives what raises it if there is a note; at the end, that is looked at once more. Elsewhere
    than on the main thread, and where such signals mean something else, nothing changes.
    """
    held = [number for number in (signal.SIGINT, signal.SIGTERM)
            if threading.current_thread() is threading.main_thread()
            and signal.getsignal(number) is signal.default_int_handler]
    noted: list[int] = []

    def release() -> None:
        for number in held:
            signal.signal(number, signal.default_int_handler)

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        release()

    def look() -> None:
        if noted:
            raise KeyboardInterrupt

    for number in held:
        signal.signal(number, note)
    try:
        yield look
    finally:
        release()
    look()
