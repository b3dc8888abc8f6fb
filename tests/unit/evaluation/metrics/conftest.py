# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""LPIPS and FID by their libraries. They run in a separate process, because diffusers and
transformers behave differently if torchvision is installed.
"""

from __future__ import annotations

import importlib.util

import torch

OPERATORS = torch.library.Library("torchvision", "FRAGMENT")
"""torchvision may be built for CUDA and torch for the CPU. Then its operators, which these networks
do not use, are missing, and it can be imported only after they are declared."""

if importlib.util.find_spec("torchvision"):
    try:
        import torchvision
    except RuntimeError:
        for name in ("nms", "qnms"):
            if not hasattr(torch.ops.torchvision, name):
                OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float threshold) -> Tensor")
        import torchvision  # noqa: F401
