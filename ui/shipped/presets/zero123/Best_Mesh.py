# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
import bpy

settings = bpy.context.scene.zero123

settings.method = 'views'
settings.steps = 0
settings.view_count = 24
settings.resolution = 128
settings.iterations = 600
settings.refine = 200
settings.faces = 50000
settings.texture_size = 2048
