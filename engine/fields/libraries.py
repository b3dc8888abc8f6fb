# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that can take over parts of the work on fields, where they may.

None is needed. Which may is found out by `accelerators`, and said by `using`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

TINY_CUDA, NERFACC = "tinycudann", "nerfacc"
"""NVIDIA's tiny-cuda-nn: features of the hash grid. NerfAcc: where rays meet something."""
LIBRARIES = (TINY_CUDA, NERFACC)

_used: ContextVar[tuple[str, frozenset[str]]] = ContextVar("_used", default=("", frozenset()))


@contextmanager
def using(device: torch.device, names: Collection[str]) -> Iterator[None]:
    """Let libraries work on devices of this type, and on no others."""
    token = _used.set((device.type, frozenset(names)))
    try:
        yield
    finally:
        _used.reset(token)


def uses(name: str, device: torch.device) -> bool:
    """Whether a library is to work on a device."""
    kind, names = _used.get()
    return name in names and kind == device.type
