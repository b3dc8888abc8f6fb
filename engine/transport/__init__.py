# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's side of the pipe to the engine's process. Standard library only."""
