# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that start a job from an image, a text or an earlier result."""

import random
from collections.abc import Collection
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import BoolProperty

from ..engine.core.errors import EngineError, ErrorCode
from ..engine.core.requests import (
    REQUESTS,
    ElevationRequest,
    PrepareRequest,
    ReconstructRequest,
    Request,
    SegmentRequest,
    TextRequest,
    ViewsRequest,
)
from .scene import ImportOptions, Place, Record, frames
from .scene.sources import Source, source_of
from .session import preferences as addon
from .session.launch import launch, launch_alone
from .session.messages import SELECT_A_RESULT, report_errors, unless
from .session.request_properties import fill_in, job_properties, properties_of, request_values

# Otherwise Blender would use the values of the last call for the next one from the interface, and
# the settings of the panel would have no effect.
_OPTIONS = {'SKIP_SAVE'}


class RequestOperator(bpy.types.Operator):
    """Base of the operators that start a job.

    Settings that are not given come from the Zero123 tab if the operator is called from the
    interface, and are the request's defaults if it is called from a script.
    """

    REQUEST: ClassVar[type[Request]]
    bl_options = {'REGISTER'}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        fill_in(self, self.tab_settings(context))
        return self.execute(context)

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        chosen = addon.preferences(context)
        fill_in(self, {"device": chosen.device, "dtype": chosen.dtype})
        self.start(context)
        return {'FINISHED'}

    def tab_settings(self, context: bpy.types.Context) -> dict[str, Any]:
        """The settings of the Zero123 tab for this request."""
        return getattr(context.scene.zero123, self.REQUEST.KIND).operator_values()

    def start(self, context: bpy.types.Context) -> None:
        """Start the job.

        Raises:
            EngineError: As in `launch`.
        """


class ImageJob(RequestOperator):
    """Base of the operators that start a job from an image."""

    SKIP: ClassVar[Collection[str]] = ()
    """Request fields that are not properties of the operator."""

    def tab_settings(self, context: bpy.types.Context) -> dict[str, Any]:
        return context.scene.zero123.operator_values(self.REQUEST)

    def start(self, context: bpy.types.Context) -> None:
        values = request_values(self, self.REQUEST, skip={"image", *self.SKIP})
        if values.get("views"):
            values["views"] = bpy.path.abspath(values["views"])
        launch(context, self.REQUEST, values, self.image, self.filepath)


class ZERO123_OT_generate_views(ImageJob):
    """Generate views of the object in an image from other sides, as planes with cameras"""

    bl_idname = "zero123.generate_views"
    bl_label = "Generate Views"
    REQUEST = ViewsRequest
    __annotations__ = job_properties(ViewsRequest)


class ZERO123_OT_reconstruct_mesh(ImageJob):
    """Reconstruct a textured mesh of the object in an image"""

    bl_idname = "zero123.reconstruct_mesh"
    bl_label = "Reconstruct Mesh"
    REQUEST = ReconstructRequest
    __annotations__ = job_properties(ReconstructRequest)


class ZERO123_OT_remove_background(ImageJob):
    """Cut the object out of its background; the cut-out becomes the input image"""

    bl_idname = "zero123.remove_background"
    bl_label = "Remove Background"
    REQUEST = SegmentRequest
    SKIP = ("out",)
    __annotations__ = job_properties(SegmentRequest, SKIP)


class ZERO123_OT_prepare_picture(ImageJob):
    """Show the image as the network will see it: cut out, cropped and centred"""

    bl_idname = "zero123.prepare_picture"
    bl_label = "Preview Input"
    REQUEST = PrepareRequest
    __annotations__ = job_properties(PrepareRequest)


class ZERO123_OT_estimate_elevation(ImageJob):
    """Estimate the elevation of the image's camera, and set it"""

    bl_idname = "zero123.estimate_elevation"
    bl_label = "Estimate Elevation"
    REQUEST = ElevationRequest
    __annotations__ = job_properties(ElevationRequest)


class ZERO123_OT_text_to_image(RequestOperator):
    """Generate an image of an object from a text; it becomes the input image"""

    bl_idname = "zero123.text_to_image"
    bl_label = "Generate Image from Text"
    REQUEST = TextRequest
    __annotations__ = properties_of(TextRequest, options=_OPTIONS)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        fill_in(self, self.tab_settings(context))
        if not self.prompt:
            return context.window_manager.invoke_props_dialog(self)
        return self.execute(context)

    def draw(self, context: bpy.types.Context) -> None:
        for name in ("prompt", "model"):
            self.layout.prop(self, name)

    def start(self, context: bpy.types.Context) -> None:
        launch_alone(context, TextRequest, request_values(self, TextRequest), self.prompt)


class ZERO123_OT_regenerate(bpy.types.Operator):
    """Run the job of the active object again"""

    bl_idname = "zero123.regenerate"
    bl_label = "Regenerate Result"
    bl_options = {'REGISTER'}

    new_seed: BoolProperty(  # type: ignore[valid-type]
        name="New Seed", default=False, options=_OPTIONS,
        description="Use a new random seed, which gives another result")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        record = Record.read(context.active_object)
        return unless(cls, "" if record and record.request else SELECT_A_RESULT)

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        item = context.active_object
        record, group = Record.read(item), frames.result_collection(item)
        assert record is not None  # checked by `poll`
        title = item.users_collection[0].name.removeprefix("Zero123 ")
        context.view_layer.update()
        place = Place.at(frames.result_frame(group, chosen=item)) if group else None
        try:
            values = REQUESTS[record.kind].from_dict(dict(record.request)).to_dict()
            source = Source("", values.pop("image"))
            if group and source.filepath and not Path(source.filepath).is_file():
                source = source_of(group)
                if source.prepared:
                    values["framing"] = "keep"
            if self.new_seed:
                values["seed"] = random.randrange(2**31)
            launch(context, REQUESTS[record.kind], {**values, "out": ""}, source.image,
                   source.filepath, title, place=place,
                   options=ImportOptions.from_dict(record.options))
        except KeyError as error:
            raise EngineError(ErrorCode.BAD_INPUT, f"the result has no record of {error}",
                              "start from its image") from error
        return {'FINISHED'}


CLASSES = (ZERO123_OT_generate_views, ZERO123_OT_reconstruct_mesh, ZERO123_OT_remove_background,
           ZERO123_OT_prepare_picture, ZERO123_OT_estimate_elevation,
           ZERO123_OT_text_to_image, ZERO123_OT_regenerate)
