# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""German."""

from .descriptions import TEXTS as _DESCRIPTIONS
from .errors import TEXTS as _ERRORS
from .image_notes import TEXTS as _IMAGE_NOTES
from .labels import TEXTS as _LABELS
from .settings import TEXTS as _SETTINGS

TEXTS = {**_LABELS, **_SETTINGS, **_DESCRIPTIONS, **_ERRORS, **_IMAGE_NOTES}
