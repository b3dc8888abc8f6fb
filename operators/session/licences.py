# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licences that restrict the use of a model: how dialogs show them, and which are accepted."""

from __future__ import annotations

import textwrap
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.props import BoolProperty

from ...engine.core.errors import EngineError
from ...engine.models.catalogue import ModelInfo
from ...engine.models.licence_store import licence_accepted
from . import preferences as addon

DIALOG_WIDTH = 420
"""Width of a dialog that shows a licence, in pixels at a UI scale of 1."""
LINE = 62
"""Characters in a line of such a dialog."""


def accept_property() -> Any:
    """The property of an operator with which the user accepts a licence."""
    return BoolProperty(
        name="I Have Read and Accept the Licence", default=False, options={'SKIP_SAVE'},
        description="Asked once for every model whose licence restricts its use")


def draw_licence(layout: bpy.types.UILayout, info: ModelInfo) -> None:
    """Draw the name of a licence, its restrictions and a button that opens its text."""
    column = layout.column(align=True)
    column.label(text=iface_(info.title), translate=False)
    column.label(text=iface_("Licence: {}").format(info.licence), translate=False)
    for line in textwrap.wrap(iface_(info.terms), LINE):
        column.label(text=line, translate=False)
    if info.licence_url:
        layout.operator("wm.url_open", text="Read the Licence", icon='URL').url = info.licence_url


def is_accepted(info: ModelInfo | None, context: bpy.types.Context) -> bool:
    """Whether a model can be used without accepting a licence.

    If the record of accepted licences cannot be read, the engine reports that.
    """
    try:
        return info is None or licence_accepted(info, addon.model_folder(context))
    except EngineError:
        return True
