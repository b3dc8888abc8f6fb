# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels for training data and training."""

import bpy

from .tab import Tab


class ZERO123_PT_training(Tab):
    bl_options = {'DEFAULT_CLOSED'}
    bl_label = "Training"

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.label(text="Uses the selected objects, or files", icon='INFO')


class ZERO123_PT_training_model(Tab):
    bl_options = {'DEFAULT_CLOSED'}
    bl_label = "Fine-Tuning"
    bl_parent_id = "ZERO123_PT_training"

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.zero123.train
        _draw(self.layout, settings, (
            "data", "model", "steps", "batch_size", "learning_rate", "seed",
            "precision", "lora", "gradient_checkpointing", "preview_every", "views", "samples"))
        self.layout.operator("zero123.train_model", icon='GRAPH')


class ZERO123_PT_training_views(Tab):
    bl_options = {'DEFAULT_CLOSED'}
    bl_label = "Training Views"
    bl_parent_id = "ZERO123_PT_training"

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.zero123.render
        _draw(self.layout, settings, (
            "models", "views", "size", "samples", "seed", "workers", "folders"))
        self.layout.operator("zero123.render_dataset", icon='RENDER_STILL')


def _draw(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup,
          names: tuple[str, ...]) -> None:
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for name in names:
        column.prop(settings, name)


CLASSES = (ZERO123_PT_training, ZERO123_PT_training_model, ZERO123_PT_training_views)
