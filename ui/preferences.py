# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's preferences: the engine's Python, the device, and the folders."""

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..engine.core.image_requests import DiffusionRequest
from ..engine.remote.ssh_host import FOLDER, PYTHON
from ..operators.session import session
from ..operators.session.preferences import ROOT_PACKAGE
from ..operators.session.request_properties import properties_of, request_fields
from .notes import draw_installation

_BACKENDS = (
    ("auto", "Automatic", "Chosen from the installed drivers"),
    ("cpu", "CPU", "No graphics card; the smallest download"),
    ("cuda", "CUDA", "NVIDIA graphics cards"),
    ("rocm", "ROCm", "AMD graphics cards, on Linux"),
    ("mps", "Metal", "Apple processors"),
)
_NOT_HERE = set(request_fields(DiffusionRequest)) - {"device", "dtype"}


def _look_again(preferences: bpy.types.AddonPreferences, context: bpy.types.Context) -> None:
    session.checklist.refresh(context)


class ZERO123_AP_preferences(bpy.types.AddonPreferences):
    """The preferences, saved by Blender for all files."""

    bl_idname = ROOT_PACKAGE
    __annotations__ = {
        "engine_python": StringProperty(
            name="Engine Python", subtype='FILE_PATH', update=_look_again,
            description="Python with the engine's libraries; empty searches for one"),
        "backend": EnumProperty(
            name="Backend", items=_BACKENDS,
            description="Hardware for which the engine is installed"),
        "wheels_folder": StringProperty(
            name="Offline Bundle", subtype='DIR_PATH',
            description="Folder of wheels from which the engine is installed; empty downloads "
            "them"),
        "model_folder": StringProperty(
            name="Model Folder", subtype='DIR_PATH', update=_look_again,
            description="Folder of the models; empty uses the engine's own folder"),
        "results_folder": StringProperty(
            name="Results Folder", subtype='DIR_PATH',
            description="Folder that contains a folder for every job; empty uses the "
            "extension's own folder"),
        "hub_mirror": StringProperty(
            name="Hub Mirror",
            description="Address of a server to download models from; empty uses "
            "HF_ENDPOINT, or else huggingface.co"),
        "hub_token": StringProperty(
            name="Hub Token", subtype='PASSWORD',
            description="For models that need an account; empty uses the token that the Hugging "
            "Face command line has saved. Saved in Blender's preferences, never in a .blend file"),
        "idle_minutes": IntProperty(
            name="Release Memory After", default=10, min=0, soft_max=60,
            description="Minutes without work after which the engine releases its model; 0 "
            "keeps it"),
        "remote_host": StringProperty(
            name="Remote Host", update=_look_again,
            description="Remote computer that runs the engine, as for ssh: user@computer. It "
            "must not ask for a password; empty uses this computer"),
        "remote_folder": StringProperty(
            name="Remote Folder", default=FOLDER, update=_look_again,
            description="Folder on the remote computer into which the extension's archive was "
            "unpacked"),
        "remote_python": StringProperty(
            name="Remote Python", default=PYTHON, update=_look_again,
            description="Python on the remote computer with the engine's libraries; the default is "
            "the one that python -m engine install creates"),
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
