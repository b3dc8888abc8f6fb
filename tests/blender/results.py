# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as the engine writes them, for tests of their import into a scene."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from engine import camera
from engine.core.requests import ViewsRequest, save_request
from engine.imaging.view_set import ViewSet

Pose = tuple[float, float, float]


def write_views(folder: Path, picture: Path, poses: list[Pose], samples: int = 1,
                size: int = 16, **settings: object) -> Path:
    """Write a views.json with an image in another colour for each pose and sample, and its
    request.
    """
    azimuth, elevation, radius = np.repeat(np.array(poses, float), samples, axis=0).T
    count = len(azimuth)
    images = np.random.default_rng(0).random((count, 1, 1, 4), np.float32)
    images[..., 3] = 1
    request = ViewsRequest(image=str(picture), azimuth=list(azimuth), samples=samples, seed=7,
                           input_elevation=10.0, **settings)
    meta = {"image": str(picture), "model": request.model, "seed": 7,
            "input": {"elevation_deg": 10.0, "radius": 1.85, "fov_deg": camera.FOV_DEG}}
    views = ViewSet(images=images.repeat(size, 1).repeat(size, 2), azimuth_deg=azimuth,
                    elevation_deg=elevation, radius=radius,
                    sample=np.tile(np.arange(samples), len(poses)), meta=meta)
    path = views.save(folder)
    save_request(request, folder)
    return path


def in_scene(azimuth: float, elevation: float, radius: float) -> np.ndarray:
    """A camera's 4 x 4 matrix in the scene, where the input camera stands at -Y."""
    return camera.camera_to_world(azimuth - 90.0, elevation, radius)


def ring(count: int, elevation: float = 10.0) -> list[Pose]:
    """Poses around the object."""
    return [(360.0 * i / count, elevation, 1.85) for i in range(count)]


def record(item: object) -> dict[str, object]:
    """The record of an object."""
    return json.loads(item["zero123"])  # type: ignore[index]


def read_rgba(path: Path) -> np.ndarray:
    """The pixels of an image file: height x width x 4 integers, straight alpha."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA")).astype(int)
