# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several test folders share: stand-in programs, tiny models, shapes, fixtures."""
