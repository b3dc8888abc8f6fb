# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for tiny-cuda-nn's torch bindings where there is no GPU.

The same call and the same tables, by its source: bindings/torch/tinycudann/modules.py,
encodings/grid.h (order of the parameters), common_device.h (scale and corners of a level, index,
hash). Single precision and 32-bit integers, as there.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

PRIMES = (1, 2654435761, 805459861)
CORNERS = torch.tensor([*itertools.product((0, 1), repeat=3)])
fault = ""
sound = 0
"""Number of calls before a fault occurs."""
calls = 0


def broken(gradient: Tensor) -> None:
    raise RuntimeError("CUDA_ERROR_LAUNCH_FAILED\n on the way back")


class Encoding(nn.Module):
    def __init__(self, n_input_dims: int, encoding_config: dict[str, Any], seed: int = 1337,
                 dtype: torch.dtype | None = None) -> None:
        super().__init__()
        assert n_input_dims == 3 and dtype == torch.float32
        config = dict(encoding_config)
        assert (config.pop("otype"), config.pop("type"), config.pop("interpolation")) == (
            "Grid", "Hash", "Linear")
        levels, base = config.pop("n_levels"), np.float32(config.pop("base_resolution"))
        self.features = config.pop("n_features_per_level")
        most = 1 << config.pop("log2_hashmap_size")
        growth = np.log2(np.float32(config.pop("per_level_scale")))
        assert not config
        self.scales = [float(np.exp2(np.float32(level) * growth) * base - np.float32(1))
                       for level in range(levels)]
        self.sides = [int(np.ceil(scale)) + (2 if fault == "layout" else 1)
                      for scale in self.scales]
        self.sizes = [min(-(-side**3 // 8) * 8, most) for side in self.sides]
        self.n_output_dims = levels * self.features
        self.params = nn.Parameter(torch.zeros(sum(self.sizes) * self.features))

    def forward(self, x: Tensor) -> Tensor:
        global calls  # noqa: PLW0603
        calls += 1
        if fault == "forward" and calls > sound:
            raise RuntimeError("CUDA_ERROR_LAUNCH_FAILED\n in a kernel")
        table, found, first = self.params.reshape(-1, self.features), [], 0
        for scale, side, size in zip(self.scales, self.sides, self.sizes, strict=True):
            place = x.to(torch.float32) * scale + 0.5
            low = place.floor()
            upper = place - low
            corners = low.long() + CORNERS[:, None]
            weight = torch.where(CORNERS[:, None] == 1, upper, 1 - upper).prod(-1)
            rows = table[first + self.index(corners, side, size)]
            found.append((weight[..., None] * rows).sum(0))
            first += size
        features = torch.cat(found, dim=-1) + (0.01 if fault == "wrong" else 0.0)
        if fault == "backward" and calls > sound and features.requires_grad:
            features.register_hook(broken)
        return features

    def index(self, corners: Tensor, side: int, size: int) -> Tensor:
        stride, index = 1, torch.zeros_like(corners[..., 0])
        for axis in range(3):
            if stride > size:
                break
            index = index + corners[..., axis] * stride
            stride *= side
        if size < stride:
            a, b, c = (corners[..., axis] * PRIMES[axis] & 0xFFFFFFFF for axis in range(3))
            index = a ^ b ^ c
        return (index & 0xFFFFFFFF) % size
