# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One training in several processes, on one or more machines that see the same folders.

`accelerate launch` or `torchrun` with `-m engine train model ...` starts them. All processes draw
the same batches and compute a part of each, and Hugging Face accelerate averages the gradients: the
result is that of one process with the same batch.
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
"""Time limit for waiting for the first process, which may have to render the data."""


@dataclass(frozen=True)
class Processes:
    """The processes of this training, from the point of view of one of them."""

    accelerator: Accelerator | None = None
    """None if there is only this process."""

    @classmethod
    def join(cls, device: str) -> Processes:
        """Connect the processes that were started together. `device`: as in the request."""
        if int(os.environ.get("WORLD_SIZE", "1")) < 2:
            return cls()
        from accelerate import Accelerator, InitProcessGroupKwargs

        return cls(Accelerator(cpu=device == "cpu",
                               kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)]))

    @property
    def part(self) -> tuple[int, int]:
        """The rank of this process and the number of processes."""
        if self.accelerator is None:
            return 0, 1
        return self.accelerator.process_index, self.accelerator.num_processes

    @property
    def first(self) -> bool:
        """Whether this process prepares the data, reports, and writes the result."""
        return self.part[0] == 0

    def device(self, otherwise: torch.device) -> torch.device:
        """The device of this process: processes on one machine share its GPUs."""
        return otherwise if self.accelerator is None else self.accelerator.device

    def wait(self) -> None:
        """Wait until all processes have called this."""
        if self.accelerator is not None:
            # accelerate's own barrier uses the GPU of this rank, even if the CPU was chosen.
            torch.distributed.barrier()

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module; each backward pass averages its gradients over all processes."""
        return module if self.accelerator is None else self.accelerator.prepare_model(module)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of the values over all processes."""
        return values if self.accelerator is None else self.accelerator.reduce(values, "mean")

    def leave(self) -> None:
        """Shut the process group down."""
        if self.accelerator is not None:
            self.accelerator.end_training()
