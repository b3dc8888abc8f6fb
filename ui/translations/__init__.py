# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface in other languages: a module for each, English text to translation."""

import bpy

from ...operators.session.preferences import CONTEXT
from . import german

_OPERATOR = "Operator"
"""Blender's context of the labels of operators."""
_LANGUAGES = {"de_DE": german.TEXTS, "de": german.TEXTS}


def register() -> None:
    """Make the languages known to Blender."""
    bpy.app.translations.register(__package__, {
        locale: {(context, english): text for english, text in texts.items()
                 for context in (bpy.app.translations.contexts.default, _OPERATOR, CONTEXT)}
        for locale, texts in _LANGUAGES.items()})


def unregister() -> None:
    """Take them back."""
    bpy.app.translations.unregister(__package__)
