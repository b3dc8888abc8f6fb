# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cached small constant tensors.

Copying Python numbers to a GPU waits until the GPU has finished all queued work. An optimisation
step would do so dozens of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def constant_like(like: Tensor, values: Sequence[float]) -> Tensor:
    """The values as a tensor with the dtype and device of `like`. Shared: never change it in place.
    """
    return _cached(tuple(values), like.dtype, like.device)


@lru_cache(1024)
def _cached(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(values, dtype=dtype).to(device)
