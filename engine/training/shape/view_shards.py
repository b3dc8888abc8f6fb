# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders views of the collected and synthetic objects, for training models of views.

    python -m engine.training.shape.view_shards TRAIN_MESHES OUT [--limit 3600]
        [--without NAMES] [--worker 0 --workers 2]

Writes shards as `engine.training.shards` describes them. All views of an object share one light,
which stays where it is while the camera moves. Objects that are held out from the shape network's
training are left out, and those that NAMES lists, a `names.json` of `dataset unpack`. Resumable: a
shard is complete when it has its name.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections.abc import Set
from pathlib import Path

import numpy as np

from ...camera import FOV_DEG
from ..rendered import RenderedObject
from ..shards import write_shard
from .carving import RayScene
from .objects import TexturedObject, iterate_objects, read_index
from .prepare import SYNTHETIC_COUNT, ordered_names
from .rendering import random_cameras, random_look, render
from .split import is_held_out

PER_SHARD = 50
SYNTHETIC_LICENCE = "GPL-3.0-or-later"


def chosen_names(index: dict[str, dict[str, str]], without: Set[str],
                 limit: int | None) -> list[str]:
    """The objects to render, those of frequent kinds first."""
    return [name for name in ordered_names(index, SYNTHETIC_COUNT) if name not in without
            and not (name in index and is_held_out(name, index[name]["source"]))][:limit]


def rendered_object(thing: TexturedObject, licence: str, views: int) -> RenderedObject:
    """Views of one object from random cameras. They depend on its name alone."""
    rng = np.random.default_rng(zlib.crc32(thing.name.encode()))
    cameras = random_cameras(rng, views)
    images = render(thing, RayScene(thing.corners), cameras, [random_look(rng)] * views)
    info = {"name": thing.name, "source": thing.source, "licence": licence, "fov_deg": FOV_DEG}
    return RenderedObject(thing.name, images, cameras.astype(np.float32), info)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Render views of the training objects.")
    parser.add_argument("meshes", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--views", type=int, default=24)
    parser.add_argument("--without", type=Path, help="JSON list of the names to leave out")
    parser.add_argument("--limit", type=int, default=None, help="maximum number of objects")
    parser.add_argument("--worker", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    index = read_index(args.meshes)
    without = json.loads(args.without.read_text(encoding="utf-8")) if args.without else []
    names = chosen_names(index, set(without), args.limit)
    for number, start in enumerate(range(0, len(names), PER_SHARD)):
        path = args.out / f"{number:03d}.tar"
        if number % args.workers != args.worker or path.exists():
            continue
        began = time.perf_counter()
        group = names[start:start + PER_SHARD]
        licences = [index[name]["licence"] if name in index else SYNTHETIC_LICENCE
                    for name in group]
        write_shard(path, (rendered_object(thing, licence, args.views) for thing, licence in zip(
            iterate_objects(args.meshes, group), licences, strict=True)))
        print(f"{path.name}: {(time.perf_counter() - began) / len(group):.2f} s an object",
              flush=True)


if __name__ == "__main__":
    main()
