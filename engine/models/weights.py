# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a pipeline's folder tensor by tensor: the libraries' own writer makes a copy of all
weights first.

The format (https://huggingface.co/docs/safetensors): the header's length as a little-endian 64-bit
number, the header as JSON, then the tensors' bytes without a gap.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from diffusers import ModelMixin
from diffusers.utils import SAFETENSORS_WEIGHTS_NAME as DIFFUSERS_FILE
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils import SAFE_WEIGHTS_NAME as TRANSFORMERS_FILE

from ..diffusion import Zero123Pipeline

NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
         torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
         torch.uint8: "U8", torch.bool: "BOOL"}
ALIGNMENT = 8
"""Of the first tensor in the file, bytes."""
Told = Callable[[], None]


def networks_of(pipeline: Zero123Pipeline) -> dict[str, nn.Module]:
    """The pipeline's networks by name."""
    return {name: part for name, part in pipeline.components.items()
            if isinstance(part, nn.Module)}


def stored_dtype(tensor: Tensor, dtype: torch.dtype | None) -> torch.dtype:
    """Of a weight on the disk: the one wanted, if it is a floating-point number at all."""
    return dtype if dtype and tensor.is_floating_point() else tensor.dtype


def save_pipeline(pipeline: Zero123Pipeline, folder: Path, dtype: torch.dtype | None,
                  on_tensor: Told) -> None:
    """As `pipeline.save_pretrained(folder)`, with weights of a dtype (None: as they are).

    `on_tensor`: called after each tensor; may raise to stop.

    Raises:
        OSError: if the disk is full.
    """
    pipeline.save_config(folder)
    pipeline.scheduler.save_pretrained(folder / "scheduler")
    for name, network in networks_of(pipeline).items():
        part = folder / name
        part.mkdir()
        if isinstance(network, PreTrainedModel):
            network.config.architectures = [type(network).__name__]
            network.config.save_pretrained(part)
            file = part / TRANSFORMERS_FILE
        else:
            assert isinstance(network, ModelMixin)
            network.save_config(part)
            file = part / DIFFUSERS_FILE
        write_safetensors(file, network.state_dict(), dtype, on_tensor)


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], dtype: torch.dtype | None = None,
                      on_tensor: Told = lambda: None) -> None:
    """Write tensors of the CPU; no more than one of them is in memory beside what was given."""
    # Large numbers first, so that every tensor starts at a multiple of its numbers' size.
    names = sorted(tensors, key=lambda name: (
        -stored_dtype(tensors[name], dtype).itemsize, name))
    sizes = {name: tensors[name].numel() * stored_dtype(tensors[name], dtype).itemsize
             for name in names}
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name in names:
        kind = stored_dtype(tensors[name], dtype)
        start, end = end, end + sizes[name]
        header[name] = {"dtype": NAMES[kind], "shape": list(tensors[name].shape),
                        "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    # One for all: memory that is taken and freed for each of them comes back in fragments.
    buffer = torch.empty(max(sizes.values(), default=0), dtype=torch.uint8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name in names:
            part = buffer[:sizes[name]]
            part.view(stored_dtype(tensors[name], dtype)).view(tensors[name].shape).copy_(
                tensors[name].detach())
            file.write(part.numpy().data)
            on_tensor()
