# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
import bpy

settings = bpy.context.scene.zero123

settings.mode = 'ORBIT'
settings.like_input = True
settings.samples = 1
settings.steps = 0
settings.orbit = 4
settings.method = 'views'
settings.view_count = 8
settings.resolution = 64
settings.iterations = 100
settings.refine = 0
settings.faces = 5000
settings.texture_size = 512
