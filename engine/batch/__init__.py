# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One job for each of many pictures, a result folder for each, by any number of processes."""
