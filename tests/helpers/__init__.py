# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts that several test folders share: substitute programs, tiny models, shapes, fixtures."""
