# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash grid's features by tiny-cuda-nn (its bindings/torch/tinycudann/modules.py)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from .hash_grid import HashSettings


def features_at(settings: HashSettings, tables: Tensor, points: Tensor) -> Tensor:
    """As `HashEncoding`, differentiable in the tables, which stay ours.

    Raises:
        ImportError, OSError: if the library isn't there, or not for this GPU.
        ValueError: if it lays out its tables otherwise.
    """
    encoding = _encoding(settings, points.device)
    count = sum(values.numel() for values in encoding.parameters())
    if count != tables.numel():
        raise ValueError(f"tables of {count} instead of {tables.numel()} numbers")
    features = torch.func.functional_call(
        encoding, {"params": tables.flatten()}, (points.detach().clamp(0, 1),))
    # There may be padding behind them.
    return features[:, :settings.levels * settings.features]


def configuration(settings: HashSettings) -> dict[str, Any]:
    """The settings as tiny-cuda-nn's DOCUMENTATION.md has them.

    It computes a level's scale in single precision, we in double: at our finest level it gets
    255.0001, we 255, and it counts one corner more along each side. Only where a level is stored
    densely does that change the layout, and with our default settings the finest isn't.
    """
    return {"otype": "Grid", "type": "Hash", "n_levels": settings.levels,
            "n_features_per_level": settings.features, "log2_hashmap_size": settings.log2_entries,
            "base_resolution": settings.coarsest, "per_level_scale": settings.growth,
            "interpolation": "Linear"}


@cache
def _encoding(settings: HashSettings, device: torch.device) -> nn.Module:
    """For its arithmetic. It has tables of its own, which aren't used."""
    import tinycudann

    encoding: nn.Module = tinycudann.Encoding(3, configuration(settings), dtype=torch.float32)
    return encoding.requires_grad_(False).to(device)
