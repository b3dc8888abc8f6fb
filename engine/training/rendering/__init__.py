# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders training views of 3D models in Blender with Cycles, like those of the paper.

Blender runs `in_blender.py`; no module imports it, because the rest of the engine does not use bpy.
"""
