# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zero123 tab in the 3D View's sidebar."""

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..engine.core.errors import ErrorCode
from ..operators.scene import ImportOptions
from ..operators.scene.images import active_image
from ..operators.scene.translation import CONTEXT
from ..operators.session import session
from ..operators.session.jobs import Job, JobState
from .checklist import draw_device
from .input_image import draw_interpretation, draw_job_image, draw_prepared, draw_sources
from .notes import draw_installation, draw_lines
from .presets import ZERO123_PT_presets
from .progress import kind_name, progress_text
from .tab import Tab, draw_settings, settings_column

_STATE_ICONS = {JobState.DONE: 'CHECKMARK', JobState.FAILED: 'ERROR', JobState.CANCELLED: 'X',
                JobState.STOPPED: 'PAUSE'}
_EARLY_ENDS = (JobState.CANCELLED, JobState.STOPPED)
_SHOWN_JOBS = 5


class _Section(Tab):
    """A sub-panel of the main panel with a column of settings."""

    bl_parent_id = "ZERO123_PT_main"
    NAMES: tuple[str, ...] = ()

    def draw(self, context: bpy.types.Context) -> None:
        draw_settings(self.layout, context.scene.zero123, self.NAMES)


class ZERO123_PT_main(Tab):
    bl_label = "Image to 3D"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        ZERO123_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, context.scene.zero123
        layout.template_ID_preview(settings, "image", open="image.open", rows=3, cols=5)
        draw_sources(layout)
        image = settings.image or active_image(context)
        if settings.image is None and image is not None:
            layout.label(text=iface_("Active image: {}").format(image.name), icon='IMAGE_DATA',
                         translate=False)
        elif image is None:
            layout.label(text="Choose an image of one object", icon='INFO')
        column = layout.column()
        column.enabled = image is not None
        column.operator("zero123.remove_background", icon='IMAGE_ALPHA')
        column.operator("zero123.prepare_picture", icon='HIDE_OFF')
        if image is not None:
            draw_prepared(column, image, settings)
        column = layout.column()
        column.scale_y = 1.3
        column.enabled = image is not None
        column.operator("zero123.generate_views", icon='CAMERA_DATA')
        column.operator("zero123.reconstruct_mesh", icon='MESH_MONKEY')


class ZERO123_PT_text(_Section):
    bl_label = "Text"
    bl_options = {'DEFAULT_CLOSED'}
    NAMES = ("style", "model", "size", "steps", "guidance", "seed", "keep_background")

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.zero123.text
        self.layout.prop(settings, "prompt", text="", icon='TEXT',
                         placeholder=iface_("Prompt"))
        self.layout.prop(settings, "negative_prompt", text="", icon='X',
                         placeholder=iface_("Negative Prompt"))
        draw_settings(self.layout, settings, self.NAMES)
        self.layout.operator("zero123.text_to_image", icon='IMAGE_DATA')


class ZERO123_PT_views(_Section):
    bl_label = "Views"

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.zero123
        self.layout.row().prop(settings, "mode", expand=True)
        column = settings_column(self.layout)
        column.prop(settings, "orbit" if settings.mode == 'ORBIT' else "azimuth")
        column.prop(settings, "samples")
        column.prop(settings, "detail")
        column.column(heading="Camera").prop(settings, "like_input")
        if not settings.like_input:
            column.prop(settings, "elevation")
            column.prop(settings, "radius")
        if settings.mode == 'SINGLE':
            column.prop(settings, "show_orbit")


class ZERO123_PT_mesh(_Section):
    bl_label = "Mesh"
    bl_options = {'DEFAULT_CLOSED'}
    NAMES = ("method", "field", "view_count", "views", "faces", "texture_size", "resolution",
             "iterations", "resample", "rounds", "refine", "obj", "ply")


class ZERO123_PT_quality(_Section):
    bl_label = "Model and Quality"
    bl_options = {'DEFAULT_CLOSED'}
    NAMES = ("model", "steps", "guidance", "seed", "sampler", "eta", "consistency",
             "pose_encoding")


class ZERO123_PT_camera(_Section):
    bl_label = "Input Camera"
    bl_options = {'DEFAULT_CLOSED'}

    def draw(self, context: bpy.types.Context) -> None:
        settings, column = context.scene.zero123, settings_column(self.layout)
        column.prop(settings, "estimate_elevation")
        row = column.row(align=True)
        number = row.row(align=True)
        number.active = not settings.estimate_elevation
        number.prop(settings, "input_elevation")
        row.operator("zero123.estimate_elevation", text="", icon='VIEW_CAMERA')
        column.prop(settings, "input_radius")
        column.prop(settings, "framing")
        column.prop(settings, "alpha")


