# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The device and the number format that networks compute on. Imports torch, but not diffusers."""

from __future__ import annotations

import torch

from ..core.errors import EngineError, ErrorCode
from ..core.image_requests import DTYPES

AUTO = "auto"


def resolve_device(device: str = AUTO) -> torch.device:
    """The torch device for the name in a request; "auto" selects CUDA, Metal or the CPU, in order.

    Raises:
        EngineError: `ENVIRONMENT` if this computer or this torch has no such device, `BAD_INPUT`
            for an unknown name.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(),
                 "cpu": True}
    if device == AUTO:
        return torch.device(next(name for name, there in available.items() if there))
    if device not in available:
        raise EngineError(ErrorCode.BAD_INPUT, f"unknown device {device!r}",
                          f"choose auto or {', '.join(available)}")
    if not available[device]:
        raise EngineError(ErrorCode.ENVIRONMENT,
                          f"torch can't use the device {device} on this computer",
                          "choose auto, or install a torch built for it")
    return torch.device(device)


def resolve_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """The number format for the name in a request. "auto" selects bfloat16 on a CUDA or ROCm
    device that supports it in hardware, float16 on other GPUs (some that Metal supports lack
    bfloat16), and float32 on the CPU. On CUDA, torch computes float32 convolutions in TF32: an
    evaluation of a UNet of the original's size then differs by 1e-3 from one without TF32.

    Raises:
        EngineError: `BAD_INPUT` for an unknown name.
    """
    if dtype not in DTYPES:
        raise EngineError(ErrorCode.BAD_INPUT, f"unknown number format {dtype!r}",
                          f"choose from {', '.join(DTYPES)}")
    if dtype != AUTO:
        return getattr(torch, dtype)
    if device.type == "cpu":
        return torch.float32
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float16
