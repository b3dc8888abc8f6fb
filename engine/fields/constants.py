# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few numbers as a tensor, kept on its device.

Copying Python's numbers to a GPU waits until that has done all it was told, and a step of an
optimisation would do so dozens of times.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_LIMIT = 1024
_kept: dict[tuple[tuple[float, ...], torch.dtype, torch.device], Tensor] = {}


def numbers(like: Tensor, values: Sequence[float]) -> Tensor:
    """The values, in the number format and on the device of a tensor. Not to be changed in place.
    """
    key = (tuple(values), like.dtype, like.device)
    if key not in _kept:
        if len(_kept) >= _LIMIT:
            _kept.clear()
        _kept[key] = like.new_tensor(key[0])
    return _kept[key]
