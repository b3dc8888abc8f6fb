# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the Zero123 tab, saved with the scene."""

from typing import Any, ClassVar

import bpy
from bpy.props import BoolProperty, EnumProperty, PointerProperty

from ..engine.core.requests import (
    REQUESTS,
    ReconstructRequest,
    RenderRequest,
    Request,
    TextRequest,
    TrainRequest,
    ViewsRequest,
)
from ..engine.models.catalogue import Task
from ..operators.scene import import_properties
from ..operators.session import session
from ..operators.session.launch import preload_engine
from ..operators.session.request_properties import properties_of, request_fields

_ELSEWHERE = {"image", "device", "dtype", "evidence"}
"""Fields that are drawn separately in the panel, set in the preferences, or not offered."""
_SKIP = _ELSEWHERE | {name for kind in REQUESTS.values() for name in kind.fields_with("managed")}


def _known_models(settings: bpy.types.PropertyGroup, context: bpy.types.Context,
                  text: str) -> list[str]:
    """Suggestions for the model's name: the installed models that generate views."""
    return [entry.name for entry in session.models.entries
            if not entry.state.absent and text.lower() in entry.name.lower()
            and (entry.info is None or entry.info.task is Task.VIEWS)]


_MODEL: dict[str, Any] = {
    "search": _known_models, "search_options": {'SUGGESTION'},
    "update": lambda settings, context: session.checklist.refresh(context)}
_OVERRIDES: dict[str, dict[str, Any]] = {
    "model": _MODEL,
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


class RequestSettings:
    """Base of a property group with the fields of one request."""

    REQUEST: ClassVar[type[Request]]

    def operator_values(self) -> dict[str, Any]:
        """The keyword arguments for the operator of this request."""
        return {name: getattr(self, name) for name in request_fields(self.REQUEST, skip=_SKIP)}


class ZERO123_PG_text(RequestSettings, bpy.types.PropertyGroup):
    """Settings of *Generate Image from Text*."""

    REQUEST = TextRequest
    __annotations__ = properties_of(
        TextRequest, skip=_SKIP, overrides={"size": {"soft_max": 1024, "step": 64},
                                            "guidance": {"soft_max": 15.0}})


class ZERO123_PG_render(RequestSettings, bpy.types.PropertyGroup):
    """Settings of *Render Training Views*."""

    REQUEST = RenderRequest
    __annotations__ = properties_of(
        RenderRequest, skip=_SKIP, overrides={
            "size": {"soft_max": 1024, "step": 64}, "view_count": {"soft_max": 48},
            "samples": {"soft_max": 1024}, "workers": {"soft_max": 16}})


class ZERO123_PG_train(RequestSettings, bpy.types.PropertyGroup):
    """Settings of *Train Model*."""

    REQUEST = TrainRequest
    __annotations__ = properties_of(
        TrainRequest, skip=_SKIP, overrides={
            "model": _MODEL, "steps": {"soft_max": 10000}, "batch_size": {"soft_max": 64},
            "learning_rate": {"precision": 6, "soft_max": 0.001, "step": 0.001},
            "lora": {"soft_max": 128}, "preview_every": {"soft_max": 1000},
            "view_count": {"soft_max": 48}, "samples": {"soft_max": 1024}})


class ZERO123_PG_settings(bpy.types.PropertyGroup):
    """Settings of the tab: fields of the requests, and how the cameras of the views are chosen."""

    __annotations__ = {
        **properties_of(ViewsRequest, ReconstructRequest, skip=_SKIP, overrides=_OVERRIDES,
                        single_values=True),
        **import_properties(set()),
        "image": PointerProperty(
            name="Image", type=bpy.types.Image,
            update=lambda settings, context: preload_engine(context),
            description="Image of one object; if empty, the active image is used"),
        "text": PointerProperty(name="Text", type=ZERO123_PG_text),
        "render": PointerProperty(name="Training Views", type=ZERO123_PG_render),
        "train": PointerProperty(name="Training", type=ZERO123_PG_train),
        "mode": EnumProperty(
            name="Mode", default='ORBIT', options=set(),
            items=[('ORBIT', "Orbit", "Views all around the object"),
                   ('SINGLE', "Single View", "One view from a chosen direction")]),
        "show_orbit": BoolProperty(
            name="Show in 3D View", default=True, options=set(),
            description="Show the camera of the view in the 3D View; drag its handle to move it"),
        "estimate_elevation": BoolProperty(
            name="Estimate Elevation", default=True, options=set(),
            description="Estimate the elevation of the input image's camera from the image; "
            "otherwise set it"),
        "like_input": BoolProperty(
            name="Same as Input", default=True, options=set(),
            description="Use the elevation and distance of the input image for the new views"),
    }

    def operator_values(self, request: type[Request]) -> dict[str, Any]:
        """The keyword arguments for the operator of this request."""
        values = {name: getattr(self, name) for name in request_fields(request, skip=_SKIP)}
        if self.estimate_elevation:
            values.pop("input_elevation", None)
        if request is ViewsRequest:
            values.update(self._poses())
        values["image"] = self.image.name if self.image else ""
        return values

    def _poses(self) -> dict[str, Any]:
        """The cameras of the views, with lists of numbers as text, as the operator takes them."""
        orbit = self.mode == 'ORBIT'
        return {"orbit": self.orbit if orbit else 0,
                "azimuth": "" if orbit else repr(self.azimuth),
                "elevation": "" if self.like_input else repr(self.elevation),
                "radius": "" if self.like_input else repr(self.radius)}


CLASSES = (ZERO123_PG_text, ZERO123_PG_render, ZERO123_PG_train, ZERO123_PG_settings)


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.zero123 = PointerProperty(type=ZERO123_PG_settings)


def unregister() -> None:
    """Remove them; the values stay in the file."""
    del bpy.types.Scene.zero123
