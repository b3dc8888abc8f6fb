# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that start a job for each of several pictures, with the Zero123 tab's settings."""

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
    """What the two share: what to make, and one job for each picture."""

    bl_options = {'REGISTER'}
    KIND = EnumProperty(
        name="Make", default='VIEWS', options=_OPTIONS,
        items=[('VIEWS', "Views", "Generate views of every picture"),
               ('MESH', "Meshes", "Reconstruct a mesh from every picture")])

    def queue(self, context: bpy.types.Context, pictures: Iterable[dict[str, str]]) -> set[str]:
        """Start a job for each picture, given as the operator's keywords. A picture that can't
        be used is told of and doesn't keep the others from being made.
        """
        settings = context.scene.zero123.operator_values(_REQUESTS[self.kind])
        settings.pop("views", None)  # existing views are of one picture
        problems = []
        count = 0
        for picture in pictures:
            try:
                self._start({**settings, "image": "", **picture})
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
    """Choose several picture files, and have views or a mesh made of each"""

    bl_idname = "zero123.queue_pictures"
    bl_label = "Queue Pictures"
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
            self.report({'ERROR'}, rpt_("Choose at least one picture"))
            return {'CANCELLED'}
        return self.queue(context, [{"filepath": str(folder / name)} for name in names])


class ZERO123_OT_queue_selected(_Queue):
    """Have views or a mesh made of the picture of every selected image empty or plane"""

    bl_idname = "zero123.queue_selected"
    bl_label = "Queue Selected"
    __annotations__ = {"kind": _Queue.KIND}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        found = any(image_of(item) for item in context.selected_objects)
        return unless(cls, "" if found else "Select image empties or planes with a picture")

    def execute(self, context: bpy.types.Context) -> set[str]:
        # A dictionary, as a set has no order: each picture once, as names outlive the import.
        found = {image.name: None for item in context.selected_objects
                 if (image := image_of(item)) is not None}
        return self.queue(context, [{"image": name} for name in found])


CLASSES = (ZERO123_OT_queue_pictures, ZERO123_OT_queue_selected)
