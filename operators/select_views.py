# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that select and regenerate views, and reconstruct a mesh from the selected ones."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ..engine.core.errors import EngineError, ErrorCode
from ..engine.core.requests import ReconstructRequest, ViewsRequest
from .action import Action
from .generate import ImageJob
from .scene import Record
from .scene.options import PATH_OPTIONS
from .scene.result_files import title_of, views_file, views_to_fit
from .scene.translation import CONTEXT
from .scene.views import pose_of
from .session import preferences as addon
from .session import session
from .session.jobs import ReplacedView
from .session.launch import launch, result_folder, show_chosen_sample
from .session.messages import SELECT_A_RESULT, unless
from .session.request_properties import job_properties, request_values

NEW_SEEDS = 10**6
"""Upper limit of new seeds, so that they are short enough to read and type."""
_OPTIONS = {'SKIP_SAVE'}


class _ViewAction(Action):
    """Base of the operators that act on one view of the list."""

    VIEW = IntProperty(
        name="View", default=-1, min=-1, options=_OPTIONS,
        description="Index of the view in the list, from 0; -1 uses the active object's view")

    @classmethod
    def why_unavailable(cls, context: bpy.types.Context) -> str:
        known = bool(session.view_selection.views) or views_file(context.active_object) is not None
        return ("" if known else
                "Select a view that Zero123 has created, or list a result's views")

    def act(self, context: bpy.types.Context) -> None:
        self.act_on(context, self._index(context))

    def act_on(self, context: bpy.types.Context, index: int) -> None:
        """Apply the operator to the view with this index in the list."""

    def _index(self, context: bpy.types.Context) -> int:
        """Index of the given view, or of the active object's view, whose result is then listed.

        Raises:
            EngineError: `BAD_INPUT` if there is no such view.
        """
        index = self.view
        if index < 0:
            active = context.active_object
            record, file = Record.read(active), views_file(active)
            if record is None or file is None or not record.is_view:
                index = session.view_selection.open
            else:
                file = views_to_fit(file)
                if file != session.view_selection.path:
                    session.view_selection.load(file, title_of(active))
                index = session.view_selection.find(pose_of(record.view))
        if not 0 <= index < len(session.view_selection.views):
            raise EngineError(ErrorCode.BAD_INPUT, "this view is not in the list",
                              "select its plane, or give its index")
        return index


class ZERO123_OT_pick_views(Action):
    """List the views of the active object's result, to select those for a mesh"""

    bl_idname = "zero123.pick_views"
    bl_label = "Select Views"

    filepath: StringProperty(  # type: ignore[valid-type]
        name="File", subtype='FILE_PATH', options=PATH_OPTIONS,
        description="A views.json file of Zero123; empty uses the active object's")

    def act(self, context: bpy.types.Context) -> None:
        active = None if self.filepath else context.active_object
        file = views_file(active) if active else Path(bpy.path.abspath(self.filepath))
        if file is None or not (active or self.filepath):
            raise EngineError(ErrorCode.BAD_INPUT, SELECT_A_RESULT)
        session.view_selection.load(views_to_fit(file), title_of(active) if active else "")


class ZERO123_OT_use_view(_ViewAction):
    """Include this view in the mesh, or leave it out"""

    bl_idname = "zero123.use_view"
    bl_label = "Use View"
    __annotations__ = {
        "view": _ViewAction.VIEW,
        "use": BoolProperty(name="Use", default=True, options=_OPTIONS,
                            description="Fit the mesh to this view"),
    }

    def act_on(self, context: bpy.types.Context, index: int) -> None:
        session.view_selection.views[index].use = self.use
        session.view_selection.save()


class ZERO123_OT_show_samples(_ViewAction):
    """Show or hide the samples of this view"""

    bl_idname = "zero123.show_samples"
    bl_label = "Show Samples of View"
    __annotations__ = {"view": _ViewAction.VIEW}

    def act_on(self, context: bpy.types.Context, index: int) -> None:
        session.view_selection.open = -1 if session.view_selection.open == index else index


