# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Optional CUDA libraries that replace parts of the field code, and their probe.

None is needed: plain torch computes the same. A library is used only after a probe in a separate
process has shown that it gives the same numbers faster (`engine.fields.device_selection`).
"""
