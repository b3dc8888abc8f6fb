# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the Zero123 tab, kept with the scene."""

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, PointerProperty

from ..engine.models.catalogue import Task
from ..engine.requests import ReconstructRequest, Request, ViewsRequest
from ..operators.checklist import checklist
from ..operators.model_shelf import model_shelf
from ..operators.request_properties import properties_of, request_fields
from ..operators.results import import_properties

# Chosen in the panel; made for each job; in the preferences; only where `out` stays the same.
_SKIP = {"image", "out", "device", "resume"}


def _known_models(settings: bpy.types.PropertyGroup, context: bpy.types.Context,
                  text: str) -> list[str]:
    """Suggestions for the model's name: those that are here and make views."""
    return [entry.name for entry in model_shelf.entries
            if not entry.state.absent and text.lower() in entry.name.lower()
            and (entry.info is None or entry.info.task is Task.VIEWS)]


_OVERRIDES: dict[str, dict[str, Any]] = {
    "model": {"search": _known_models, "search_options": {'SUGGESTION'},
              "update": lambda settings, context: checklist.look(context)},
    "azimuth": {"default": 90.0, "soft_min": -180.0, "soft_max": 180.0, "step": 500},
    "elevation": {"default": 0.0, "min": -90.0, "max": 90.0, "step": 500},
    "radius": {"default": 1.85, "min": 0.5, "max": 10.0, "soft_min": 1.5, "soft_max": 2.2},
    "input_elevation": {"soft_min": -20.0, "soft_max": 75.0, "step": 500},
    "input_radius": {"soft_min": 1.5, "soft_max": 2.2},
    "orbit": {"name": "Views", "default": 8, "min": 1, "soft_max": 36},
    "guidance": {"soft_max": 15.0},
    "samples": {"soft_max": 8},
    "views": {"name": "Existing Views"},
}


class ZERO123_PG_settings(bpy.types.PropertyGroup):
    """What the tab's buttons start with. The requests' fields, and how a person picks views."""

    __annotations__ = {
        **properties_of(ViewsRequest, ReconstructRequest, skip=_SKIP, overrides=_OVERRIDES,
                        single_values=True),
        **import_properties(set()),
        "image": PointerProperty(
            name="Picture", type=bpy.types.Image,
            description="Picture of one object; if none is chosen, the active image is taken"),
        "mode": EnumProperty(
            name="Mode", default='ORBIT', options=set(),
            items=[('ORBIT', "Orbit", "Views all around the object"),
                   ('SINGLE', "Single View", "One view from a chosen side")]),
        "like_picture": BoolProperty(
            name="As in Picture", default=True, options=set(),
            description="Take the new views from the same elevation and distance as the picture"),
    }

    def operator_values(self, request: type[Request]) -> dict[str, Any]:
        """The properties for the operator of this request that differ from their defaults."""
        values = {name: getattr(self, name) for name in request_fields(request, skip=_SKIP)}
        if request is ViewsRequest:
            values.update(self._poses())
        values["image"] = self.image.name if self.image else ""
        return values

    def _poses(self) -> dict[str, Any]:
        """Which views are asked for; lists of numbers as the text that the operator takes."""
        orbit = self.mode == 'ORBIT'
        return {"orbit": self.orbit if orbit else 0,
                "azimuth": "" if orbit else repr(self.azimuth),
                "elevation": "" if self.like_picture else repr(self.elevation),
                "radius": "" if self.like_picture else repr(self.radius)}


CLASSES = (ZERO123_PG_settings,)


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.zero123 = PointerProperty(type=ZERO123_PG_settings)


def unregister() -> None:
    """Take them back; what was set stays in the file."""
    del bpy.types.Scene.zero123
