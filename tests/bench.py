# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks: every figure is a ratio against a reference that ran in the same process.

`nox -s bench` prints the table and writes `bench.json`. A ratio is the reference's best time over
ours, so above 1 is faster; best of several runs, because other programs only ever add time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from bench_blender import blender_side

from engine.camera import camera_to_world
from engine.fields.lattice import cube
from engine.fields.rays import camera_rays
from engine.fields.render import Occupancy, Rendered, render, render_dense
from engine.fields.voxel import VoxelField
from engine.models import load_pipeline

RUNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    options = parser.parse_args()
    table = {**renderer(), **batching(), **blender_side()}
    print(f"{'what':44} {'reference s':>12} {'ours s':>10} {'ratio':>7}")
    for name, row in table.items():
        print(f"{name:44} {row['reference_s']:12.3f} {row['ours_s']:10.3f} {row['ratio']:7.2f}")
    options.out.write_text(json.dumps(table, indent=2), encoding="utf-8")


def compare(reference: Callable[[], object], ours: Callable[[], object]) -> dict[str, float]:
    """Best times of both, run in turn so that both meet the same disturbances."""
    times: dict[str, list[float]] = {"reference": [], "ours": []}
    for _ in range(RUNS + 1):
        for name, function in (("reference", reference), ("ours", ours)):
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    first, second = (min(values[1:]) for values in times.values())  # the first run warms up
    return {"reference_s": first, "ours_s": second, "ratio": first / second}


def renderer() -> dict[str, dict[str, float]]:
    """Forward and backward of one 64 px view of a solid ball on a 96^3 grid."""
    field = VoxelField(cube(96))
    with torch.no_grad():
        inside = field.lattice.centres().norm(dim=-1).reshape(96, 96, 96) < 0.4
        field.raw[0, 0] = torch.where(inside, 4.0, -8.0)
    occupied = torch.nn.functional.max_pool3d(inside[None].float(), 3, 1, 1)[0] > 0
    occupancy = Occupancy(occupied, field.lattice)
    everywhere = Occupancy(torch.ones_like(occupied), field.lattice)
    matrix = torch.from_numpy(camera_to_world([30.0], [20.0], [1.85]))
    rays = camera_rays(matrix, 64, 49.13, field.lattice)
    step = field.lattice.voxel_size * 0.75

    def backward(image: Rendered) -> None:
        field.raw.grad = None
        (image.rgb.sum() + image.alpha.sum()).backward()

    return {
        "renderer: packed against every sample": compare(
            lambda: backward(render_dense(field, rays, everywhere, step)),
            lambda: backward(render(field, rays, occupancy, step))),
    }


def batching() -> dict[str, dict[str, float]]:
    """Eight views of one picture by nano: together against one call each."""
    pipeline = load_pipeline("nano", "cpu")
    pipeline.set_progress_bar_config(disable=True)
    picture = np.ones((128, 128, 3), np.float32)
    picture[32:96, 40:88] = (0.8, 0.2, 0.1)
    azimuths = [45.0 * i for i in range(8)]

    def sample(some: list[float]) -> None:
        pipeline(picture, azimuth=some, elevation=[0.0], radius=[1.85], num_inference_steps=4,
                 guidance_scale=1.0, output_type="np", generator=torch.Generator().manual_seed(0))

    return {"eight views: one batch against one by one": compare(
        lambda: [sample([azimuth]) for azimuth in azimuths], lambda: sample(azimuths))}


if __name__ == "__main__":
    main()
