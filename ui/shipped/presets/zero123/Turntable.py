# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
import bpy

settings = bpy.context.scene.zero123

settings.mode = 'ORBIT'
settings.like_input = True
settings.samples = 1
settings.steps = 0
settings.orbit = 24
