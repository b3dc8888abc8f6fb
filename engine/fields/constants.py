# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few numbers as a tensor, kept on its device.

Copying Python's numbers to a GPU waits until that has done all it was told, and a step of an
optimisation would do so dozens of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def numbers(like: Tensor, values: Sequence[float]) -> Tensor:
    """The values, in the number format and on the device of a tensor. Not to be changed in place.
    """
    return _kept(tuple(values), like.dtype, like.device)


@lru_cache(1024)
def _kept(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(values, dtype=dtype).to(device)
