# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that pick and mend views, and make a mesh of those that are picked."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import BoolProperty, IntProperty, StringProperty

from ..engine.core.errors import EngineError, ErrorCode
from ..engine.core.requests import ReconstructRequest, ViewsRequest
from .generate import PictureJob, job_properties
from .scene import Record
from .scene.frames import result_collection
from .scene.options import PATH_OPTIONS
from .scene.views import pose_of
from .session import preferences as addon
from .session import timer as background
from .session.jobs import Mend
from .session.launch import launch, result_folder, show_pick
from .session.messages import SELECT_A_RESULT, report_errors, unless
from .session.request_properties import request_values
from .session.view_selection import picks

NEW_SEEDS = 10**6
"""New seeds are below: short enough to read in the list and to type."""
_OPTIONS = {'SKIP_SAVE'}


def views_file(item: bpy.types.Object | None) -> Path | None:
    """The views.json of the result that an object belongs to; None for any other object."""
    record = Record.read(item) if item is not None else None
    if record is None or not record.files:
        return None
    file = Path(record.files[0])
    return file if file.suffix == ".json" else file.parent / "views" / "views.json"


def title_of(item: bpy.types.Object) -> str:
    """The name of the picture that an object comes from."""
    group = result_collection(item)
    return group.name.removeprefix("Zero123 ") if group else ""


class _ViewOperator(bpy.types.Operator):
    """What the operators share that act on one view of the list."""

    VIEW = IntProperty(
        name="View", default=-1, min=-1, options=_OPTIONS,
        description="Number of the view in the list, from 0; -1 takes the active object's")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        known = bool(picks.views) or views_file(context.active_object) is not None
        return unless(cls, "" if known else
                      "Select a view that Zero123 has made, or pick a result's views")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        self.act(context, self._index(context))
        background.redraw()
        return {'FINISHED'}

    def act(self, context: bpy.types.Context, index: int) -> None:
        """What the operator does to the view at this place in the list."""

    def _index(self, context: bpy.types.Context) -> int:
        """The view that is meant; the active object's result is listed if it isn't.

        Raises:
            EngineError: `BAD_INPUT` if there is no such view.
        """
        index = self.view
        if index < 0:
            active = context.active_object
            record, file = Record.read(active) if active else None, views_file(active)
            if record is None or file is None or not record.is_view:
                index = picks.open
            else:
                if file != picks.path:
                    picks.load(file, title_of(active))
                index = picks.find(pose_of(record.view))
        if not 0 <= index < len(picks.views):
            raise EngineError(ErrorCode.BAD_INPUT, "this view is not in the list",
                              "select its plane, or give its number")
        return index


class ZERO123_OT_pick_views(bpy.types.Operator):
    """List the views of the active object's result, to choose those for a mesh"""

    bl_idname = "zero123.pick_views"
    bl_label = "Pick Views"

    filepath: StringProperty(  # type: ignore[valid-type]
        name="File", subtype='FILE_PATH', options=PATH_OPTIONS,
        description="A views.json that Zero123 has written; empty takes the active object's")

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        active = None if self.filepath else context.active_object
        file = views_file(active) if active else Path(bpy.path.abspath(self.filepath))
        if file is None or not (active or self.filepath):
            self.report({'ERROR'}, rpt_(SELECT_A_RESULT))
            return {'CANCELLED'}
        picks.load(file.parent / "views" / "views.json" if file.suffix == ".glb" else file,
                   title_of(active) if active else "")
        background.redraw()
        return {'FINISHED'}


class ZERO123_OT_use_view(_ViewOperator):
    """Use this view for the mesh, or leave it out"""

    bl_idname = "zero123.use_view"
    bl_label = "Use View"
    __annotations__ = {
        "view": _ViewOperator.VIEW,
        "use": BoolProperty(name="Use", default=True, options=_OPTIONS,
                            description="Whether the mesh is fitted to this view"),
    }

    def act(self, context: bpy.types.Context, index: int) -> None:
        picks.views[index].use = self.use
        picks.keep()


