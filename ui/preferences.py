# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's preferences: which Python runs the engine, where models and results are."""

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..engine.core.requests import DiffusionRequest
from ..engine.remote.ssh_host import FOLDER, PYTHON
from ..operators.session.checklist import checklist
from ..operators.session.preferences import ROOT_PACKAGE
from ..operators.session.request_properties import properties_of, request_fields
from .notes import draw_installation

_BACKENDS = (
    ("auto", "Automatic", "What the computer's drivers offer"),
    ("cpu", "CPU", "No graphics processor; the smallest download"),
    ("cuda", "CUDA", "NVIDIA's graphics processors"),
    ("rocm", "ROCm", "AMD's graphics processors, on Linux"),
    ("mps", "Metal", "Apple's processors"),
)
_NOT_HERE = set(request_fields(DiffusionRequest)) - {"device", "dtype"}


def _look_again(preferences: bpy.types.AddonPreferences, context: bpy.types.Context) -> None:
    checklist.look(context)


class ZERO123_AP_preferences(bpy.types.AddonPreferences):
    """Stored with Blender's preferences, for all files."""

    bl_idname = ROOT_PACKAGE
    __annotations__ = {
        "engine_python": StringProperty(
            name="Engine Python", subtype='FILE_PATH', update=_look_again,
            description="Python that has the engine's libraries; empty looks for one"),
        "backend": EnumProperty(
            name="Backend", items=_BACKENDS,
            description="What the engine is installed for"),
        "wheels_folder": StringProperty(
            name="Offline Bundle", subtype='DIR_PATH',
            description="Folder of wheels that the engine is installed from; empty downloads them"),
        "model_folder": StringProperty(
            name="Model Folder", subtype='DIR_PATH', update=_look_again,
            description="Where models are kept; empty takes the engine's own folder"),
        "results_folder": StringProperty(
            name="Results Folder", subtype='DIR_PATH',
            description="Where every job gets a folder; empty takes the extension's own folder"),
        "hub_mirror": StringProperty(
            name="Hub Mirror",
            description="Address of a server to download models from; empty takes "
            "huggingface.co, or what HF_ENDPOINT names"),
        "hub_token": StringProperty(
            name="Hub Token", subtype='PASSWORD',
            description="For models that need an account; empty takes the one that the hub's own "
            "program keeps. Saved with Blender's preferences, never in a file of yours"),
        "idle_minutes": IntProperty(
            name="Release Memory After", default=10, min=0, soft_max=60,
            description="Minutes without work after which the engine drops its model; 0 keeps it"),
        "remote_host": StringProperty(
            name="Remote Host", update=_look_again,
            description="Another computer to compute on, as ssh is told of it: user@computer. It "
            "must not ask for a password; empty computes on this one"),
        "remote_folder": StringProperty(
            name="Remote Folder", default=FOLDER, update=_look_again,
            description="There, the folder that this extension's archive was unpacked into"),
        "remote_python": StringProperty(
            name="Remote Python", default=PYTHON, update=_look_again,
            description="There, a Python that has the engine's libraries; the default is where "
            "python -m engine install puts it"),
        **properties_of(DiffusionRequest, skip=_NOT_HERE),
    }

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        for name in ("engine_python", "backend", "wheels_folder", "device", "dtype",
                     "idle_minutes", "model_folder", "results_folder", "hub_mirror", "hub_token"):
            layout.prop(self, name)
        layout.prop(self, "remote_host")
        there = layout.column()
        there.active = bool(self.remote_host)
        there.prop(self, "remote_folder")
        there.prop(self, "remote_python")
        draw_installation(layout.column(), context)
        layout.operator("zero123.copy_report", text="Copy Report", icon='COPYDOWN')


CLASSES = (ZERO123_AP_preferences,)
