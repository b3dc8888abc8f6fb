# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The translation context of the add-on's texts."""

CONTEXT = "Zero123"
"""Context for texts that Blender has itself with another translation."""
