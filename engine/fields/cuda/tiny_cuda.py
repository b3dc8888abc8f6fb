# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash grid's features by tiny-cuda-nn (its bindings/torch/tinycudann/modules.py)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from ..hash_config import HashGridConfig
from .libraries import TINY_CUDA, LibraryUse, current

Encode = Callable[[Tensor], Tensor]
"""Hash tables to the features of fixed points, (p, levels * features)."""


def encode_or(by_torch: Encode, config: HashGridConfig, tables: Tensor, points: Tensor) -> Tensor:
    """The features by the library where it may be used, otherwise `by_torch`; differentiable in the
    tables. Shapes as in `encode`.
    """
    use = current()
    if not use.allows(TINY_CUDA, points.device):
        return by_torch(tables)

    def by_library(tables: Tensor) -> Tensor:
        return encode(config, tables, points)

    if not torch.is_grad_enabled():
        return use.either(TINY_CUDA, points.device,
                          lambda: by_library(tables), lambda: by_torch(tables))
    return _EitherWay.apply(tables, use, points.device, by_library, by_torch)


class _EitherWay(torch.autograd.Function):
    """The library may also fail in the backward pass: torch then computes both passes."""

    @staticmethod
    def forward(ctx: Any, tables: Tensor, use: LibraryUse, device: torch.device,
                by_library: Encode, by_torch: Encode) -> Tensor:
        tables = tables.detach().requires_grad_()
        with torch.enable_grad():
            features = use.either(TINY_CUDA, device,
                                  lambda: by_library(tables), lambda: by_torch(tables))

        def gradient_of_tables(gradient: Tensor) -> Tensor:
            return use.either(
                TINY_CUDA, device, lambda: _gradient(features, tables, gradient),
                lambda: _gradient(by_torch(tables), tables, gradient))

        ctx.gradient_of_tables = gradient_of_tables
        return features.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        with torch.enable_grad():
            return ctx.gradient_of_tables(gradient), None, None, None, None


def _gradient(features: Tensor, tables: Tensor, gradient: Tensor) -> Tensor:
    return torch.autograd.grad(features, tables, gradient)[0]


def encode(config: HashGridConfig, tables: Tensor, points: Tensor) -> Tensor:
    """As `HashEncoding.forward`, differentiable in the tables, which remain this program's.

    Args:
        tables: (entries, features), laid out as in `HashEncoding`.
        points: (p, 3) in [0, 1].

    Returns:
        (p, levels * features).

    Raises:
        ImportError, OSError: if the library is missing or was built for another GPU.
        ValueError: if the library expects tables of another size.
    """
    encoding = _encoding(config, points.device)
    count = sum(values.numel() for values in encoding.parameters())
    if count != tables.numel():
        raise ValueError(f"tables of {count} instead of {tables.numel()} numbers")
    features = torch.func.functional_call(
        encoding, {"params": tables.flatten()}, (points.detach().clamp(0, 1),))
    # The library may append padding columns.
    return features[:, :config.levels * config.features]


def configuration(config: HashGridConfig) -> dict[str, Any]:
    """The configuration in the terms of tiny-cuda-nn's DOCUMENTATION.md.

    The library computes a level's scale in single precision, `HashEncoding` in double. Where the
    latter gets 255 at the finest level, the library may get 255.0001 and count one corner more
    along each axis. This changes the layout of densely stored levels only; with the default
    configuration the finest level is hashed.
    """
    return {"otype": "Grid", "type": "Hash", "n_levels": config.levels,
            "n_features_per_level": config.features, "log2_hashmap_size": config.log2_entries,
            "base_resolution": config.coarsest, "per_level_scale": config.growth,
            "interpolation": "Linear"}


@cache
def _encoding(config: HashGridConfig, device: torch.device) -> nn.Module:
    """The library's module, used for its arithmetic only: its own tables are replaced per call."""
    import tinycudann

    encoding: nn.Module = tinycudann.Encoding(3, configuration(config), dtype=torch.float32)
    return encoding.requires_grad_(False).to(device)
