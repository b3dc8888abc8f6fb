# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that start a job for each of several images, with the settings of the Zero123 tab."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, StringProperty

from ..engine.core.requests import ReconstructRequest, Request, ViewsRequest
from .scene.images import image_of
from .session.messages import unless

_OPTIONS = {'SKIP_SAVE'}
_REQUESTS: dict[str, type[Request]] = {'VIEWS': ViewsRequest, 'MESH': ReconstructRequest}


class _Queue(bpy.types.Operator):
    """Base of both operators: starts one job per image."""

    bl_options = {'REGISTER'}
    KIND = EnumProperty(
        name="Make", default='VIEWS', options=_OPTIONS,
        items=[('VIEWS', "Views", "Generate views of every image"),
               ('MESH', "Meshes", "Reconstruct a mesh from every image")])

    def queue(self, context: bpy.types.Context, images: Iterable[dict[str, str]]) -> set[str]:
        """Start a job for each image, given as keywords of the operator.

        An image that cannot be used is reported and does not stop the others.
        """
        settings = context.scene.zero123.operator_values(_REQUESTS[self.kind])
        settings.pop("views", None)  # existing views belong to one image
        problems = []
        count = 0
        for image in images:
            try:
                self._start({**settings, "image": "", **image})
                count += 1
            except RuntimeError as error:
                problems.append(str(error).strip().removeprefix("Error: "))
        for problem in problems:
            self.report({'ERROR'}, problem)
        self.report({'INFO'}, rpt_("Started {} jobs").format(count))
        return {'FINISHED'} if count else {'CANCELLED'}

    def _start(self, values: dict[str, Any]) -> None:
        if self.kind == 'VIEWS':
            bpy.ops.zero123.generate_views(**values)
        else:
            bpy.ops.zero123.reconstruct_mesh(**values)


class ZERO123_OT_queue_pictures(_Queue):
    """Choose several image files, and generate views or a mesh of each"""

    bl_idname = "zero123.queue_pictures"
    bl_label = "Queue Images"
    __annotations__ = {
        "kind": _Queue.KIND,
        "directory": StringProperty(subtype='DIR_PATH', options={'HIDDEN', 'SKIP_SAVE'}),
        "files": CollectionProperty(
            type=bpy.types.OperatorFileListElement, options={'HIDDEN', 'SKIP_SAVE'}),
        "filter_image": BoolProperty(default=True, options={'HIDDEN', 'SKIP_SAVE'}),
        "filter_folder": BoolProperty(default=True, options={'HIDDEN', 'SKIP_SAVE'}),
    }

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {'RUNNING_MODAL'}

    def execute(self, context: bpy.types.Context) -> set[str]:
        folder = Path(bpy.path.abspath(self.directory))
        names = [file.name for file in self.files if file.name]
        if not names:
            self.report({'ERROR'}, rpt_("Choose at least one image"))
            return {'CANCELLED'}
        return self.queue(context, [{"filepath": str(folder / name)} for name in names])


class ZERO123_OT_queue_selected(_Queue):
    """Generate views or a mesh of the image of every selected image empty or plane"""

    bl_idname = "zero123.queue_selected"
    bl_label = "Queue Selected"
    __annotations__ = {"kind": _Queue.KIND}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        found = any(image_of(item) for item in context.selected_objects)
        return unless(cls, "" if found else "Select image empties, or planes with an image")

    def execute(self, context: bpy.types.Context) -> set[str]:
        # By name, because an import may invalidate references; a dictionary keeps the order.
        found = {image.name: None for item in context.selected_objects
                 if (image := image_of(item)) is not None}
        return self.queue(context, [{"image": name} for name in found])


CLASSES = (ZERO123_OT_queue_pictures, ZERO123_OT_queue_selected)
