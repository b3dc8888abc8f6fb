# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimisation loop of all trainings: schedule, averaged weights, log and checkpoints."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import AveragedModel

from ..core.reporting import Reporter
from ..core.staging import staged_file
from .processes import Processes

LossFunction = Callable[[nn.Module, torch.Generator], Tensor]
"""Draws a batch with the generator and returns the module's scalar loss."""

Validation = Callable[[nn.Module], Mapping[str, float]]
"""Evaluates the averaged module; the values are written to the log."""


@dataclass(kw_only=True)
class LoopSettings:
    """Length and speed of a training. Counts are in optimiser steps."""

    steps: int
    learning_rate: float
    warmup: int = 200
    """Steps in which the rate increases linearly from zero."""
    cooldown: int = 0
    """Last steps, in which the rate decreases linearly to zero; 0 keeps it constant, as in the
    paper."""
    weight_decay: float = 0.01
    """Weight decay of AdamW, as in the original."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient."""
    faster: Mapping[str, float] = field(default_factory=dict)
    """Submodule name to the factor of its learning rate."""
    ema_decay: float = 0.999
    """Decay of the averaged weights, after its warm-up (see `ema_average`)."""
    precision: str = "auto"
    """See `mixed_precision`."""
    seed: int = 0
    save_every_s: float = 120.0
    """Seconds between checkpoints."""
    log_every: int = 50
    measure_every: int = 500
    """Steps between validations."""


def learning_rate(step: int, settings: LoopSettings) -> float:
    """The rate of a step, counted from 0: warm-up, plateau, cool-down."""
    warm = min(1.0, (step + 1) / max(settings.warmup, 1))
    cool = min(1.0, (settings.steps - step) / max(settings.cooldown, 1))
    return settings.learning_rate * min(warm, cool)


