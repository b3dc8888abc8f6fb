# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training objects from a random generator: household shapes, painted and lit at random.

They complement collections of real models, which are rich in furniture and poor in the compact
things that people hold in front of a camera: cartons, cans, bottles, bowls, fruit, tools.
"""
