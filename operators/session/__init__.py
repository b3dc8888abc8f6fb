# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the add-on while Blender runs: jobs, engine, timer, preferences, history."""
