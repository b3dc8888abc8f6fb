# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delays SIGINT (Ctrl-C) and SIGTERM until a moment at which work can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_held() -> Iterator[Callable[[], None]]:
    """Within the block, a signal that would raise KeyboardInterrupt is only recorded; a second one
    raises it at once.

    Yields a function that raises KeyboardInterrupt if a signal was recorded; the end of the block
    calls it, too. Outside the main thread, and where other handlers are installed, nothing changes.
    """
    held = [number for number in (signal.SIGINT, signal.SIGTERM)
            if threading.current_thread() is threading.main_thread()
            and signal.getsignal(number) is signal.default_int_handler]
    recorded: list[int] = []

    def release() -> None:
        for number in held:
            signal.signal(number, signal.default_int_handler)

    def record(number: int, frame: FrameType | None) -> None:
        recorded.append(number)
        release()

    def raise_if_recorded() -> None:
        if recorded:
            raise KeyboardInterrupt

    for number in held:
        signal.signal(number, record)
    try:
        yield raise_if_recorded
    finally:
        release()
    raise_if_recorded()
