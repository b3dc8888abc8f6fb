# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One training in several processes, on one machine or many that see the same folders.

`accelerate launch` or `torchrun`, with `-m engine train model ...`, starts them; without there is
one. All draw the same batches and compute a part of each, and Hugging Face accelerate averages
their gradients, so that the result is that of one process with the same batch.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from accelerate import Accelerator

PATIENCE = timedelta(days=7)
"""How long processes wait for the first one, which may have to render the data."""


@dataclass(frozen=True)
class Processes:
    """The processes of this training, as one of them sees them."""

    accelerator: Accelerator | None = None
    """None if there is only this one."""

    @classmethod
    def join(cls, device: str) -> Processes:
        """Meet those that were started together. `device`: as in the request."""
        if int(os.environ.get("WORLD_SIZE", "1")) < 2:
            return cls()
        from accelerate import Accelerator, InitProcessGroupKwargs

        return cls(Accelerator(cpu=device == "cpu",
                               kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)]))

    @property
    def part(self) -> tuple[int, int]:
        """(number of this process, number of processes)."""
        if self.accelerator is None:
            return 0, 1
        return self.accelerator.process_index, self.accelerator.num_processes

    @property
    def first(self) -> bool:
        """Whether this one prepares the data, reports, and writes the result."""
        return self.part[0] == 0

    def device(self, otherwise: torch.device) -> torch.device:
        """Where this one computes; several share a machine's GPUs."""
        return otherwise if self.accelerator is None else self.accelerator.device

    def wait(self) -> None:
        """Until all are here."""
        if self.accelerator is not None:
            # accelerate's own waits on the GPU with this process's number, also where none is used.
            torch.distributed.barrier()

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module, with its gradients averaged over all processes by each backward pass."""
        return module if self.accelerator is None else self.accelerator.prepare_model(module)

    def mean(self, values: Tensor) -> Tensor:
        """Averaged over all processes."""
        return values if self.accelerator is None else self.accelerator.reduce(values, "mean")

    def leave(self) -> None:
        """Part in peace."""
        if self.accelerator is not None:
            self.accelerator.end_training()
