# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that import results from the disk into the scene."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import StringProperty

from .action import Action
from .scene import ImportOptions, Place, Record, frames, import_properties
from .scene.destination import describe_import
from .scene.options import PATH_OPTIONS
from .session import session
from .session.jobs import Job
from .session.launch import import_files, import_job
from .session.messages import SELECT_A_RESULT, report_errors, unless
from .session.window import why_import_waits

_OPTIONS = {'SKIP_SAVE'}


class ZERO123_OT_import_result(bpy.types.Operator):
    """Import views or a mesh from the disk into the scene, in one undo step"""

    bl_idname = "zero123.import_result"
    bl_label = "Import Zero123 Result"
    bl_options = {'REGISTER', 'UNDO'}

    __annotations__ = {
        "job": StringProperty(
            name="Job", options=_OPTIONS,
            description="Job of this session whose result is imported"),
        "filepath": StringProperty(
            name="File", subtype='FILE_PATH', options=PATH_OPTIONS,
            description="A views.json or a mesh.glb that Zero123 has written"),
        "filter_glob": StringProperty(default="*.json;*.glb", options={'HIDDEN', 'SKIP_SAVE'}),
        **import_properties(_OPTIONS),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return unless(cls, why_import_waits(context))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.job or self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {'RUNNING_MODAL'}

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        job = session.jobs.get(self.job)
        if self.job and job is None:
            self.report({'ERROR'}, rpt_(
                "This job is no longer in the list; import its files instead"))
            return {'CANCELLED'}
        created = self._import(context, job)
        self.report({'INFO'}, describe_import(created))
        return {'FINISHED'}

    def _import(self, context: bpy.types.Context, job: Job | None) -> list[bpy.types.ID]:
        options = ImportOptions.of(self)
        if job is not None:
            if not any(map(self.properties.is_property_set, options.values())):
                options = job.options or options
            return import_job(context, job, options)
        path = Path(bpy.path.abspath(self.filepath))
        return import_files(path, context.scene, options=options)


class ZERO123_OT_import_again(bpy.types.Operator):
    """Import the files of the active object's result again, with the same options"""

    bl_idname = "zero123.import_again"
    bl_label = "Import Result Again"
    bl_options = {'REGISTER', 'UNDO'}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        record = Record.read(context.active_object)
        return unless(cls, why_import_waits(context) if record and record.files else
                      SELECT_A_RESULT)

    @report_errors
    def execute(self, context: bpy.types.Context) -> set[str]:
        item = context.active_object
        record, group = Record.read(item), frames.result_collection(item)
        assert record is not None  # checked by `poll`
        context.view_layer.update()
        place = Place.at(frames.result_frame(group, chosen=item)) if group else None
        title = group.name.removeprefix("Zero123 ") if group else ""
        created = import_files(
            Path(record.files[0]), context.scene, title, place=place,
            options=ImportOptions.from_dict(record.options))
        self.report({'INFO'}, describe_import(created))
        return {'FINISHED'}


class ZERO123_OT_refresh_history(Action):
    """Read the results folder again for results and stopped jobs"""

    bl_idname = "zero123.refresh_history"
    bl_label = "Refresh Zero123 History"

    def act(self, context: bpy.types.Context) -> None:
        session.history.refresh(context)
        session.job_store.refresh(context)


def import_with_undo(job: Job) -> None:
    """Import a finished job's result in an undo step of its own. The job keeps an error."""
    options = job.options or ImportOptions.of(bpy.context.scene.zero123)
    try:
        # True: create an undo step, as if the user had pressed the button.
        bpy.ops.zero123.import_result('EXEC_DEFAULT', True, job=job.id, **options.values())
    except RuntimeError as error:
        print(f"Zero123: {error}")  # the panel shows the job's error


CLASSES = (ZERO123_OT_import_result, ZERO123_OT_import_again, ZERO123_OT_refresh_history)
