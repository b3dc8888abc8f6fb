# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zero123 engine: from one image to novel views and textured meshes.

Pure Python that never imports bpy. Importing this package has no side effects and loads no heavy
library: Blender imports only `core`, `transport` and `setup`, and torch is loaded inside the
engine's process when a job needs it.
"""
