# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a torch device: how much is free, and how to release it. Fast to import."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress


def device_memory(device: str) -> tuple[int, int]:
    """(free, total) bytes of the device; of the main memory for a CPU and an Apple GPU."""
    if device.startswith("cuda"):
        import torch

        free, total = torch.cuda.mem_get_info(device)
        # torch keeps freed memory, which the driver counts as used.
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return free + kept, total
    import psutil

    main = psutil.virtual_memory()
    return main.available, main.total


def release_unused_memory() -> None:
    """Return unused memory to the system and to the device."""
    gc.collect()
    if sys.platform == "linux":  # glibc keeps most of the freed memory otherwise
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
