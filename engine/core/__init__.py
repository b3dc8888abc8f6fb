# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every other package builds on: protocol, requests, errors, atomic writes, locks."""
