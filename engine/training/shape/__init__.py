# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the shape network: targets, rendering, data set, training loop and evaluation."""
