# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many test objects to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def spread(objects: Sequence[T], count: int) -> list[T]:
    """`count` of the objects, evenly spaced over their order: nobody's choice."""
    count = min(count, len(objects))
    return [objects[i * len(objects) // count] for i in range(count)]
