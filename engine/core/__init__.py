# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of all other packages: protocol, requests, errors, atomic writes, locks."""
