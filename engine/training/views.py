# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training views as arrays: unpacked once, then read by memory map."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter
from .rendered import RenderedObject
from .shards import on_white, read_shards


@dataclass(frozen=True)
class TrainingViews:
    """N objects with V views each."""

    rgb: np.ndarray
    """N x V x S x S x 3 uint8 on white (memory-mapped)."""
    pose: np.ndarray
    """N x V x 3 float32: azimuth and elevation in degrees, radius in scene units."""
    names: list[str]


def unpack(shards: Sequence[Path], folder: Path, reporter: Reporter,
           size: int = 0) -> TrainingViews:
    """Composite every view of some data sets on white and store them as .npy files in `folder`.

    `size`: pixels to which pictures are resized; 0 leaves them.

    Raises:
        EngineError: `BAD_INPUT` if nothing can be used; also, after all others are stored, if
            files are damaged or objects have other numbers of views or pixels than the first.
    """
    problems: list[EngineError] = []
    objects: list[RenderedObject] = []
    for rendered in (rendered for source in shards
                     for rendered in read_shards(source, problems.append)):
        if objects and rendered.rgba.shape != objects[0].rgba.shape:
            shapes = [f"{item.rgba.shape[0]} views of {item.rgba.shape[1]} pixels"
                      for item in (rendered, objects[0])]
            problems.append(EngineError(
                ErrorCode.BAD_INPUT, f"{rendered.name} has {shapes[0]} instead of {shapes[1]}"))
        else:
            objects.append(rendered)
    for problem in problems:
        reporter.log("error", f"{problem.message}; it is left out")
    if not objects:
        raise EngineError(ErrorCode.BAD_INPUT, "no object can be used", problems[0].message)
    folder.mkdir(parents=True, exist_ok=True)
    side = size or objects[0].rgba.shape[1]
    shape = (len(objects), len(objects[0].pose), side, side, 3)
    rgb = np.lib.format.open_memmap(folder / "rgb.npy", "w+", np.uint8, shape)
    for i, rendered in enumerate(objects):
        rgb[i] = [_resized(picture, side) for picture in on_white(rendered.rgba)]
        reporter.progress("unpack", i + 1, len(objects))
    rgb.flush()
    np.save(folder / "pose.npy", np.stack([rendered.pose for rendered in objects]))
    names = json.dumps([rendered.name for rendered in objects], indent=0)
    (folder / "names.json").write_text(names, encoding="utf-8")
    if problems:
        raise EngineError(ErrorCode.BAD_INPUT, f"{len(problems)} files or objects were left out",
                          f"{len(objects)} are there, and training can start from them")
    return load(folder)


def _resized(picture: np.ndarray, side: int) -> np.ndarray:
    """S x S x 3 uint8 at another size."""
    if picture.shape[0] == side:
        return picture
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))


def load(folder: Path) -> TrainingViews:
    """The views that `unpack` stored."""
    return TrainingViews(np.load(folder / "rgb.npy", mmap_mode="r"), np.load(folder / "pose.npy"),
                         json.loads((folder / "names.json").read_text(encoding="utf-8")))


def random_crops(views: TrainingViews, count: int, size: int, generator: torch.Generator) -> Tensor:
    """`count` x 3 x size x size float32 in [-1, 1]: random crops with random colours, mirrored half
    of the time. Crops that show nothing but background are drawn once more.
    """
    objects, per_object, side = views.rgb.shape[:3]
    crops = []
    for _ in range(count):
        for _ in range(2):
            i = int(torch.randint(objects, (), generator=generator))
            v = int(torch.randint(per_object, (), generator=generator))
            y, x = torch.randint(side - size + 1, (2,), generator=generator).tolist()
            crop = views.rgb[i, v, y:y + size, x:x + size]
            if crop.min() < 250:
                break
        crops.append(crop)
    batch = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
    mirrored = torch.rand(count, 1, 1, 1, generator=generator) < 0.5
    return jitter_colours(torch.where(mirrored, batch.flip(-1), batch), generator, 0.5) * 2 - 1


def jitter_colours(rgb: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """A random mixture of channels and a random gamma per picture, white staying white.

    `rgb`: N x 3 x H x W in [0, 1]. The mixture is a rotation of hue with a random saturation: its
    rows sum to one, so greys keep their colour.
    """
    count = len(rgb)
    angle = (torch.rand(count, generator=generator) - 0.5) * 2 * torch.pi * strength
    saturation = 1 + (torch.rand(count, generator=generator) - 0.5) * strength
    gamma = torch.exp((torch.rand(count, generator=generator) - 0.5) * strength)
    grey = torch.full((3, 3), 1 / 3)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5
    colour = torch.eye(3) - grey
    turn = torch.cos(angle)[:, None, None] * colour + torch.sin(angle)[:, None, None] * cross
    mixture = grey + saturation[:, None, None] * turn
    mixed = torch.einsum("ncd,ndhw->nchw", mixture, rgb).clamp(0, 1)
    return mixed ** gamma[:, None, None, None]
