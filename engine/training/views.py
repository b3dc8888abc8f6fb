# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training views as arrays on disk: unpacked once, then read by memory map."""

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
from .array_file import ArrayFile
from .rendered import RenderedObject
from .shards import count_objects, on_white, read_shards


@dataclass(frozen=True)
class TrainingViews:
    """n objects with v views each."""

    rgb: np.ndarray
    """(n, v, s, s, 3) uint8, on white, memory-mapped."""
    pose: np.ndarray
    """(n, v, 3) float32: azimuth and elevation in degrees, radius in scene units."""
    names: list[str]
    """(n,) names of the objects."""


def unpack(sources: Sequence[Path], folder: Path, reporter: Reporter,
           size: int = 0) -> TrainingViews:
    """Composite all views of some data sets on white and store them as .npy files in `folder`.

    Objects are read and written one at a time, whatever their number.

    Args:
        sources: folders that `read_shards` reads, in the order of the result.
        size: side of the stored images, pixels; 0 keeps that of the sources.

    Raises:
        EngineError: `BAD_INPUT` if none of the objects can be used. Also, after all others are
            stored, if files are damaged or objects differ from the first in the number of views or
            pixels.
    """
    problems: list[EngineError] = []

    def leave_out(problem: EngineError) -> None:
        problems.append(problem)
        reporter.log("error", f"{problem.message}; it is left out")

    folder.mkdir(parents=True, exist_ok=True)
    total = sum(map(count_objects, sources))
    names: list[str] = []
    poses: list[np.ndarray] = []
    with ArrayFile(folder / "rgb.npy") as rgb:
        shape: tuple[int, ...] = ()
        for rendered in (item for source in sources for item in read_shards(source, leave_out)):
            shape = shape or rendered.rgba.shape
            if rendered.rgba.shape != shape:
                leave_out(_differs(rendered, shape))
                continue
            side = size or shape[1]
            rgb.append(np.stack([_resized(image, side) for image in on_white(rendered.rgba)]))
            names.append(rendered.name)
            poses.append(rendered.pose)
            reporter.progress("unpack", len(names), max(total, len(names)))
    if not names:
        raise EngineError(ErrorCode.BAD_INPUT, "none of the objects can be used",
                          problems[0].message)
    np.save(folder / "pose.npy", np.stack(poses))
    # Last: it marks a complete result.
    (folder / "names.json").write_text(json.dumps(names, indent=0), encoding="utf-8")
    if problems:
        raise EngineError(ErrorCode.BAD_INPUT, f"{len(problems)} files or objects were left out",
                          f"training can start with the {len(names)} that remain")
    return load(folder)


def _differs(rendered: RenderedObject, shape: tuple[int, ...]) -> EngineError:
    ours, first = (f"{count} views of {side} pixels"
                   for count, side in (rendered.rgba.shape[:2], shape[:2]))
    return EngineError(ErrorCode.BAD_INPUT, f"{rendered.name} has {ours} instead of {first}")


def _resized(image: np.ndarray, side: int) -> np.ndarray:
    """(s, s, 3) uint8 as (side, side, 3)."""
    if image.shape[0] == side:
        return image
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR))


def load(folder: Path) -> TrainingViews:
    """The views that `unpack` stored."""
    return TrainingViews(np.load(folder / "rgb.npy", mmap_mode="r"), np.load(folder / "pose.npy"),
                         json.loads((folder / "names.json").read_text(encoding="utf-8")))


def random_crops(views: TrainingViews, count: int, size: int, generator: torch.Generator) -> Tensor:
    """(count, 3, size, size) float32 in [-1, 1]: random crops with random colour changes, half of
    them mirrored. A crop that shows only background is drawn once more.
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
    """(n, 3, h, w) images in [0, 1] after a random mixture of channels and a random gamma each.

    White stays white. The mixture is a rotation of hue with a random saturation; its rows sum to
    one, so that greys keep their colour.
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
