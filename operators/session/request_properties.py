# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender properties made from the request dataclasses, so that no setting is defined twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import Field, fields
from typing import Any

from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.request import Request, default_of
from ..scene.options import BLEND_RELATIVE
from .preferences import CONTEXT

_LABELS = {"dpm++": "DPM-Solver++", "ddim": "DDIM", "unipc": "UniPC", "auto": "Automatic",
           "cpu": "CPU", "cuda": "CUDA", "mps": "Metal", "eta": "Eta",
           "lora": "LoRA", "fp32": "float32", "bf16": "bfloat16", "float32": "float32",
           "float16": "float16", "bfloat16": "bfloat16", "dtype": "Number Format",
           "obj": "Also OBJ", "ply": "Also PLY", "gradient_checkpointing": "Save Memory",
           "sds": "Score Distillation", "sjc": "Score Jacobian Chaining"}
_SUBTYPES = {"file": "FILE_PATH", "folder": "DIR_PATH", "": "NONE"}
"""By what a request's field says of a path."""


def request_fields(*requests: type[Request], skip: Collection[str] = ()) -> dict[str, Field[Any]]:
    """The fields of these classes by name, each once."""
    return {f.name: f for request in requests for f in fields(request) if f.name not in skip}


def properties_of(*requests: type[Request], skip: Collection[str] = (),
                  overrides: Mapping[str, Mapping[str, Any]] | None = None,
                  options: Collection[str] = (), single_values: bool = False) -> dict[str, Any]:
    """bpy.props for every field of these classes, to become a class's `__annotations__`.

    A list of numbers becomes text, "0, 90, 180", as Blender has no property of variable length;
    with `single_values` it becomes one number. `overrides` are keywords by field name.
    """
    overrides = overrides or {}
    return {
        name: _property(f, single_values, {"options": set(options), **overrides.get(name, {})})
        for name, f in request_fields(*requests, skip=skip).items()}


def request_values(source: Any, request: type[Request],
                   skip: Collection[str] = ()) -> dict[str, Any]:
    """The request's fields as read from a Blender struct that has `properties_of` it.

    Raises:
        EngineError: `BAD_INPUT` if a list of numbers can't be read.
    """
    return {name: _plain(f, getattr(source, name))
            for name, f in request_fields(request, skip=skip).items()}


def parse_numbers(name: str, text: str) -> list[float]:
    """The numbers in "0, 90, 180"; none in an empty text.

    Raises:
        EngineError: `BAD_INPUT` if it holds anything else.
    """
    try:
        return [float(word) for word in text.replace(",", " ").split()]
    except ValueError as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"{name} can't be {text!r}",
                          "give numbers separated by commas") from error


def label(name: str) -> str:
    """A field's or choice's name as a person reads it: "input_radius" is "Input Radius"."""
    return _LABELS.get(name, name.replace("_", " ").title())


def _plain(f: Field[Any], value: Any) -> Any:
    if isinstance(default_of(f), list):
        return parse_numbers(f.name, value)
    # Blender keeps 32 bits, which make 1.8500000238 of 1.85; seven digits are what they hold.
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _property(f: Field[Any], single_values: bool, keywords: dict[str, Any]) -> Any:
    """The bpy property of one field."""
    default, metadata = default_of(f), f.metadata
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
