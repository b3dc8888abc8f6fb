# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings results on the disk into a scene: views as reference planes with cameras, meshes.

An import either succeeds or leaves the file as it was.
"""

from .import_result import import_result
from .options import ImportOptions, import_properties
from .placement import Place
from .record import Record

__all__ = ["ImportOptions", "Place", "Record", "import_properties",
           "import_result"]
