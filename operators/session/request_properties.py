# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender properties generated from the request classes, so that no setting is defined twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import Field, fields
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.request import AUTO, Request, default_of
from ..scene.options import BLEND_RELATIVE, PATH_OPTIONS
from ..scene.translation import CONTEXT

_LABELS = {"dpm++": "DPM-Solver++", "ddim": "DDIM", "unipc": "UniPC", "auto": "Automatic",
           "cpu": "CPU", "cuda": "CUDA", "mps": "Metal", "eta": "Eta",
           "lora": "LoRA", "fp32": "float32", "bf16": "bfloat16", "float32": "float32",
           "float16": "float16", "bfloat16": "bfloat16", "dtype": "Number Format",
           "obj": "Also OBJ", "ply": "Also PLY", "gradient_checkpointing": "Save Memory",
           "zero123": "Zero123", "stable": "Stable Zero123",
           "sds": "Score Distillation", "sjc": "Score Jacobian Chaining"}
_SUBTYPES = {"file": "FILE_PATH", "folder": "DIR_PATH", "": "NONE"}
"""Blender's property subtypes by the metadata `path` of a request's field."""


def request_fields(*requests: type[Request], skip: Collection[str] = ()) -> dict[str, Field[Any]]:
    """The fields of these classes by name, without duplicates."""
    return {f.name: f for request in requests for f in fields(request) if f.name not in skip}


def properties_of(*requests: type[Request], skip: Collection[str] = (),
                  overrides: Mapping[str, Mapping[str, Any]] | None = None,
                  options: Collection[str] = (), single_values: bool = False) -> dict[str, Any]:
    """A property for every field of these classes, for the `__annotations__` of a Blender class.

    A list of numbers becomes a text such as "0, 90, 180", because Blender has no property of
    variable length; with `single_values` it becomes one number. `overrides` maps field names to
    keyword arguments of the property.
    """
    overrides = overrides or {}
    return {
        name: _property(f, single_values, {"options": set(options), **overrides.get(name, {})})
        for name, f in request_fields(*requests, skip=skip).items()}


def job_properties(request: type[Request], skip: Collection[str] = ()) -> dict[str, Any]:
    """The annotations of an operator for a request that starts from an image."""
    return {
        **properties_of(request, skip={"image", *skip}, options={'SKIP_SAVE'}),
        "image": StringProperty(
            name="Image", options={'SKIP_SAVE'},
            description="Name of the input image; empty uses the active image"),
        "filepath": StringProperty(
            name="File", subtype='FILE_PATH', options=PATH_OPTIONS,
            description="Image file to use as input instead of an image in Blender"),
    }


def request_values(source: Any, request: type[Request],
                   skip: Collection[str] = ()) -> dict[str, Any]:
    """The values of the request's fields from a Blender object with `properties_of` the request.

    A number that the job can find out by itself is left to it unless it was set.

    Raises:
        EngineError: `BAD_INPUT` if a list of numbers cannot be parsed.
    """
    given = getattr(source, "properties", source)
    return {name: AUTO if f.metadata.get("automatic") and not given.is_property_set(name)
            else _plain(f, getattr(source, name))
            for name, f in request_fields(request, skip=skip).items()}


def fill_in(operator: bpy.types.Operator, values: Mapping[str, Any]) -> None:
    """Set those of an operator's properties that its caller has not set."""
    for name, value in values.items():
        if hasattr(operator, name) and not operator.properties.is_property_set(name):
            setattr(operator, name, value)


def parse_numbers(name: str, text: str) -> list[float]:
    """The numbers in a text such as "0, 90, 180"; an empty list for an empty text.

    Raises:
        EngineError: `BAD_INPUT` if the text contains anything else.
    """
    try:
        return [float(word) for word in text.replace(",", " ").split()]
    except ValueError as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"{name} cannot be {text!r}",
                          "enter numbers separated by commas") from error


def label(name: str) -> str:
    """The label of a field or choice: "Input Radius" for "input_radius"."""
    return _LABELS.get(name, name.replace("_", " ").title())


def _plain(f: Field[Any], value: Any) -> Any:
    if isinstance(default_of(f), list):
        return parse_numbers(f.name, value)
    # Blender stores 32-bit floats, which turn 1.85 into 1.8500000238; they hold seven digits.
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _property(f: Field[Any], single_values: bool, keywords: dict[str, Any]) -> Any:
    """The Blender property of one field."""
    metadata = f.metadata
    default = 0.0 if metadata.get("automatic") else default_of(f)
    help_text = metadata["help"]
    keywords = {"name": label(f.name), "description": help_text[:1].upper() + help_text[1:],
                "translation_context": CONTEXT, **keywords}
    limits = {key: metadata[key] for key in ("min", "max") if key in metadata}
    if "choices" in metadata:
        shown = metadata.get("shown", metadata["choices"])
        items = [(choice, label(choice), "") for choice in shown]
        return EnumProperty(items=items, **{"default": default, **keywords})
    if isinstance(default, bool):
        return BoolProperty(**{"default": default, **keywords})
    if isinstance(default, int):
        return IntProperty(**{"default": default, **limits, **keywords})
    if isinstance(default, float) or (isinstance(default, list) and single_values):
        return FloatProperty(**{"default": default or 0.0, **limits, **keywords})
    if isinstance(default, list):
        return StringProperty(**{"default": ", ".join(map(str, default)), **keywords})
    subtype = _SUBTYPES[metadata.get("path", "")]
    if subtype != 'NONE':
        keywords["options"] = keywords.get("options", set()) | BLEND_RELATIVE
    return StringProperty(**{"default": default, **keywords, "subtype": subtype})