class ZERO123_PT_import(_Section):
    bl_label = "Results in the Scene"
    bl_options = {'DEFAULT_CLOSED'}
    NAMES = ("location", "size", "on_ground", "planes", "arrangement", "backgrounds", "remesh")

    def draw(self, context: bpy.types.Context) -> None:
        # Not super(): the Image Editor's copy of the panel does not inherit from _Section.
        _Section.draw(self, context)
        settings = context.scene.zero123
        if settings.remesh != 'NONE':
            settings_column(self.layout).prop(settings, "remesh_faces")


class ZERO123_PT_jobs(Tab):
    bl_label = "Jobs"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        jobs = list(session.jobs)
        for number, job in enumerate(reversed(jobs)):
            if number < _SHOWN_JOBS or job.unfinished:
                column = layout.box().column()
                _draw_job(column, job, context)
                if number == 0 and job.state is JobState.DONE:
                    draw_interpretation(column, job, context.scene.zero123)
        if not jobs:
            layout.label(text="Results will be listed here")
        row = layout.row()
        button = row.operator("zero123.import_result", text="Import Files", icon='IMPORT')
        ImportOptions.of(context.scene.zero123).write(button)
        row.operator("zero123.clear_jobs", text="Clear", text_ctxt=CONTEXT, icon='TRASH')
        column = layout.column(align=True)
        column.operator_menu_enum("zero123.queue_pictures", "kind", icon='FILEBROWSER')
        column.operator_menu_enum("zero123.queue_selected", "kind", icon='RESTRICT_SELECT_OFF')
        _draw_engine(layout, context)


def _draw_job(column: bpy.types.UILayout, job: Job, context: bpy.types.Context) -> None:
    """One job: its kind, title and state; below them its progress, result or error."""
    row = column.row()
    icon = _STATE_ICONS.get(job.state, 'TIME')
    note = f" ({iface_(job.state.value)})" if job.state in _EARLY_ENDS else ""
    row.label(text=f"{kind_name(job.kind)}: {job.title}{note}", icon=icon, translate=False)
    if not job.state.ended:
        row = column.row(align=True)
        row.progress(factor=job.fraction, text=progress_text(job), translate=False)
        row.operator("zero123.cancel_job", text="", icon='X').job = job.id
        draw_job_image(column, job)
    elif job.error is not None:
        _draw_error(column, job.error.message, job.error.hint, context, job.id)
    elif job.import_pending and not session.open_file.is_open(job.file):
        _draw_import_here(column, job, context)
    elif job.import_pending:
        column.label(text="Waiting for Object Mode", icon='INFO')
    if job.can_resume:
        buttons = column.row(align=True)
        buttons.operator("zero123.resume_job", text="Resume", icon='PLAY').job = job.id
        buttons.operator("zero123.discard_job", text="Discard", icon='TRASH').job = job.id
    if job.state is JobState.DONE and not job.import_pending and job.for_the_scene:
        button = row.operator("zero123.import_result", text="", icon='IMPORT')
        ImportOptions.of(context.scene.zero123).write(button)
        button.job = job.id


def _draw_import_here(column: bpy.types.UILayout, job: Job, context: bpy.types.Context) -> None:
    """A finished job of another .blend file: its name, and the button that imports it here."""
    name = Path(job.file.path).name if job.file and job.file.path else iface_("an unsaved file")
    column.label(text=iface_("Result for {}").format(name), icon='INFO', translate=False)
    button = column.operator("zero123.import_result", text="Import Here", icon='IMPORT')
    (job.options or ImportOptions.of(context.scene.zero123)).write(button)
    button.job = job.id


def _draw_error(column: bpy.types.UILayout, message: str, hint: str,
                context: bpy.types.Context, job_id: str) -> None:
    """The error's sentence and hint, and the button that copies them."""
    draw_lines(column, message, hint, context)
    column.operator("zero123.copy_error", icon='COPYDOWN').job = job_id


def _draw_engine(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The engine's state, and the buttons that start or stop it."""
    runner, installation = session.runner, session.installation
    if installation.running or installation.error or (
            runner.engine_error and runner.engine_error.code is ErrorCode.ENVIRONMENT):
        draw_installation(layout.box().column(), context)
    draw_device(layout)
    row = layout.row()
    state = iface_(runner.engine_state, CONTEXT)
    row.label(text=iface_("Engine: {}").format(state), translate=False)
    row.operator("zero123.open_log", text="", icon='TEXT')
    row.operator("zero123.copy_log", text="", icon='COPYDOWN')
    row = layout.row(align=True)
    if runner.engine_running:
        row.operator("zero123.engine_stop", text="Stop", icon='PAUSE')
        row.operator("zero123.release_memory", text="Release Memory", icon='MEMORY')
    else:
        row.operator("zero123.engine_start", text="Start", text_ctxt=CONTEXT, icon='PLAY')


CLASSES = (ZERO123_PT_main, ZERO123_PT_text, ZERO123_PT_camera, ZERO123_PT_views, ZERO123_PT_mesh,
           ZERO123_PT_quality, ZERO123_PT_import, ZERO123_PT_jobs)
