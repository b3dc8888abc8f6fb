# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selects a subset of the test objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def evenly_spaced(objects: Sequence[T], count: int) -> list[T]:
    """At most `count` of the objects, at equal distances in their order."""
    count = min(count, len(objects))
    return [objects[i * len(objects) // count] for i in range(count)]
