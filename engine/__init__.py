# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zero123 engine: one picture in, novel views and textured meshes out.

Pure Python that never imports bpy. Importing this package is free of side effects and of heavy
libraries: Blender imports `engine.client`, `engine.protocol` and `engine.environment` in its own
Python, and torch is only loaded inside the engine's process when a job needs it.
"""
