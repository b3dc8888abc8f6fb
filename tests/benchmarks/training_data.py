# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training views that are read and unpacked when needed, compared with all objects in memory."""

from __future__ import annotations

import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from timing import Row, compare

from engine.core.reporting import SilentReporter
from engine.training.rendered import RenderedObject
from engine.training.shards import on_white, read_shards, write_shard
from engine.training.views import TrainingViews, random_crops, unpack

OBJECTS, VIEWS, SIZE = 60, 24, 128
MANY = 1000
"""Number of objects of the training for which batches are drawn."""
BATCHES, BATCH_SIZE, CROP = 50, 16, 64


def unpacking() -> Iterator[Row]:
    """Time relative to the reference, and the peaks of Python's memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_shards(folder / "shards")

        def streamed() -> None:
            unpack([folder / "shards"], folder / "streamed", SilentReporter())

        def at_once() -> None:
            objects = list(read_shards(folder / "shards"))
            rgb = np.lib.format.open_memmap(folder / "at_once.npy", "w+", np.uint8,
                                            (OBJECTS, VIEWS, SIZE, SIZE, 3))
            for i, rendered in enumerate(objects):
                rgb[i] = on_white(rendered.rgba)
            rgb.flush()

        row = compare(f"unpacking of {OBJECTS} objects: one at a time", at_once, streamed)
        yield {**row, "peak, MB": peak_mb(streamed), "reference's peak, MB": peak_mb(at_once)}
        yield drawing(folder)


def drawing(folder: Path) -> Row:
    """Random batches for the autoencoder, from the disk and from memory."""
    rgb = np.lib.format.open_memmap(folder / "many.npy", "w+", np.uint8,
                                    (MANY, VIEWS, SIZE, SIZE, 3))
    rng = np.random.default_rng(0)
    for i in range(MANY):
        rgb[i] = rng.integers(0, 256, rgb.shape[1:], np.uint8)
    rgb.flush()
    pose, names = np.zeros((MANY, VIEWS, 3), np.float32), [str(i) for i in range(MANY)]

    def draw(views: TrainingViews) -> None:
        generator = torch.Generator().manual_seed(0)
        for _ in range(BATCHES):
            random_crops(views, BATCH_SIZE, CROP, generator)

    mapped = TrainingViews(np.load(folder / "many.npy", mmap_mode="r"), pose, names)
    loaded = TrainingViews(np.array(mapped.rgb), pose, names)
    row = compare(f"{BATCHES} batches of {MANY} objects: by memory map",
                  lambda: draw(loaded), lambda: draw(mapped))
    return {**row, "peak, MB": peak_mb(lambda: draw(mapped)),
            "reference's peak, MB": peak_mb(lambda: draw(loaded)) + round(loaded.rgb.nbytes / 1e6)}


def make_shards(folder: Path) -> None:
    """Write smooth random images, which compress like renderings."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    coarse = rng.integers(0, 256, (VIEWS, 8, 8, 4), np.uint8)
    rgba = coarse.repeat(SIZE // 8, axis=1).repeat(SIZE // 8, axis=2)
    pose = np.tile(np.float32([0, 20, 1.85]), (VIEWS, 1))
    for shard in range(0, OBJECTS, 20):
        write_shard(folder / f"{shard:03d}.tar", (
            RenderedObject(f"thing{i}", rgba, pose, {"name": f"thing{i}"})
            for i in range(shard, shard + 20)))


def peak_mb(work: Callable[[], None]) -> int:
    """The peak memory that Python and numpy allocate during the work."""
    tracemalloc.start()
    try:
        work()
        return round(tracemalloc.get_traced_memory()[1] / 1e6)
    finally:
        tracemalloc.stop()
