# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels for training data and training."""

import bpy

from .tab import Tab, draw_settings


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
        draw_settings(self.layout, settings, (
            "data", "model", "steps", "batch_size", "learning_rate", "seed",
            "precision", "lora", "gradient_checkpointing", "preview_every", "view_count",
            "samples"))
        self.layout.operator("zero123.train_model", icon='GRAPH')


class ZERO123_PT_training_views(Tab):
    bl_options = {'DEFAULT_CLOSED'}
    bl_label = "Training Views"
    bl_parent_id = "ZERO123_PT_training"

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.zero123.render
        draw_settings(self.layout, settings, (
            "models", "view_count", "size", "samples", "seed", "workers", "folders"))
        self.layout.operator("zero123.render_dataset", icon='RENDER_STILL')


CLASSES = (ZERO123_PT_training, ZERO123_PT_training_model, ZERO123_PT_training_views)
