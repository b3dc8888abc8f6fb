# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zero123 for Blender: from one picture to new views and a textured mesh."""

from . import operators, ui


def register() -> None:
    """Called by Blender when the extension is switched on."""
    operators.register()
    ui.register()


def unregister() -> None:
    """Called by Blender when the extension is switched off, and at its exit."""
    ui.unregister()
    operators.unregister()
