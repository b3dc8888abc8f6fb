# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels' parts about pictures: where one can come from, and how the network will see it."""

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..operators.session.jobs import Job, JobState
from ..operators.session.preferences import CONTEXT
from ..operators.session.runner import runner
from ..operators.session.thumbnails import thumbnails

THUMBNAIL_SCALE = 5.0
"""Side of a thumbnail, in rows of the panel."""
CURVE_SCALE = 12.0
"""The same of a training's picture, which has lines and labels."""


def draw_sources(layout: bpy.types.UILayout) -> None:
    """Buttons for where a picture can come from, besides the file that the list above opens."""
    row = layout.row(align=True)
    row.operator("zero123.paste_picture", text="Paste", icon='PASTEDOWN')
    row.operator("zero123.picture_from_render", text="Render", text_ctxt=CONTEXT,
                 icon='RENDER_RESULT')
    row.operator("zero123.picture_from_viewport", text="3D View", text_ctxt=CONTEXT,
                 icon='VIEW3D')


def draw_prepared(layout: bpy.types.UILayout, picture: bpy.types.Image,
                  settings: bpy.types.PropertyGroup) -> None:
    """The picture before and after its preparation, if that was asked for."""
    job = prepared(picture, settings)
    if job is None or not thumbnails.icon(job.id):
        return
    box = layout.box().column(align=True)
    row = box.row()
    for text, icon in ((iface_("Picture"), layout.icon(picture)),
                       (iface_("Input"), thumbnails.icon(job.id))):
        column = row.column(align=True)
        column.template_icon(icon_value=icon, scale=THUMBNAIL_SCALE)
        label = column.row()
        label.alignment = 'CENTER'
        label.label(text=text, translate=False)
    use = box.operator("zero123.open_picture", text="Use as Picture", icon='CHECKMARK')
    use.filepath = str(job.result)


def prepared(picture: bpy.types.Image, settings: bpy.types.PropertyGroup) -> Job | None:
    """The newest preparation of this picture with the settings as they are now."""
    for job in reversed(list(runner.jobs)):
        if job.kind == "prepare" and job.state is JobState.DONE and (
                job.title == Path(picture.name).stem
                and job.request.framing == settings.framing
                and job.request.alpha == settings.alpha
                and abs(job.request.input_radius - settings.input_radius) < 1e-6):
            return job
    return None


def draw_job_picture(layout: bpy.types.UILayout, job: Job) -> None:
    """What a running job has so far."""
    if icon := thumbnails.icon(job.id):
        scale = CURVE_SCALE if job.kind == "train" else THUMBNAIL_SCALE
        layout.template_icon(icon_value=icon, scale=scale)
