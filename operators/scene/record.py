# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom property that records how an object was made, so that it can be regenerated."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

KEY = "zero123"
"""Name of the custom property on every object that an import makes; its value is JSON."""


@dataclass
class Record:
    """How an object was made."""

    kind: str = ""
    """Kind of the job: "views" or "reconstruct"."""
    request: dict[str, Any] = field(default_factory=dict)
    """The request's fields; empty if the result was imported from files alone."""
    model: str = ""
    seed: int = 0
    files: list[str] = field(default_factory=list)
    """The result files this object was made from."""
    view: dict[str, Any] = field(default_factory=dict)
    """For a view's plane or camera its angles and radius, as in views.json; for a turntable's plane
    the number of frames of a turn, as "turn"."""

    options: dict[str, Any] = field(default_factory=dict)
    """The options of the import, as `ImportOptions.values`."""

    @property
    def is_view(self) -> bool:
        """Whether it belongs to a generated view's plane or camera."""
        return "file" in self.view

    @property
    def is_input(self) -> bool:
        """Whether it belongs to the input image's plane or camera."""
        return "azimuth_deg" in self.view and not self.is_view

    def write(self, item: Any) -> None:
        """Store it on an object."""
        item[KEY] = json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, item: Any) -> Record | None:
        """The record of an object, or None if it has no readable one."""
        try:
            return cls(**json.loads(item[KEY]))
        except (KeyError, TypeError, ValueError):
            return None
