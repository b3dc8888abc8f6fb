# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepares the training data: images, frustum targets and solid voxels, shard by shard.

    python -m engine.training.shape.prepare TRAIN_MESHES OUT [--worker 0 --workers 2] [--views 8]

Resumable: a shard is complete when its JSON file exists; others are made again. Training may start
with the shards that exist and picks up new ones. An object depends on (its name, the pass) alone;
`--first-pass 1` makes another set: the collected training objects deformed, other synthetic ones,
and none that is held out.

A shard `NAME` consists of
- `NAME.images.npy`: objects x views x 128 x 128 x 4 uint8, straight alpha, sRGB;
- `NAME.bin`: zlib streams, of the targets (64 x 64 x 64 uint8, 0 to 8) and of the objects' voxels
  (`np.packbits` of a 112 x 112 x 112 grid);
- `NAME.json`: {"objects": [{"name", "source", "kind", "held_out", "cameras": [[azimuth, elevation,
  radius], ...], "targets": [[offset, size], ...], "voxels": [offset, size]}, ...]}.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from pathlib import Path

import numpy as np
from scipy import ndimage

from ...core.staging import staged_file
from .carving import RayScene, carve
from .deformation import deformed, random_deformation
from .objects import TexturedObject, iterate_objects, read_index
from .rendering import frustum_target, random_cameras, random_look, render
from .split import is_held_out, sample_weight

PER_SHARD = 24
SYNTHETIC_COUNT = 2000
"""Objects of `engine.training.synthetic` in each pass: a third of the samples, because the
collected objects have few of the boxes, bottles and tools that people photograph."""
HELD_OUT_VIEWS = 4


def ordered_names(index: dict[str, dict[str, str]], synthetic_count: int,
                  number: int = 0) -> list[str]:
    """The objects of pass `number` in a random order in which frequent ones come early.

    Those held out precede the others and are only in pass 0.
    """
    rng = np.random.default_rng(26)
    held = [name for name, row in index.items() if is_held_out(name, row["source"])]
    rest = [name for name in index if name not in set(held)]
    weights = [sample_weight(index[name]["source"], index[name]["kind"]) for name in rest]
    first = number * synthetic_count
    rest += [f"synthetic__{place:05d}" for place in range(first, first + synthetic_count)]
    weights += [1.0] * synthetic_count
    keys = rng.random(len(rest)) ** (1 / np.asarray(weights))
    return (held if number == 0 else []) + [rest[i] for i in np.argsort(-keys)]


def prepare_object(thing: TexturedObject, views: int, number: int) -> tuple[
        np.ndarray, np.ndarray, list[np.ndarray], np.ndarray]:
    """Images, cameras, frustum targets and voxels of one object in pass `number`."""
    rng = np.random.default_rng((zlib.crc32(thing.name.encode()), number))
    if number:
        thing = deformed(thing, random_deformation(rng))
    scene = RayScene(thing.corners)
    solid = carve(scene)
    cameras = random_cameras(rng, views)
    images = render(thing, scene, cameras, [random_look(rng) for _ in range(views)])
    targets = [
        frustum_target(solid, camera, ndimage.binary_dilation(image[..., 3] > 0, iterations=2))
        for camera, image in zip(cameras, images, strict=True)]
    return images, cameras, targets, solid


def write_shard(path: Path, things: list[TexturedObject], kinds: list[str], views: int,
                number: int) -> None:
    """Write one shard; its JSON file comes last."""
    images, objects, offset = [], [], 0
    with open(path.with_suffix(".bin"), "wb") as file:
        def put(array: np.ndarray) -> tuple[int, int]:
            nonlocal offset
            data = zlib.compress(np.ascontiguousarray(array).tobytes(), 1)
            file.write(data)
            offset += len(data)
            return offset - len(data), len(data)

        for thing, kind in zip(things, kinds, strict=True):
            rendered, cameras, targets, solid = prepare_object(thing, views, number)
            images.append(rendered)
            objects.append({
                "name": thing.name, "source": thing.source, "kind": kind,
                "held_out": is_held_out(thing.name, thing.source),
                "cameras": np.round(cameras, 4).tolist(),
                "targets": [put(target) for target in targets],
                "voxels": put(np.packbits(solid))})
    np.save(path.with_suffix(".images.npy"), np.stack(images))
    with staged_file(path.with_suffix(".json")) as stage:
        stage.write_text(json.dumps({"objects": objects}), encoding="utf-8")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Prepare the shape network's training data.")
    parser.add_argument("meshes", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--worker", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--views", type=int, default=8)
    parser.add_argument("--first-pass", type=int, default=0)
    parser.add_argument("--limit", type=int, default=None, help="maximum number of objects")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    index = read_index(args.meshes)
    names = ordered_names(index, SYNTHETIC_COUNT, args.first_pass)[:args.limit]
    held = sum(is_held_out(name, index[name]["source"]) for name in names if name in index)
    groups = [names[i:min(i + PER_SHARD, held)] for i in range(0, held, PER_SHARD)]
    groups += [names[i:i + PER_SHARD] for i in range(held, len(names), PER_SHARD)]
    for number, group in enumerate(groups):
        path = args.out / f"pass{args.first_pass}_{number:04d}"
        if number % args.workers != args.worker or path.with_suffix(".json").exists():
            continue
        start = time.perf_counter()
        views = HELD_OUT_VIEWS if number * PER_SHARD < held else args.views
        kinds = [index[name]["kind"] if name in index else "synthetic" for name in group]
        write_shard(path, list(iterate_objects(args.meshes, group)), kinds, views, args.first_pass)
        print(f"{path.name}: {(time.perf_counter() - start) / len(group):.2f} s an object",
              flush=True)


if __name__ == "__main__":
    main()
