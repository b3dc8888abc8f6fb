# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface in other languages. Each language is a package with English texts as keys."""

import bpy

from ...operators.scene.translation import CONTEXT
from . import german

_OPERATOR = "Operator"
"""Blender's translation context for labels of operators."""
_LANGUAGES = {"de_DE": german.TEXTS, "de": german.TEXTS}


def register() -> None:
    """Register the translations."""
    bpy.app.translations.register(__package__, {
        locale: {(context, english): text for english, text in texts.items()
                 for context in (bpy.app.translations.contexts.default, _OPERATOR, CONTEXT)}
        for locale, texts in _LANGUAGES.items()})


def unregister() -> None:
    """Unregister them."""
    bpy.app.translations.unregister(__package__)
