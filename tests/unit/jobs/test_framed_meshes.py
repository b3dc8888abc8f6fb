# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object gives the same mesh wherever it is in its image and however large."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import trimesh
from helpers.shapes import Box, grid_points, iou, mesh_contains, photograph
from PIL import Image

from engine.camera import DEFAULT_RADIUS
from engine.core.reporting import SilentReporter
from engine.core.requests import ReconstructRequest, SegmentRequest
from engine.imaging import CutOut, frame_cut_out, frame_object, straight
from engine.jobs import mesh, sampling
from engine.jobs.run import run

SLAB = [Box((0, 0, 0.25), (0.15, 0.4, 0.25), (0.85, 0.3, 0.1)),
        Box((0, 0.1, -0.25), (0.15, 0.25, 0.25), (0.1, 0.4, 0.8))]
"""Two boxes, 1 high and thin towards the camera, so that its share of the image follows from the
camera's distance nearly as that of the training objects does."""
SIDE = 512
PLACES = {"small": (0.4, (0.5, 0.5)), "usual": (0.625, (0.5, 0.5)), "near": (0.74, (0.5, 0.5)),
          "far": (0.54, (0.5, 0.5)), "large": (0.98, (0.5, 0.5)),
          "in a corner": (0.4, (0.2, 0.8)), "at the border": (0.6, (0.7, 0.5))}
"""Share of the side and centre of the object."""
SETTINGS = {"view_count": 8, "resolution": 32, "iterations": 60, "faces": 400,
            "texture_size": 64, "device": "cpu"}


def placed(rgba: np.ndarray, share: float, centre: tuple[float, float]) -> Image.Image:
    """The object at a position in a transparent square."""
    size = round(share * SIDE)
    thing = Image.fromarray(frame_object(rgba, 1.0)).resize((size, size),
                                                            Image.Resampling.LANCZOS)
    page = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    page.paste(thing, tuple(round(value * SIDE - size / 2) for value in centre))
    return page


def occupied(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(sizes along the axes, which grid points it encloses) of a mesh file.

    A size leaves out the outermost 1 % of the surface on either side: coarse fits have spikes.
    """
    found = trimesh.load(path, force="mesh")
    points, _ = trimesh.sample.sample_surface(found, 20000, seed=0)
    low, high = np.percentile(points, (1, 99), axis=0)
    return high - low, mesh_contains(found.vertices, found.faces, grid_points(20, 0.6))


def assert_alike(meshes: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    for (first, a), (second, b) in combinations(meshes.items(), 2):
        np.testing.assert_allclose(a[0], b[0], rtol=0.05, atol=0.01, err_msg=f"{first}, {second}")
        assert iou(a[1], b[1]) > 0.9, (first, second)


@pytest.fixture
def ideal_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sampling gives true views of the slab from the cameras asked for."""
    def sample(request, image, elevation, poses, samples, reporter, stages):
        (radius,) = {radius for *_, radius in poses}
        views = photograph(SLAB, [pose[:2] for pose in poses], size=64, radius=radius)
        return sampling.Sampled(
            sampling.view_set(image, elevation, views.images, poses, samples, {}), 0)

    monkeypatch.setattr(mesh, "sample", sample)


@pytest.mark.slow
def test_framed_mesh_has_the_object_s_size(ideal_model, tmp_path):
    front = straight(photograph(SLAB, [(0.0, 0.0)], size=256).images[0])
    front = (front * 255).round().astype(np.uint8)
    meshes = {}
    for name in ("usual", "far", "large", "at the border"):
        placed(front, *PLACES[name]).save(tmp_path / "in.png")
        report = run(ReconstructRequest(image=str(tmp_path / "in.png"),
                                        out=str(tmp_path / name), **SETTINGS), SilentReporter())
        assert report["input"]["framing"] == ("kept" if name == "usual" else "recentred")
        assert report["input"]["radius"] == DEFAULT_RADIUS
        meshes[name] = occupied(tmp_path / name / "mesh.glb")
    assert_alike(meshes)


@pytest.mark.slow
def test_nano_makes_one_mesh_of_an_object_in_any_place(tmp_path):
    """The images are read from files and cut out by `segment`."""
    from engine.training.synthetic.render import SyntheticViews, render_object

    front = render_object(21, SyntheticViews(1, 256, seed=7)).rgba[0]
    meshes = {}
    for name in ("small", "usual", "large", "in a corner"):
        placed(front, *PLACES[name]).save(tmp_path / f"{name}.png")
    opaque = Image.new("RGBA", (SIDE, SIDE), (200, 205, 210, 255))
    opaque.alpha_composite(Image.open(tmp_path / "small.png"))
    opaque.save(tmp_path / "photo.png")
    run(SegmentRequest(image=str(tmp_path / "photo.png"), out=str(tmp_path / "segmented.png")),
        SilentReporter())
    (tmp_path / "small.png").unlink()  # represented by the photo and its cut-out
    for image in sorted(tmp_path.glob("*.png")):
        run(ReconstructRequest(image=str(image), out=str(tmp_path / image.stem),
                               **{**SETTINGS, "resolution": 64, "view_count": 16}),
            SilentReporter())
        meshes[image.stem] = occupied(tmp_path / image.stem / "mesh.glb")
    assert len(meshes) == 5
    assert_alike(meshes)


def test_texture_size_follows_the_image_up_to_2048() -> None:
    def chosen(side: int, asked: int = 0) -> int:
        rgba = np.zeros((side, side, 4), np.uint8)
        rgba[side // 4:-side // 4, side // 4:-side // 4] = 255
        framed = frame_cut_out(CutOut(rgba, "alpha", "of a test"), "keep")
        return mesh._texture_size(ReconstructRequest(image="-", out="-", texture_size=asked),
                                  framed)

    assert [chosen(side) for side in (256, 800, 801, 2048)] == [1024, 1024, 2048, 2048]
    assert [chosen(256, asked=512), chosen(256, asked=1)] == [512, 64]
