# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered views on disk as WebDataset tar shards, one sample per object.

A sample is `KEY.json` (name, source, licence, fov_deg, views: [{azimuth, elevation, radius}] in
degrees and scene units) and `KEY.00.webp`, `KEY.01.webp`, ... (RGBA, straight alpha).
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ..core.errors import EngineError, ErrorCode
from ..core.staging import staged_file
from .folders import find_folders, read_folder
from .rendered import RenderedObject

END_OF_ARCHIVE = bytes(1024)
"""The two empty blocks that end every tar file."""


def read_shards(folder: Path,
                damaged: Callable[[EngineError], None] | None = None) -> Iterator[RenderedObject]:
    """Every object of the shards in a folder, in the order of the file names; without shards, of
    its folders in Objaverse's layout (see `find_folders`).

    `damaged` is called for files that cannot be used, and the others follow; without it the first
    such file is an error.

    Raises:
        EngineError: `BAD_INPUT` if there are no objects, or a file is damaged.
    """
    shards = sorted(folder.glob("*.tar"))
    sources: list[Path] = shards or find_folders(folder)
    if not sources:
        raise EngineError(ErrorCode.BAD_INPUT, f"{folder} contains no .tar shards",
                          "give a folder of rendered views in WebDataset or Objaverse layout")
    for source in sources:
        try:
            yield from _read_shard(source) if shards else [read_folder(source)]
        except EngineError as error:
            if damaged is None:
                raise
            damaged(error)


def count_objects(folder: Path) -> int:
    """The number of objects that `read_shards` will find if no file is damaged. Images are not
    read.
    """
    shards = sorted(folder.glob("*.tar"))
    return sum(map(_count_samples, shards)) if shards else len(find_folders(folder))


def _count_samples(shard: Path) -> int:
    try:
        with tarfile.open(shard) as archive:
            return sum(member.name.endswith(".json") for member in archive)
    except (tarfile.TarError, OSError):
        return 0


def _read_shard(shard: Path) -> Iterator[RenderedObject]:
    try:
        yield from _objects(shard)
    except (tarfile.TarError, ValueError, KeyError, OSError) as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"{shard} is damaged: {error}",
                          "render or copy this shard again") from error


def _objects(shard: Path) -> Iterator[RenderedObject]:
    # tarfile accepts an archive that was cut between two members.
    with shard.open("rb") as file:
        file.seek(max(0, shard.stat().st_size - len(END_OF_ARCHIVE)))
        if file.read() != END_OF_ARCHIVE:
            raise tarfile.ReadError("it is incomplete")
    samples: dict[str, dict[str, bytes]] = {}
    with tarfile.open(shard) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                key, _, extension = member.name.partition(".")
                samples.setdefault(key, {})[extension] = content.read()
    for key, files in samples.items():
        info = json.loads(files["json"])
        pose = [(v["azimuth"], v["elevation"], v["radius"]) for v in info["views"]]
        images = (Image.open(io.BytesIO(files[f"{i:02d}.webp"]), formats=("WEBP",))
                  for i in range(len(pose)))
        rgba = [np.asarray(image.convert("RGBA")) for image in images]
        yield RenderedObject(key, np.stack(rgba), np.asarray(pose, np.float32), info)


def write_shard(path: Path, objects: Iterable[RenderedObject]) -> None:
    """Write objects as one shard, with `name`, `source` and `licence` from their `info`.

    The file appears under its name only when it is complete.
    """
    with staged_file(path) as stage, tarfile.open(stage, "w") as archive:
        for rendered in objects:
            views = [{"azimuth": float(a), "elevation": float(e), "radius": float(r)}
                     for a, e, r in rendered.pose]
            _add(archive, f"{rendered.name}.json",
                 json.dumps({**rendered.info, "views": views}).encode())
            for i, rgba in enumerate(rendered.rgba):
                image = io.BytesIO()
                Image.fromarray(rgba).save(image, "WEBP", quality=90)
                _add(archive, f"{rendered.name}.{i:02d}.webp", image.getvalue())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def on_white(rgba: np.ndarray) -> np.ndarray:
    """Composite straight-alpha uint8 RGBA (... x 4) on white; returns uint8 (... x 3)."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
