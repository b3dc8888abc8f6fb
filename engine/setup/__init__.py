# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's own Python environment: find it, describe it, install it. Standard library only."""
