# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training views of 3D models, rendered by Blender with Cycles as the paper's were.

`in_blender.py` is run by Blender and imported by nobody: the rest of the engine knows no bpy.
"""
