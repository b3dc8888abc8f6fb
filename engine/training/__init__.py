# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains models: data on the disk, rendering of 3D models, fine-tuning, the optimisation loop."""