class ZERO123_OT_choose_sample(_ViewAction):
    """Use this sample for the view and show it on the view's plane"""

    bl_idname = "zero123.choose_sample"
    bl_label = "Choose Sample of View"
    bl_options = {'REGISTER', 'UNDO'}
    __annotations__ = {
        "view": _ViewAction.VIEW,
        "sample": IntProperty(name="Sample", default=0, min=0, options=_OPTIONS,
                              description="Index of the sample in the list, from 0"),
    }

    def act_on(self, context: bpy.types.Context, index: int) -> None:
        view = session.view_selection.views[index]
        if self.sample >= len(view.samples):
            raise EngineError(ErrorCode.BAD_INPUT, f"there are {len(view.samples)} samples",
                              "indices start at 0")
        before, view.chosen = view.chosen, self.sample
        try:
            show_chosen_sample(context.scene, index)
        except EngineError:
            view.chosen = before
            raise
        session.view_selection.save()


class ZERO123_OT_regenerate_view(_ViewAction):
    """Generate new samples of this view only; the first one becomes the view's image"""

    bl_idname = "zero123.regenerate_view"
    bl_label = "Regenerate View"
    bl_options = {'REGISTER'}
    __annotations__ = {
        "view": _ViewAction.VIEW,
        "seed": IntProperty(
            name="Seed", default=-1, min=-1, options=_OPTIONS,
            description="The same seed gives the same samples; -1 uses a new seed"),
        "samples": IntProperty(
            name="Samples", default=1, min=1, max=64, options=_OPTIONS,
            translation_context=CONTEXT,
            description="Number of samples to generate"),
    }

    def act_on(self, context: bpy.types.Context, index: int) -> None:
        selection = session.view_selection
        assert selection.path is not None  # else there would be no view
        pose = azimuth, elevation, radius = selection.views[index].pose
        chosen = addon.preferences(context)
        values = {
            **selection.settings(), "azimuth": [azimuth], "elevation": [elevation],
            "radius": [radius], "samples": self.samples,
            "seed": self.seed if self.seed >= 0 else random.randrange(NEW_SEEDS),
            "device": chosen.device, "dtype": chosen.dtype}
        launch(context, ViewsRequest, values, "", selection.source_image(), selection.title,
               replaces_view=ReplacedView(selection.path, pose))


class ZERO123_OT_reconstruct_picked(ImageJob):
    """Reconstruct a textured mesh from the selected views, with their chosen samples"""

    bl_idname = "zero123.reconstruct_picked"
    bl_label = "Reconstruct from Selected Views"
    REQUEST = ReconstructRequest
    SKIP = ("views", "method", "view_count", "image")
    __annotations__ = {name: prop for name, prop in job_properties(ReconstructRequest, SKIP).items()
                       if name not in ("image", "filepath")}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        views = session.view_selection.views
        return unless(cls, "" if views else "List the views of a result first")

    def start(self, context: bpy.types.Context) -> None:
        selection = session.view_selection
        image, made = selection.source_image(), selection.settings()
        values = request_values(self, ReconstructRequest, skip=self.SKIP)
        given = {name for name in made if self.properties.is_property_set(name)}
        # The views determine how their input image was framed and seen.
        given -= {"input_elevation", "input_radius", "framing"}
        values.update({name: value for name, value in made.items() if name not in given})
        folder = result_folder(context, ReconstructRequest.KIND, selection.title, self.out)
        try:
            chosen = selection.write(folder / "picked")
            launch(context, ReconstructRequest,
                   {**values, "views": str(chosen), "out": str(folder)}, "", image,
                   selection.title)
        except EngineError:
            if not self.out:  # the new folder is not needed
                shutil.rmtree(folder, ignore_errors=True)
            raise


CLASSES = (ZERO123_OT_pick_views, ZERO123_OT_use_view, ZERO123_OT_show_samples,
           ZERO123_OT_choose_sample, ZERO123_OT_regenerate_view, ZERO123_OT_reconstruct_picked)
