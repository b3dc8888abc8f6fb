# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""NerfAcc's compiled part, which only has to exist."""

import os

if os.environ.get("ZERO123_STAND_IN_FAULT") == "import":
    raise ImportError("undefined symbol")
