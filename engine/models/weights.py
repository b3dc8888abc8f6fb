# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a pipeline's folder, one network at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from diffusers import ModelMixin
from torch import Tensor, nn
from transformers import PreTrainedModel

from ..diffusion import Zero123Pipeline


def networks_of(pipeline: Zero123Pipeline) -> dict[str, nn.Module]:
    """The pipeline's networks by name."""
    return {name: part for name, part in pipeline.components.items()
            if isinstance(part, nn.Module)}


def stored_dtype(tensor: Tensor, dtype: torch.dtype | None) -> torch.dtype:
    """The number format of a weight on disk: `dtype` for floating-point weights, unless it is None.
    """
    return dtype if dtype and tensor.is_floating_point() else tensor.dtype


def save_pipeline(pipeline: Zero123Pipeline, folder: Path, dtype: torch.dtype | None,
                  step: Callable[[], None]) -> None:
    """As `pipeline.save_pretrained(folder)`, after converting the networks to `dtype` (None keeps
    theirs).

    `step`: called after each network; an exception stops the export.

    Raises:
        OSError: if a file cannot be written, for example because the disk is full.
    """
    pipeline.save_config(folder)
    pipeline.scheduler.save_pretrained(folder / "scheduler")
    for name, network in networks_of(pipeline).items():
        assert isinstance(network, ModelMixin | PreTrainedModel)
        if dtype is not None:
            nn.Module.to(network, dtype)  # the libraries' own method emits a warning
        network.save_pretrained(folder / name)
        step()
