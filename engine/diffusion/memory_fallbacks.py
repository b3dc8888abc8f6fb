# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many views are sampled at once, and what is done when memory runs out all the same.

The measures that are taken then are good for other pipelines of diffusers, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from ..core.device_memory import device_memory, give_back_memory
from ..core.failures import is_out_of_memory
from .single_token_cross_attention import use_constant_attention

if TYPE_CHECKING:
    from .pipeline import Zero123Pipeline

WORK_PER_STEP = {"cpu": 1e12, "cuda": 3e13, "mps": 4e12}
"""UNet parameters x latent pixels x rows evaluated in one step. The original has 8.8e11 a row, so
a CPU takes its rows one by one (and notices a cancellation between them), a GPU thirty-four at
once: a fast one (H200) does 32 in 1.1 times the time of 2, and 64 in 1.6 times."""
MAX_ROWS = 64
"""More rows at once aren't faster and only need memory."""
FREE_PART = 0.8
"""Of the free memory, what a step may take."""
UNET_MAPS, DECODER_MAPS = 40, 12
"""How much memory a row takes at most, as a multiple of one map of the first level's channels:
measured for nano and for a network of the original's size. On a GPU the latter's UNet takes 25 a
row from 8 rows on, but its decoder then needs about what 40 amount to."""

Result = TypeVar("Result")
Work = Callable[[Tensor, int, int], Result]
"""Rows, the number of this batch and that of all batches, to results of the rows."""


def rows_at_once(pipeline: Zero123Pipeline, guidance_scale: float) -> int:
    """How many rows a step takes: as many as keep the device busy, and as fit into its memory."""
    unet, vae, device = pipeline.unet, pipeline.vae, pipeline.execution_device
    passes = 1 if guidance_scale == 1 else 2
    side = unet.config.sample_size
    work = sum(p.numel() for p in unet.parameters()) * side**2 * passes
    in_unet = UNET_MAPS * unet.config.block_out_channels[0] * side**2 * passes
    in_decoder = DECODER_MAPS * vae.config.block_out_channels[0] * pipeline.image_size**2
    row_bytes = max(in_unet * unet.dtype.itemsize, in_decoder * vae.dtype.itemsize / 8)
    fitting = FREE_PART * device_memory(str(device))[0] / row_bytes
    return int(min(max(min(WORK_PER_STEP.get(device.type, 1e12) / work, fitting), 1), MAX_ROWS))


def in_batches(rows: Tensor, size: int, work: Work[Result], save_memory: Callable[[], bool],
               on_halved: Callable[[int], None] = lambda size: None) -> list[Result]:
    """Do work on all rows, `size` at a time. Where memory runs out, half as many from then on.

    Args:
        save_memory: is called when one row alone is too much; whether anything was left to do.
        on_halved: is told the new size.
    """
    waiting = deque(rows.split(size))
    results: list[Result] = []
    while waiting:
        try:
            results.append(work(waiting[0], len(results), len(results) + len(waiting)))
            waiting.popleft()
            continue
        except Exception as error:
            # The error holds on to what the failed step had: nothing is done about it in here.
            if not is_out_of_memory(error) or (len(waiting[0]) == 1 and not save_memory()):
                raise
        give_back_memory()
        half = (len(waiting[0]) + 1) // 2
        waiting = deque(torch.cat(list(waiting)).split(half))
        on_halved(half)
    return results


def as_memory_allows(save_memory: Callable[[], bool], work: Callable[[], Result]) -> Result:
    """The result of work that can't be divided. Where memory runs out, measures are taken, and it
    is done again."""
    return in_batches(torch.zeros(1), 1, lambda *_: work(), save_memory)[0]


Measure = Callable[[Any], str | None]
"""Has a pipeline need less memory, and says what it did; None where nothing is to be done."""


class MemorySaver:
    """Takes measures for a pipeline, one at a time."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self.savings: list[str] = []
        """What was done."""
        self._left = list(measures)

    def save_memory(self, pipeline: Any) -> bool:
        """Take one more measure, at the cost of speed. False if none is left."""
        while self._left:
            done = self._left.pop(0)(pipeline)
            if done is not None:
                self.savings.append(done)
                return True
        return False


def slice_attention(pipeline: Any) -> str | None:
    """Attention head by head; None where no network can."""
    if not any(hasattr(part, "set_attention_slice") for part in pipeline.components.values()):
        return None
    pipeline.enable_attention_slicing("max")
    return "attention is computed in slices"


def slice_single_token_attention(pipeline: Zero123Pipeline) -> str | None:
    """The same where a UNet sees one context token: its attention to that has nothing to slice."""
    done = slice_attention(pipeline)
    use_constant_attention(pipeline.unet)
    return done


def tile_decoder(pipeline: Zero123Pipeline) -> str:
    """Pictures decoded in four overlapping parts, one after the other."""
    vae = pipeline.vae
    vae.enable_slicing()
    pipeline.tiled_decoder = True
    vae.tile_sample_min_size = pipeline.image_size // 2
    vae.tile_latent_min_size = pipeline.unet.config.sample_size // 2
    return "pictures are decoded in tiles"


def offload(pipeline: Any) -> str | None:
    """Networks in main memory until they are needed; None where that is the device's memory, or
    where they have no order."""
    device = pipeline._execution_device
    if device.type == "cpu" or pipeline.model_cpu_offload_seq is None:
        return None
    pipeline.enable_model_cpu_offload(device=device)
    return "networks wait in main memory"


MEASURES = (slice_single_token_attention, tile_decoder, offload)
"""In the order in which they are taken, from the cheapest on."""
