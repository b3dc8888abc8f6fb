# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translates the notes of a job about its input image for the panel."""

import re
from typing import Any

from bpy.app.translations import pgettext_tip as tip_

REASONS = (
    "an object stands on transparency", "it is equally opaque everywhere",
    "it is transparent everywhere", "only a few pixels are transparent",
    "its opaque part fills the frame", "its opaque part is a rectangle from border to border",
    "its opaque part is a rectangle with a soft edge",
    "its opaque part is an ellipse with a soft edge", "it was cropped to a circle",
    "its opacity falls off across the frame")
"""The reasons of `engine.imaging.alpha_channel` for its interpretation."""
NOTES = (
    "Interpreted so because {}",
    "The image's transparency was not used, because {}; alpha=trust takes it as it is",
    "The cut-out is uncertain; check it, and if it is wrong use a plainer background or cut the "
    "object out by hand",
    "The object is translucent (opacity {}) and is taken as solid",
    "The object touches the {} border of the image and may be cut off there",
    "The object fills {} of the image, {} off its centre; the models were trained on centred "
    "objects of {} to {}",
    "The object is only {} pixels large; a larger image gives more detail",
    "The image's colour profile is damaged and was ignored; its colours may be off",
    "The image holds {}-bit values in 16 bits and was brightened {} times")
"""The engine's remarks without the final period; "{}" stands for the variable parts."""
SIDES = ("left", "right", "upper", "lower")
TEXTS = (*REASONS, *NOTES, *SIDES, "{} and {}")


def explanation(report: dict[str, Any]) -> list[str]:
    """The reason of an interpretation and all remarks, a sentence each."""
    notes = [str(note) for note in report.get("notes") or ()]
    reason = str(report.get("because") or "")
    if reason and not any(reason in note for note in notes):
        notes.insert(0, f"Interpreted so because {reason}.")
    return [translated(note) for note in notes]


def translated(note: str) -> str:
    """A remark of the engine in the user's language; an unknown remark stays in English."""
    text = note.removesuffix(".")
    for template in NOTES:
        pattern = re.escape(template).replace(r"\{\}", "(.+?)")
        if found := re.fullmatch(pattern, text):
            return tip_(template).format(*map(_word, found.groups())) + "."
    return note


def _word(text: str) -> str:
    first, joined, second = text.rpartition(" and ")
    if joined and second in SIDES:
        return tip_("{} and {}").format(_word(first), tip_(second))
    return tip_(text) if text in (*REASONS, *SIDES) else text
