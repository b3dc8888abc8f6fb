# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device with little memory."""

from __future__ import annotations

import torch


class SmallDevice:
    """Raises torch's out-of-memory error for batches above a size."""

    def __init__(self, network: torch.nn.Module, rows: int, error: Exception) -> None:
        self.rows, self.error, self.seen = rows, error, []
        network.register_forward_pre_hook(self.look)

    def look(self, network: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        self.seen.append(len(arguments[0]))
        if len(arguments[0]) > self.rows:
            raise self.error
