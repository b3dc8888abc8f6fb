# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the prepared shards and draws weighted, augmented training batches."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...shape.geometry import BINS, RAYS, FloatArray
from ...shape.prediction import silhouette_rays
from .augment import augment_image, shifted
from .carving import VOXELS
from .split import sample_weight

MAX_COUNT = 8
"""Samples in a cell of a target."""
ELEVATION_NOISE_DEG, LARGE_NOISE_DEG = 2.0, 8.0
"""Standard deviations of the error in the elevation given to the network: the first for most
samples, the second for one in eight. Users and the estimate have errors of several degrees."""
RADIUS_NOISE = 0.03
"""Relative standard deviation of the error in the radius given to the network."""


@dataclass(frozen=True)
class Item:
    """One object of a shard."""

    shard: Path
    index: int
    name: str
    source: str
    kind: str
    cameras: npt.NDArray[np.float64]
    """Views x 3: azimuth and elevation in degrees, radius."""
    targets: list[tuple[int, int]]
    """Offset and size of each view's target in the shard's `.bin`."""
    voxels: tuple[int, int]

    def image(self, images: npt.NDArray[np.uint8], view: int) -> npt.NDArray[np.uint8]:
        """One view, 128 x 128 x 4, straight alpha, out of the shard's images."""
        return np.asarray(images[self.index, view])


@dataclass(frozen=True)
class Batch:
    """Images with the rays on which a loss is computed."""

    image: Tensor
    """N x 4 x 128 x 128, premultiplied RGBA."""
    elevation_deg: Tensor
    radius: Tensor
    mask: Tensor
    """N x 64 x 64, bool: rays that meet the object's silhouette."""
    target: Tensor
    """N x 64 x 64 x 64 (bins last), uint8, 0 to `MAX_COUNT`."""


class ShardFolder:
    """The complete shards of a folder, including those that are completed later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.train: list[Item] = []
        self.held_out: list[Item] = []
        self._seen: set[Path] = set()
        self._images: dict[Path, npt.NDArray[np.uint8]] = {}
        self._streams: dict[Path, np.memmap] = {}
        self._cumulative = np.zeros(0)
        self.refresh()

    def refresh(self) -> None:
        """Add shards that were completed since the last call."""
        for path in sorted(set(self.folder.glob("[!.]*.json")) - self._seen):
            self._seen.add(path)
            objects = json.loads(path.read_text(encoding="utf-8"))["objects"]
            for index, entry in enumerate(objects):
                item = Item(path, index, entry["name"], entry["source"], entry["kind"],
                            np.array(entry["cameras"]), entry["targets"], entry["voxels"])
                (self.held_out if entry["held_out"] else self.train).append(item)
        weights = [sample_weight(item.source, item.kind) for item in self.train]
        self._cumulative = np.cumsum(weights)

    def draw(self, rng: np.random.Generator) -> tuple[Item, int]:
        """A random training object by its weight, and one of its views."""
        place = np.searchsorted(self._cumulative, rng.random() * self._cumulative[-1])
        item = self.train[min(int(place), len(self.train) - 1)]
        return item, int(rng.integers(len(item.cameras)))

    def image(self, item: Item, view: int) -> npt.NDArray[np.uint8]:
        """128 x 128 x 4, straight alpha."""
        if item.shard not in self._images:
            path = item.shard.with_suffix(".images.npy")
            self._images[item.shard] = np.load(path, mmap_mode="r")
        return item.image(self._images[item.shard], view)

    def target(self, item: Item, view: int) -> npt.NDArray[np.uint8]:
        """`BINS` x `RAYS` x `RAYS`, 0 to `MAX_COUNT`."""
        data = self._read(item, *item.targets[view])
        return np.frombuffer(data, np.uint8).reshape(BINS, RAYS, RAYS)

    def voxels(self, item: Item) -> npt.NDArray[np.bool_]:
        """Solid voxels of the unit cube, [x, y, z]."""
        bits = np.unpackbits(np.frombuffer(self._read(item, *item.voxels), np.uint8))
        return bits[:VOXELS**3].reshape(VOXELS, VOXELS, VOXELS).astype(bool)

    def _read(self, item: Item, offset: int, size: int) -> bytes:
        if item.shard not in self._streams:
            self._streams[item.shard] = np.memmap(item.shard.with_suffix(".bin"), np.uint8, "r")
        return zlib.decompress(self._streams[item.shard][offset:offset + size].tobytes())


def premultiplied(rgba: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Straight alpha bytes (H x W x 4) as premultiplied float32 in [0, 1]."""
    image = rgba.astype(np.float32) / 255
    image[..., :3] *= image[..., 3:]
    return image


def training_sample(folder: ShardFolder, rng: np.random.Generator) -> tuple[
        FloatArray, float, float, npt.NDArray[np.bool_], npt.NDArray[np.uint8]]:
    """Augmented image, elevation, radius, ray mask and target (bins last)."""
    item, view = folder.draw(rng)
    _, elevation, radius = item.cameras[view]
    target = folder.target(item, view)
    clean = folder.image(item, view)
    image = augment_image(clean, rng)
    if rng.random() < 0.5:
        image, target = image[:, ::-1], target[:, :, ::-1]
    if rng.random() < 0.6:
        image, target = shifted(image, target, rng)
    mask = silhouette_rays(image[..., 3]) | (target.max(0) > 0)
    spread = LARGE_NOISE_DEG if rng.random() < 0.125 else ELEVATION_NOISE_DEG
    return (image, elevation + rng.normal(0, spread), radius * (1 + rng.normal(0, RADIUS_NOISE)),
            mask, target.transpose(1, 2, 0))


def training_batch(folder: ShardFolder, size: int, rng: np.random.Generator) -> Batch:
    """`size` augmented samples."""
    return collate([training_sample(folder, rng) for _ in range(size)])


def held_out_batch(folder: ShardFolder, entries: list[tuple[Item, int]]) -> Batch:
    """The given views of held-out objects, unchanged."""
    samples = []
    for item, view in entries:
        image = premultiplied(folder.image(item, view))
        _, elevation, radius = item.cameras[view]
        samples.append((image, elevation, radius, silhouette_rays(image[..., 3]),
                        folder.target(item, view).transpose(1, 2, 0)))
    return collate(samples)


def collate(samples: list[tuple]) -> Batch:
    """Samples of `training_sample` as tensors."""
    images, elevations, radii, masks, targets = zip(*samples, strict=True)
    image = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return Batch(image.contiguous(memory_format=torch.channels_last),
                 torch.tensor(elevations, dtype=torch.float32),
                 torch.tensor(radii, dtype=torch.float32),
                 torch.from_numpy(np.stack(masks)), torch.from_numpy(np.stack(targets)))
