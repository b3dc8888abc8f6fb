# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From pictures with cameras to a mesh."""

from .views import Reconstruction, reconstruct, reconstruct_by_score

__all__ = ["Reconstruction", "reconstruct", "reconstruct_by_score"]
