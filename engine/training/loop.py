# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimisation loop that the autoencoder and the view-conditioned UNet share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import AveragedModel

from ..core.reporting import Reporter
from ..core.staging import staged_file
from .processes import Processes

LossFunction = Callable[[nn.Module, torch.Generator], Tensor]
"""Draws a batch with the generator and returns the scalar loss of the module on it."""

Validation = Callable[[nn.Module], Mapping[str, float]]
"""How good the averaged module is by now, as numbers for the log."""


@dataclass(kw_only=True)
class LoopSettings:
    """How long and how fast to train. All counts are in optimiser steps."""

    steps: int
    learning_rate: float
    warmup: int = 200
    """Linear increase from zero."""
    cooldown: int = 0
    """The last steps in which the rate falls linearly to zero; constant before, as in the paper."""
    weight_decay: float = 0.01
    gradient_clip: float = 1.0
    faster: Mapping[str, float] = field(default_factory=dict)
    """Multiplies the learning rate of the module's parts with these names."""
    ema_decay: float = 0.999
    precision: str = "auto"
    """See `mixed_precision`."""
    seed: int = 0
    save_every_s: float = 120.0
    log_every: int = 50
    measure_every: int = 500


def learning_rate(step: int, settings: LoopSettings) -> float:
    """Rate for a step counted from 0: warm-up, plateau, cool-down."""
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
    """A copy that follows the module as `ema_average` says; frozen parameters are the same ones."""
    averaged = AveragedModel(nn.Module(), avg_fn=ema_average(decay))
    frozen = {id(value): value for value in module.parameters() if not value.requires_grad}
    averaged.module = deepcopy(module, frozen)
    return averaged


def mixed_precision(device: torch.device | None = None,
                    precision: str = "auto") -> torch.autocast:
    """Computing in bfloat16 or float32; "auto" is bfloat16 where the device (by default the CPU)
    multiplies it in hardware, 2 to 3 times faster.
    """
    kind = device.type if device else "cpu"
    if precision != "auto":
        return torch.autocast(kind, torch.bfloat16, enabled=precision == "bf16")
    fast = {"cpu": lambda: (torch.cpu._is_avx512_bf16_supported()
                            or torch.cpu._is_amx_tile_supported()),
            "cuda": torch.cuda.is_bf16_supported}.get(kind, lambda: False)()
    return torch.autocast(kind, torch.bfloat16, enabled=fast)


def attention(device: torch.device) -> AbstractContextManager[None]:
    """For sequences as short as nano's, the CPU's fused attention takes longer backwards."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


def train(module: nn.Module, loss_function: LossFunction, settings: LoopSettings, folder: Path,
          reporter: Reporter, measure: Validation | None = None,
          processes: Processes | None = None) -> nn.Module:
    """Optimise until `settings.steps`; resume from `folder/checkpoint.pt` if it is there.

    Every step draws its batch from a generator seeded with (seed, step), so a resumed run continues
    exactly as an uninterrupted one. Progress goes to `folder/log.jsonl` (step, seconds, loss, lr),
    and every `settings.measure_every` steps what `measure` says of the averaged weights.
    When the reporter cancels, a checkpoint is written first. Of several `processes`, which must
    share the folder, the first one writes; `loss_function` computes each one's part.

    Returns:
        The module with its averaged (EMA) weights, in eval mode.
    """
    averaged = averaged_copy(module, settings.ema_decay)
    optimizer = torch.optim.AdamW(_parameter_groups(module, settings.faster),
                                  settings.learning_rate, weight_decay=settings.weight_decay,
                                  fused=True)
    state = {"module": module, "averaged": averaged, "optimizer": optimizer}
    step, seconds = _load(folder / "checkpoint.pt", state)
    saved = logged = time.monotonic()
    losses: list[Tensor] = []
    module.train()
    processes = processes or Processes()
    device = next(module.parameters()).device
    computing = processes.wrap(module)
    try:
        while step < settings.steps:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, settings) * group["multiplier"]
            generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
            with mixed_precision(device, settings.precision), attention(device):
                loss = loss_function(computing, generator)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), settings.gradient_clip)
            optimizer.step()
            averaged.update_parameters(module)
            step += 1
            losses.append(loss.detach())
            now = time.monotonic()
            if len(losses) == settings.log_every or step == settings.steps:
                seconds, logged = seconds + now - logged, now
                mean = float(processes.mean(torch.stack(losses).mean()))
                losses.clear()
                if processes.first:
                    _log(folder / "log.jsonl", step, seconds, mean, learning_rate(step, settings))
            if measure and processes.first and (
                    step % settings.measure_every == 0 or step == settings.steps):
                _write(folder / "log.jsonl", {"step": step, **measure(averaged.module)})
            if processes.first and now - saved > settings.save_every_s:
                saved = now
                _save(folder / "checkpoint.pt", state, step, seconds)
            reporter.progress("train", step, settings.steps)
    finally:
        if processes.first:
            _save(folder / "checkpoint.pt", state, step, seconds)
    return averaged.module.eval()


def load_averaged(module: nn.Module, folder: Path) -> int:
    """Put the averaged weights of a checkpoint into a module. Returns the step it was saved at."""
    values = torch.load(folder / "checkpoint.pt", weights_only=True, map_location="cpu")
    prefix = "module."
    module.load_state_dict({key.removeprefix(prefix): value
                            for key, value in values["averaged"].items() if key.startswith(prefix)})
    return values["step"]


def _parameter_groups(module: nn.Module, faster: Mapping[str, float]) -> list[dict]:
    """What is trained of a module: first what has the common rate, then each faster part."""
    common = [value for name, value in module.named_parameters()
              if value.requires_grad and name.partition(".")[0] not in faster]
    parts = [{"params": list(module.get_submodule(name).parameters()), "multiplier": multiplier}
             for name, multiplier in faster.items()]
    return [{"params": common, "multiplier": 1.0}, *parts]


def _log(path: Path, step: int, seconds: float, loss: float, rate: float) -> None:
    record = {"step": step, "seconds": round(seconds, 1), "loss": round(loss, 6),
              "lr": round(rate, 8)}
    _write(path, record)


def _write(path: Path, record: dict[str, float]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(record) + "\n")


def _save(path: Path, state: dict, step: int, seconds: float) -> None:
    values = {name: part.state_dict() for name, part in state.items()}
    with staged_file(path) as stage:
        torch.save({**values, "step": step, "seconds": seconds}, stage)


def _load(path: Path, state: dict) -> tuple[int, float]:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return 0, 0.0
    values = torch.load(path, weights_only=True, map_location="cpu")
    for name, part in state.items():
        part.load_state_dict(values[name])
    return values["step"], values["seconds"]
