# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and memory of drawing batches from 10,000 objects on disk.

    python tests/benchmarks/many_objects.py FOLDER [--objects N]

Writes a file of N objects with 24 views of 128 px (12 GB for 10,000) into FOLDER and removes it at
the end. The images repeat every 100 objects; each object still has its own pages of the file, which
are dropped from the system's cache first, so that the first pass reads the disk.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.training.array_file import ArrayFile
from engine.training.views import TrainingViews, random_crops

VIEWS, SIZE, BLOCK = 24, 128, 100
BATCHES, BATCH_SIZE, CROP = 50, 16, 64
LOADED = 1000
"""Objects of the reference, which are held in memory."""


def write(path: Path, objects: int) -> None:
    """The file, which leaves no pages in the system's cache."""
    rng = np.random.default_rng(0)
    block = rng.integers(0, 256, (BLOCK, VIEWS, SIZE, SIZE, 3), np.uint8)
    with ArrayFile(path) as array:
        for number in range(objects):
            array.append(block[number % BLOCK])
    drop_cache(path)


def drop_cache(path: Path) -> None:
    """Write the file's pages to the disk, and drop them from the cache."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(views: TrainingViews, seed: int) -> float:
    """Time to draw all batches."""
    generator = torch.Generator().manual_seed(seed)
    start = time.perf_counter()
    for _ in range(BATCHES):
        random_crops(views, BATCH_SIZE, CROP, generator)
    return time.perf_counter() - start


def memory_mb() -> int:
    """The process's anonymous memory: without the pages of mapped files."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) // 1000
    return 0


def views_of(rgb: np.ndarray) -> TrainingViews:
    return TrainingViews(rgb, np.zeros((len(rgb), VIEWS, 3), np.float32),
                         [str(number) for number in range(len(rgb))])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--objects", type=int, default=10_000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = arguments.folder / "many.npy"
    write(path, arguments.objects)
    try:
        mapped = views_of(np.load(path, mmap_mode="r"))
        before = memory_mb()
        cold = seconds(mapped, 0)
        grown = memory_mb() - before
        times: dict[str, list[float]] = {"mapped": [], "in memory": []}
        loaded = views_of(np.array(mapped.rgb[:LOADED]))
        drop_cache(path)
        seconds(mapped, 0)
        for _ in range(5):  # alternating, so that other work on the computer affects both
            times["in memory"].append(seconds(loaded, 0))
            times["mapped"].append(seconds(mapped, 0))
        medians = {name: float(np.median(values)) for name, values in times.items()}
        print(json.dumps({
            "objects": arguments.objects, "file, GB": round(path.stat().st_size / 1e9, 2),
            "first pass from the disk, s": round(cold, 2),
            "speed of later passes": round(medians["in memory"] / medians["mapped"], 2),
            "memory, MB": grown,
            "processor time, s": round(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), 1),
            **{f"{name}, s": round(value, 3) for name, value in medians.items()}}, indent=1))
    finally:
        path.unlink()


if __name__ == "__main__":
    main()
