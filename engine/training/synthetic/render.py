# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders shards of synthetic objects from random cameras, like the collected training objects."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ...camera import FOV_DEG
from ...core.reporting import Reporter
from ...mesh.axes import lay_down
from ..shards import RenderedObject, write_shard
from .geometry import Part, painted
from .objects import random_object
from .paint import random_lights, random_texture

ELEVATION_DEG = (-20.0, 75.0)
"""Range of the cameras' elevation, uniform in its sine, as in the collected training views."""
RADIUS = (1.5, 2.2)
"""Range of the cameras' distance, world units, as in the paper."""
PER_SHARD = 300
"""Objects in a shard."""
TEST_INPUT = (0.0, 20.0, 1.85)
"""Camera of view 0 in a test set: azimuth and elevation in degrees, radius."""


@dataclass(frozen=True)
class SyntheticViews:
    """Settings for rendering synthetic objects."""

    count: int
    """Views of each object."""
    size: int
    """Side of an image, pixels."""
    seed: int = 0


def render_shards(folder: Path, count: int, views: SyntheticViews, workers: int,
                  reporter: Reporter, meshes: Path | None = None) -> None:
    """Write the views of `count` random objects to `folder`.

    An object depends on (seed, its number) alone. Shards that exist are kept, so that an
    interrupted run resumes.

    Args:
        workers: number of processes.
        meshes: receives the shapes as NAME.glb. View 0 then always has the camera `TEST_INPUT`, as
            `evaluate meshes` expects.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if meshes:
        meshes.mkdir(parents=True, exist_ok=True)
    render = partial(render_object, views=views, meshes=meshes)
    with ProcessPoolExecutor(workers) as pool:
        for start in range(0, count, PER_SHARD):
            path = folder / f"shapes-{views.seed}-{start // PER_SHARD:03d}.tar"
            numbers = range(start, min(start + PER_SHARD, count))
            if not path.exists():
                def reported(numbers: range = numbers):
                    for number, rendered in zip(numbers, pool.map(render, numbers), strict=True):
                        reporter.progress("render", number + 1, count)
                        yield rendered
                write_shard(path, reported())


def render_object(number: int, views: SyntheticViews, meshes: Path | None = None) -> RenderedObject:
    """The object with this number: its shape, paint, lights and cameras (see `render_shards`)."""
    rng = np.random.default_rng((views.seed, number))
    parts = random_object(rng)
    materials = 1 + max(part.material for part in parts)
    thing = painted(parts, [random_texture(rng) for _ in range(materials)])
    lights = random_lights(rng)
    low, high = np.sin(np.radians(ELEVATION_DEG))
    pose = np.stack([rng.uniform(0, 360, views.count),
                     np.degrees(np.arcsin(rng.uniform(low, high, views.count))),
                     rng.uniform(*RADIUS, views.count)], axis=1)
    name = f"shape_{views.seed}_{number:05d}"
    if meshes:
        pose[0] = TEST_INPUT
        _save_shape(parts, meshes / f"{name}.glb")
    rgba = np.stack([thing.render(azimuth, elevation, radius, views.size, lights)
                     for azimuth, elevation, radius in pose])
    info = {"name": name, "source": "synthetic", "licence": "GPL-3.0-or-later",
            "fov_deg": round(FOV_DEG, 2)}
    return RenderedObject(name, rgba, pose.astype(np.float32), info)


def _save_shape(parts: list[Part], path: Path) -> None:
    """The parts' surfaces as one mesh, Y up."""
    import trimesh

    meshes = [trimesh.Trimesh(lay_down(part.vertices), part.faces, process=False) for part in parts]
    trimesh.util.concatenate(meshes).export(path)