def ema_average(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """Exponential moving average whose decay warms up as (1 + n) / (10 + n), as in the original."""

    def average(averaged: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        weight = min(decay, (1 + int(count)) / (10 + int(count)))
        return torch.lerp(current, averaged, weight)

    return average


def averaged_copy(module: nn.Module, decay: float) -> AveragedModel:
    """A copy that `ema_average` updates; frozen parameters are shared with the module."""
    averaged = AveragedModel(nn.Module(), avg_fn=ema_average(decay))
    frozen = {id(value): value for value in module.parameters() if not value.requires_grad}
    averaged.module = deepcopy(module, frozen)
    return averaged


def mixed_precision(device: torch.device | None = None,
                    precision: str = "auto") -> torch.autocast:
    """The context for computing in "bf16" or "fp32". "auto" is bf16 where the device (by default
    the CPU) multiplies it in hardware, which is 2 to 3 times faster.
    """
    kind = device.type if device else "cpu"
    if precision != "auto":
        return torch.autocast(kind, torch.bfloat16, enabled=precision == "bf16")
    fast = {"cpu": lambda: (torch.cpu._is_avx512_bf16_supported()
                            or torch.cpu._is_amx_tile_supported()),
            "cuda": torch.cuda.is_bf16_supported}.get(kind, lambda: False)()
    return torch.autocast(kind, torch.bfloat16, enabled=fast)


def attention(device: torch.device) -> AbstractContextManager[None]:
    """The context for attention: on a CPU plain attention, whose backward pass is faster than the
    fused one's for sequences as short as nano's.
    """
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


def train(module: nn.Module, loss_function: LossFunction, settings: LoopSettings, folder: Path,
          reporter: Reporter, validate: Validation | None = None,
          processes: Processes | None = None) -> nn.Module:
    """Optimise until `settings.steps`; resume from `folder/checkpoint.pt` if it exists.

    Every step draws its batch from a generator seeded with (seed, step), so that a resumed run
    continues exactly as an uninterrupted one. `folder/log.jsonl` receives the progress (step,
    seconds, loss, lr) and, every `settings.measure_every` steps, the values of `validate`. If the
    reporter cancels, a checkpoint is written first.

    Args:
        validate: called with the averaged module.
        processes: share the folder, of which the first one writes; `loss_function` computes each
            one's part of the batch.

    Returns:
        The module with its averaged (EMA) weights, in eval mode.
    """
    processes = processes or Processes()
    state = _State.start(module, settings, folder / "checkpoint.pt")
    log = _Log(folder / "log.jsonl", state, settings, processes)
    module.train()
    computing = processes.wrap(module)
    saved = time.monotonic()
    try:
        while state.step < settings.steps:
            log.add(_optimise(state, computing, loss_function, settings))
            if validate and processes.first and (
                    state.step % settings.measure_every == 0 or state.step == settings.steps):
                log.write({"step": state.step, **validate(state.averaged.module)})
            if processes.first and time.monotonic() - saved > settings.save_every_s:
                saved = time.monotonic()
                state.save(folder / "checkpoint.pt")
            reporter.progress("train", state.step, settings.steps)
    finally:
        if processes.first:
            state.save(folder / "checkpoint.pt")
    return state.averaged.module.eval()


@dataclass
class _State:
    """The content of a checkpoint."""

    module: nn.Module
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    step: int = 0
    """Number of finished steps."""
    seconds: float = 0.0
    """Time of training until the last entry of the log."""

    @classmethod
    def start(cls, module: nn.Module, settings: LoopSettings, checkpoint: Path) -> _State:
        """A new training, or the one in the checkpoint if the file exists."""
        averaged = averaged_copy(module, settings.ema_decay)
        optimizer = torch.optim.AdamW(_parameter_groups(module, settings.faster),
                                      settings.learning_rate, weight_decay=settings.weight_decay,
                                      fused=True)
        state = cls(module, averaged, optimizer)
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        if checkpoint.exists():
            values = torch.load(checkpoint, weights_only=True, map_location="cpu")
            for name, part in state._parts().items():
                part.load_state_dict(values[name])
            state.step, state.seconds = values["step"], values["seconds"]
        return state

    def _parts(self) -> dict[str, Any]:
        return {"module": self.module, "averaged": self.averaged, "optimizer": self.optimizer}

    def save(self, path: Path) -> None:
        """Replace the checkpoint."""
        values = {name: part.state_dict() for name, part in self._parts().items()}
        with staged_file(path) as stage:
            torch.save({**values, "step": self.step, "seconds": self.seconds}, stage)


def _optimise(state: _State, computing: nn.Module, loss_function: LossFunction,
              settings: LoopSettings) -> Tensor:
    """One optimiser step; returns its loss. `computing`: the module as processes wrap it."""
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(state.step, settings) * group["multiplier"]
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + state.step)
    device = next(state.module.parameters()).device
    with mixed_precision(device, settings.precision), attention(device):
        loss = loss_function(computing, generator)
    state.optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(state.module.parameters(), settings.gradient_clip)
    state.optimizer.step()
    state.averaged.update_parameters(state.module)
    state.step += 1
    return loss.detach()


class _Log:
    """Writes the mean loss of every `log_every` steps; the first of several processes writes."""

    def __init__(self, path: Path, state: _State, settings: LoopSettings,
                 processes: Processes) -> None:
        self._path, self._state, self._settings = path, state, settings
        self._processes = processes
        self._losses: list[Tensor] = []
        self._since = time.monotonic()

    def add(self, loss: Tensor) -> None:
        """Add the loss of the last step."""
        self._losses.append(loss)
        state, settings = self._state, self._settings
        if len(self._losses) < settings.log_every and state.step < settings.steps:
            return
        now = time.monotonic()
        state.seconds, self._since = state.seconds + now - self._since, now
        mean = float(self._processes.mean(torch.stack(self._losses).mean()))
        self._losses.clear()
        if self._processes.first:
            self.write({"step": state.step, "seconds": round(state.seconds, 1),
                        "loss": round(mean, 6),
                        "lr": round(learning_rate(state.step, settings), 8)})

    def write(self, record: Mapping[str, float]) -> None:
        """Append a line."""
        with self._path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def load_averaged(module: nn.Module, folder: Path) -> int:
    """Load the averaged weights of a checkpoint into a module. Returns the checkpoint's step."""
    values = torch.load(folder / "checkpoint.pt", weights_only=True, map_location="cpu")
    prefix = "module."
    module.load_state_dict({key.removeprefix(prefix): value
                            for key, value in values["averaged"].items() if key.startswith(prefix)})
    return values["step"]


def _parameter_groups(module: nn.Module, faster: Mapping[str, float]) -> list[dict]:
    """The optimiser's groups: the trainable parameters with the common rate, then each faster part.
    """
    common = [value for name, value in module.named_parameters()
              if value.requires_grad and name.partition(".")[0] not in faster]
    parts = [{"params": list(module.get_submodule(name).parameters()), "multiplier": multiplier}
             for name, multiplier in faster.items()]
    return [{"params": common, "multiplier": 1.0}, *parts]
