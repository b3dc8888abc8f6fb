# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A quick job of every kind, and the content of the disk before and after it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from engine.core.requests import (
    ElevationRequest,
    PrepareRequest,
    ReconstructRequest,
    RenderRequest,
    Request,
    SegmentRequest,
    TextRequest,
    TrainRequest,
    ViewsRequest,
)
from engine.training.shards import RenderedObject, write_shard

SMALL = {"resolution": 32, "iterations": 8, "faces": 300, "texture_size": 64, "view_count": 4,
         "steps": 1, "input_elevation": 10.0, "device": "cpu"}
KINDS: dict[str, Callable[[str, str, Path], Request]] = {
    "views": lambda image, model, out: ViewsRequest(
        image=image, model=model, steps=1, orbit=2, input_elevation=10.0, detail="off",
        device="cpu", out=str(out / "result")),
    "reconstruct": lambda image, model, out: ReconstructRequest(
        image=image, model="nano", obj=True, ply=True, out=str(out / "result"), **SMALL),
    "segment": lambda image, model, out: SegmentRequest(
        image=image, out=str(out / "result.png")),
    "prepare": lambda image, model, out: PrepareRequest(
        image=image, out=str(out / "result.png")),
    "elevation": lambda image, model, out: ElevationRequest(
        image=image, model="nano", steps=1, device="cpu", out=str(out / "result.json")),
}
"""Kinds of jobs that start from an image."""
ALL = [*KINDS, "text", "train", *["render"] * (find_spec("bpy") is not None)]
TIMED = (".json", ".jsonl", ".log", "training.png")
"""Endings of the names of files whose content differs each time."""

Make = Callable[[str, Path], Request]
"""The request of a kind, with its result in a folder."""


def maker(given: Path, picture: Path, model: Path, text_model: Path) -> Make:
    """Makes requests of every kind; their input files are written into the folder `given`."""
    for name in ("models", "shards"):
        (given / name).mkdir()
    (given / "models" / "roof.obj").write_text(
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")
    rgba = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 4), np.uint8)
    pose = np.array([[0, 10, 1.8], [90, 20, 1.9]], np.float32)
    write_shard(given / "shards" / "000.tar", [RenderedObject("thing", rgba, pose, {})])

    def make(kind: str, folder: Path) -> Request:
        out = str(folder / kind / "result")
        match kind:
            case "text":
                return TextRequest(prompt="a chair", model=str(text_model), steps=2, device="cpu",
                                   keep_background=True, out=out + ".png")
            case "render":
                return RenderRequest(models=str(given / "models"), view_count=2, size=16, samples=1,
                                     device="cpu", out=out)
            case "train":
                return TrainRequest(data=str(given / "shards"), model=str(model), steps=4,
                                    batch_size=2, preview_every=2, device="cpu", out=out)
        return KINDS[kind](str(picture), str(model), folder / kind)

    return make


def content(folder: Path) -> dict[str, bytes]:
    """All files below a folder, including hidden ones."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def made(folder: Path) -> dict[str, bytes]:
    """All files under their final names; of files that contain times, only their presence."""
    return {name: b"" if name.endswith(TIMED) else data
            for name, data in content(folder).items()
            if not any(part.startswith(".") for part in Path(name).parts)}
