# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape from one image: occupancy in the input camera's frustum, predicted by a small network."""