class ZERO123_OT_show_samples(_ViewOperator):
    """Show all samples of this view to choose from, or hide them again"""

    bl_idname = "zero123.show_samples"
    bl_label = "Show Samples of View"
    __annotations__ = {"view": _ViewOperator.VIEW}

    def act(self, context: bpy.types.Context, index: int) -> None:
        picks.open = -1 if picks.open == index else index


class ZERO123_OT_choose_sample(_ViewOperator):
    """Take this sample for the view, also at its plane in the scene"""

    bl_idname = "zero123.choose_sample"
    bl_label = "Choose Sample of View"
    bl_options = {'REGISTER', 'UNDO'}
    __annotations__ = {
        "view": _ViewOperator.VIEW,
        "sample": IntProperty(name="Sample", default=0, min=0, options=_OPTIONS,
                              description="Number of the sample in the list, from 0"),
    }

    def act(self, context: bpy.types.Context, index: int) -> None:
        view = picks.views[index]
        if self.sample >= len(view.samples):
            raise EngineError(ErrorCode.BAD_INPUT, f"there are {len(view.samples)} samples",
                              "count from 0")
        before, view.chosen = view.chosen, self.sample
        try:
            show_pick(context.scene, index)
        except EngineError:
            view.chosen = before
            raise
        picks.keep()


class ZERO123_OT_regenerate_view(_ViewOperator):
    """Make other samples of this view alone; the first becomes the view's picture"""

    bl_idname = "zero123.regenerate_view"
    bl_label = "Regenerate View"
    bl_options = {'REGISTER'}
    __annotations__ = {
        "view": _ViewOperator.VIEW,
        "seed": IntProperty(
            name="Seed", default=-1, min=-1, options=_OPTIONS,
            description="Same seed, same samples; -1 takes a new one"),
        "samples": IntProperty(
            name="Samples", default=1, min=1, max=64, options=_OPTIONS,
            translation_context=addon.CONTEXT,
            description="Different samples to choose from"),
    }

    def act(self, context: bpy.types.Context, index: int) -> None:
        assert picks.path is not None  # else there is no view
        azimuth, elevation, radius = picks.views[index].pose
        chosen = addon.preferences(context)
        values = {
            **picks.settings(), "azimuth": [azimuth], "elevation": [elevation],
            "radius": [radius], "samples": self.samples,
            "seed": self.seed if self.seed >= 0 else random.randrange(NEW_SEEDS),
            "device": chosen.device, "dtype": chosen.dtype}
        launch(context, ViewsRequest, values, "", picks.picture(), picks.title,
               mends=Mend(picks.path, picks.views[index].pose))


class ZERO123_OT_reconstruct_picked(PictureJob):
    """Make a textured mesh from the views that are ticked, with the samples that are chosen"""

    bl_idname = "zero123.reconstruct_picked"
    bl_label = "Reconstruct from These Views"
    REQUEST = ReconstructRequest
    SKIP = ("views", "method", "view_count", "image")
    __annotations__ = {name: prop for name, prop in job_properties(ReconstructRequest, SKIP).items()
                       if name not in ("image", "filepath")}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, "" if picks.views else "Pick the views of a result first")

    def start(self, context: bpy.types.Context) -> None:
        picture, made = picks.picture(), picks.settings()
        values = request_values(self, ReconstructRequest, skip=self.SKIP)
        given = {name for name in made if self.properties.is_property_set(name)}
        # What the picture is to the views is no matter of choice any more.
        given -= {"input_elevation", "input_radius", "framing"}
        values.update({name: value for name, value in made.items() if name not in given})
        folder = result_folder(context, ReconstructRequest.KIND, picks.title, self.out)
        try:
            chosen = picks.write(folder / "picked")
            launch(context, ReconstructRequest,
                   {**values, "views": str(chosen), "out": str(folder)}, "", picture, picks.title)
        except EngineError:
            if not self.out:  # made for nothing
                shutil.rmtree(folder, ignore_errors=True)
            raise


CLASSES = (ZERO123_OT_pick_views, ZERO123_OT_use_view, ZERO123_OT_show_samples,
           ZERO123_OT_choose_sample, ZERO123_OT_regenerate_view, ZERO123_OT_reconstruct_picked)
