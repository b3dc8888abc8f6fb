# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash grid's features by tiny-cuda-nn (its bindings/torch/tinycudann/modules.py)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .libraries import TINY_CUDA, Use, current

if TYPE_CHECKING:
    from .hash_grid import HashSettings

    Look = Callable[[Tensor], Tensor]
    """Features of some points in tables."""


def features_or(ours: Look, settings: HashSettings, tables: Tensor, points: Tensor) -> Tensor:
    """By the library where it may work, else by `ours`; differentiable in the tables."""
    use = current()
    if not use.allows(TINY_CUDA, points.device):
        return ours(tables)

    def theirs(tables: Tensor) -> Tensor:
        return features_at(settings, tables, points)

    if not torch.is_grad_enabled():
        return use.either(TINY_CUDA, points.device, lambda: theirs(tables), lambda: ours(tables))
    return _EitherWay.apply(tables, use, points.device, theirs, ours)


class _EitherWay(torch.autograd.Function):
    """The library may fail on the way back, too: then torch goes both ways."""

    @staticmethod
    def forward(ctx: Any, tables: Tensor, use: Use, device: torch.device, theirs: Look,
                ours: Look) -> Tensor:
        tables = tables.detach().requires_grad_()
        with torch.enable_grad():
            features = use.either(TINY_CUDA, device, lambda: theirs(tables), lambda: ours(tables))

        def way_back(gradient: Tensor) -> Tensor:
            return use.either(
                TINY_CUDA, device, lambda: _gradient(features, tables, gradient),
                lambda: _gradient(ours(tables), tables, gradient))

        ctx.way_back = way_back
        return features.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        with torch.enable_grad():
            return ctx.way_back(gradient), None, None, None, None


def _gradient(features: Tensor, tables: Tensor, gradient: Tensor) -> Tensor:
    return torch.autograd.grad(features, tables, gradient)[0]


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

    It computes a level's scale in single precision, we in double: where we get 255, at our finest
    level, it may get 255.0001, and count one corner more along each side. Only where a level is
    stored densely does that change the layout, and with our default settings the finest isn't.
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
