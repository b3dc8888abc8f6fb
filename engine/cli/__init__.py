# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line `python -m engine`: verbs, options, exit codes, the terminal."""
