# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the engine's tests."""

from helpers.engine_fixtures import client, picture

__all__ = ["client", "picture"]
