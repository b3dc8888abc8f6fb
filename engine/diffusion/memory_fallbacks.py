# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch sizes that fit into memory, and fallbacks of a pipeline for when memory runs out.

Everything here works for any pipeline of diffusers; the fallbacks of Zero123 are listed in
`engine.diffusion.pipeline`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import Tensor

from ..core.device_memory import device_memory, release_unused_memory
from ..core.failures import is_out_of_memory

WORK_PER_STEP = {"cpu": 1e12, "cuda": 3e13, "mps": 4e12}
"""Work of one denoising step that keeps a device busy, in UNet parameters x latent pixels x batch
items. An item of the original's size is 8.8e11: a CPU takes one item at a time, and notices a
cancellation between them; a GPU takes 34. Measured on an H200: 32 items take 1.1 times the time of
2, and 64 take 1.6 times."""
MAX_BATCH_SIZE = 64
"""Larger batches are not faster and only need memory."""
USABLE_MEMORY = 0.8
"""Fraction of the free memory that a step may take."""

Result = TypeVar("Result")
Work = Callable[[Tensor, int, int], Result]
"""(batch items, index of the batch, number of batches) to the results of the items."""
Fallback = Callable[[Any], str | None]
"""Changes a pipeline so that it needs less memory. Returns what it did as a phrase, or None where
it does not apply."""


def max_batch_size(device: torch.device, work_per_item: float, bytes_per_item: float) -> int:
    """The number of items that keep a device busy and fit into its free memory, 1 to
    `MAX_BATCH_SIZE`.

    `work_per_item`: in the unit of `WORK_PER_STEP`.
    """
    busy = WORK_PER_STEP.get(device.type, 1e12) / work_per_item
    fitting = USABLE_MEMORY * device_memory(str(device))[0] / bytes_per_item
    return int(min(max(min(busy, fitting), 1), MAX_BATCH_SIZE))


def in_batches(items: Tensor, size: int, work: Work[Result], save_memory: Callable[[], bool],
               on_halved: Callable[[int], None] = lambda size: None) -> list[Result]:
    """Process all items, `size` at a time. If memory runs out, continue with half the batch size.

    Args:
        items: (n, ...).
        save_memory: called when a single item is too much; returns False if nothing can be done.
        on_halved: called with the new batch size.

    Returns:
        The result of each batch, in order.
    """
    waiting = deque(items.split(size))
    results: list[Result] = []
    while waiting:
        try:
            results.append(work(waiting[0], len(results), len(results) + len(waiting)))
            waiting.popleft()
            continue
        except Exception as error:
            # The error references the tensors of the failed batch: memory is freed after this
            # block.
            if not is_out_of_memory(error) or (len(waiting[0]) == 1 and not save_memory()):
                raise
        release_unused_memory()
        half = (len(waiting[0]) + 1) // 2
        waiting = deque(torch.cat(list(waiting)).split(half))
        on_halved(half)
    return results


def as_memory_allows(save_memory: Callable[[], bool], work: Callable[[], Result]) -> Result:
    """The result of work that cannot be divided. If memory runs out, `save_memory` is called and
    the work repeated.
    """
    return in_batches(torch.zeros(1), 1, lambda *_: work(), save_memory)[0]


class MemoryFallbacks:
    """The fallbacks of one pipeline, applied one at a time."""

    def __init__(self, fallbacks: Iterable[Fallback]) -> None:
        """`fallbacks`: in the order in which they are applied, the cheapest first."""
        self.applied: list[str] = []
        """Phrases that describe the applied fallbacks."""
        self._left = list(fallbacks)

    def apply_next(self, pipeline: Any) -> bool:
        """Apply one more fallback, at the cost of speed. False if none is left."""
        while self._left:
            done = self._left.pop(0)(pipeline)
            if done is not None:
                self.applied.append(done)
                return True
        return False


def slice_attention(pipeline: Any) -> str | None:
    """Compute attention one head at a time; None if no network of the pipeline can."""
    if not any(hasattr(part, "set_attention_slice") for part in pipeline.components.values()):
        return None
    pipeline.enable_attention_slicing("max")
    return "attention is computed in slices"


def offload(pipeline: Any) -> str | None:
    """Keep networks in main memory until they are needed. None on a CPU, and for a pipeline without
    a defined order of its networks.
    """
    device = pipeline._execution_device
    if device.type == "cpu" or pipeline.model_cpu_offload_seq is None:
        return None
    pipeline.enable_model_cpu_offload(device=device)
    return "networks that are not in use are kept in main memory"
