# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the panels about images: their sources, and the prepared input image."""

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..operators.scene.translation import CONTEXT
from ..operators.session import session
from ..operators.session.jobs import Job, JobState
from .image_notes import explanation
from .notes import draw_text

THUMBNAIL_SCALE = 5.0
"""Side of a thumbnail, in rows of the panel."""
CURVE_SCALE = 12.0
"""The same for the image of a training, which has curves and labels."""


def draw_sources(layout: bpy.types.UILayout) -> None:
    """Buttons for sources of the input image other than a file."""
    row = layout.row(align=True)
    row.operator("zero123.paste_picture", text="Paste", icon='PASTEDOWN')
    row.operator("zero123.picture_from_render", text="Render", text_ctxt=CONTEXT,
                 icon='RENDER_RESULT')
    row.operator("zero123.picture_from_viewport", text="3D View", text_ctxt=CONTEXT,
                 icon='VIEW3D')


def draw_prepared(layout: bpy.types.UILayout, image: bpy.types.Image,
                  settings: bpy.types.PropertyGroup) -> None:
    """Draw the image before and after its preparation, if it was prepared."""
    job = prepared(image, settings)
    if job is None or not session.thumbnails.icon(job.id):
        return
    box = layout.box().column(align=True)
    row = box.row()
    for text, icon in ((iface_("Image"), layout.icon(image)),
                       (iface_("Input"), session.thumbnails.icon(job.id))):
        column = row.column(align=True)
        column.template_icon(icon_value=icon, scale=THUMBNAIL_SCALE)
        label = column.row()
        label.alignment = 'CENTER'
        label.label(text=text, translate=False)
    draw_interpretation(box, job, settings)
    use = box.operator("zero123.open_picture", text="Use as Image", icon='CHECKMARK')
    use.filepath = str(job.result)


def prepared(image: bpy.types.Image, settings: bpy.types.PropertyGroup) -> Job | None:
    """The newest preparation of this image with the current settings; None if there is none."""
    for job in reversed(list(session.jobs)):
        if job.kind == "prepare" and job.state is JobState.DONE and (
                job.title == Path(image.name).stem
                and job.request.framing == settings.framing
                and job.request.alpha == settings.alpha
                and abs(job.request.input_radius - settings.input_radius) < 1e-6):
            return job
    return None


def draw_interpretation(layout: bpy.types.UILayout, job: Job,
                        settings: bpy.types.PropertyGroup) -> None:
    """How a job interpreted its input image, and the buttons that choose the alternatives."""
    report = job.input_report
    if "elevation_uncertainty_deg" in report:
        layout.label(text=iface_("Elevation {:.0f}° ± {:.0f}°, estimated").format(
            report.get("elevation_deg", 0.0), report["elevation_uncertainty_deg"]),
            translate=False)
    if report.get("interpreted_as") == "cut-out":
        text, other, value = iface_("Cut out by its transparency"), iface_("Ignore"), 'ignore'
    elif report.get("interpreted_as") == "photo":
        text, other, value = iface_("Background removed"), iface_("Keep It"), 'trust'
    else:
        return
    _draw_choice(layout, text, other, ("alpha", value), settings)
    if report.get("framing") == "recentred":
        _draw_choice(layout, iface_("Recentred"), iface_("Keep Framing"), ("framing", 'keep'),
                     settings)
    for line in explanation(report):
        draw_text(layout, line, bpy.context)


def _draw_choice(layout: bpy.types.UILayout, text: str, other: str, choice: tuple[str, str],
                 settings: bpy.types.PropertyGroup) -> None:
    """Draw a decision of the job, and the button that sets the other value for the next one.

    `choice`: name of the setting and that value.
    """
    name, value = choice
    row = layout.row(align=True)
    row.label(text=text, translate=False)
    button = row.operator("wm.context_set_enum", text=other, translate=False,
                          depress=getattr(settings, name) == value)
    button.data_path, button.value = f"scene.zero123.{name}", value


def draw_job_image(layout: bpy.types.UILayout, job: Job) -> None:
    """Draw the intermediate image of a running job."""
    if icon := session.thumbnails.icon(job.id):
        scale = CURVE_SCALE if job.kind == "train" else THUMBNAIL_SCALE
        layout.template_icon(icon_value=icon, scale=scale)
