# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's state while Blender runs, under one object: `session`.

This package uses `operators.scene`, never the other way round.
"""

from .state import Session, session

__all__ = ["Session", "session"]
