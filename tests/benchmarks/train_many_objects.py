# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and memory of nano's training on 10,000 objects on disk.

    python tests/benchmarks/train_many_objects.py FOLDER [--objects N] [--steps N]

Writes precomputed latents of N objects with 2 variants of 24 views (6.9 GB for 10,000) into FOLDER
and removes them at the end. The contents repeat every 100 objects, but each object has its own
pages of the files, which are dropped from the system's cache first. The training's steps draw from
these files and from 100 objects in memory in turn, so that other work on the computer affects both.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from many_objects import memory_mb
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.core.reporting import SilentReporter
from engine.training.latents import LatentViews, load
from engine.training.loop import LoopSettings, train
from engine.training.scratch.denoiser import denoising_loss
from engine.training.scratch.nano import Zero123Denoiser, nano_scheduler

VARIANTS, VIEWS, BLOCK, BATCH_SIZE = 2, 24, 100, 32
WARM_UP = 2
"""Number of first steps that are not counted."""
LATENT, THUMBNAIL = (4, 16, 16), (3, 64, 64)


def write(folder: Path, objects: int) -> None:
    """The files that `precompute` stores, without pages in the system's cache."""
    rng = np.random.default_rng(0)
    contents = {
        "latent": rng.standard_normal((BLOCK, VARIANTS, VIEWS, *LATENT)).astype(np.float16),
        "thumbnail": rng.integers(0, 256, (BLOCK, VARIANTS, VIEWS, *THUMBNAIL), np.uint8)}
    for name, block in contents.items():
        path = folder / f"{name}.npy"
        array = np.lib.format.open_memmap(path, "w+", block.dtype, (objects, *block.shape[1:]))
        for start in range(0, objects, BLOCK):
            array[start:start + BLOCK] = block[:objects - start]
        array.flush()
        del array
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    pose = np.stack([rng.uniform(0, 360, (objects, VIEWS)), rng.uniform(-10, 60, (objects, VIEWS)),
                     rng.uniform(1.5, 2.2, (objects, VIEWS))], axis=-1).astype(np.float32)
    np.save(folder / "pose.npy", pose)
    np.save(folder / "scaling_factor.npy", 1.0)


class TimedLosses:
    """nano's loss, which draws from several data sets in turn and times the steps of each."""

    def __init__(self, data: dict[str, LatentViews]) -> None:
        self.names = list(data)
        self.losses = [denoising_loss(views, torch.arange(len(views.latent)), nano_scheduler(),
                                      BATCH_SIZE) for views in data.values()]
        self.clocks: list[tuple[float, float]] = []

    def __call__(self, module: nn.Module, generator: torch.Generator) -> Tensor:
        self.clocks.append((time.perf_counter(), time.process_time()))
        return self.losses[(len(self.clocks) - 1) % len(self.losses)](module, generator)

    def medians(self) -> dict[str, tuple[float, float]]:
        """Median seconds and processor seconds of a step for each data set."""
        steps = np.diff(np.array([*self.clocks, (time.perf_counter(), time.process_time())]),
                        axis=0)
        return {name: (float(wall), float(busy)) for number, name in enumerate(self.names)
                for wall, busy in [np.median(steps[WARM_UP + number:-1:len(self.names)], axis=0)]}


def main() -> None:
    """Print the measurement as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=42)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        write(folder, arguments.objects)
        mapped = load(folder)
        small = LatentViews(np.array(mapped.latent[:BLOCK]), np.array(mapped.thumbnail[:BLOCK]),
                            mapped.pose[:BLOCK], mapped.scaling_factor)
        losses = TimedLosses({"in memory": small, "mapped": mapped})
        torch.manual_seed(0)
        train(Zero123Denoiser.nano(), losses, LoopSettings(steps=arguments.steps,
                                                           learning_rate=5e-4),
              folder / "training", SilentReporter())
        medians = losses.medians()
        size = sum(path.stat().st_size for path in folder.glob("*.npy"))
    (wall, busy), (mapped_wall, mapped_busy) = medians["in memory"], medians["mapped"]
    print(json.dumps({
        "objects": arguments.objects, "steps": arguments.steps, "batch": BATCH_SIZE,
        "files, GB": round(size / 1e9, 2), "memory, MB": memory_mb(),
        "speed": round(wall / mapped_wall, 3),
        "speed by processor time": round(busy / mapped_busy, 3),
        "step in memory, s": round(wall, 2), "step mapped, s": round(mapped_wall, 2),
        "processor time of a step in memory, s": round(busy, 2)}, indent=1))


if __name__ == "__main__":
    main()
