# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running reconstruction shows a mesh and an image that approach the result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.reconstruction import reconstruct, reconstruct_by_score
from helpers.shapes import BLOCK, contains, grid_points, iou, mesh_contains, photograph
from PIL import Image

from engine import camera
from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import cube
from engine.mesh.triangles import Triangles
from engine.models import load_pipeline
from engine.reconstruction import ReconstructionSettings, RunContext, preview_directly, score
from engine.reconstruction.preview import Previews, coarse_mesh, draw, visible_voxels

SMALL = {"resolution": 32, "faces": 800, "texture_size": 64, "input_elevation_deg": 10.0}


@pytest.fixture
def block() -> VoxelField:
    field = VoxelField(cube(32))
    inside = contains(BLOCK, field.voxel_grid.centres().numpy()).reshape(32, 32, 32)
    with torch.no_grad():
        field.raw[0, 0][torch.from_numpy(inside)] = 4.0
        field.raw[0, 1] = 4.0  # red
        field.raw[0, 2:] = -4.0
    return field


def saved_mesh(path: Path) -> tuple[Triangles, np.ndarray]:
    with np.load(path) as file:
        mesh = Triangles(file["vertices"], file["faces"])
        np.testing.assert_allclose(file["normals"], mesh.vertex_normals, atol=1e-3)
        return mesh, file["colours"]


def test_coarse_mesh_is_closed_and_matches_the_field(block: VoxelField) -> None:
    mesh = coarse_mesh(block)
    assert mesh is not None
    assert mesh.is_watertight
    points = grid_points()
    assert iou(mesh_contains(mesh.vertices, mesh.faces, points), contains(BLOCK, points)) > 0.75


def test_draw_shows_colours_on_white(block: VoxelField) -> None:
    picture = draw(block, visible_voxels(block))
    centre, corner = picture[64, 64], picture[0, 0]
    np.testing.assert_allclose(corner, 1.0)
    assert centre[0] > 0.9
    assert centre[1] < 0.1


def test_previews_of_an_empty_field_write_nothing(tmp_path: Path) -> None:
    told: list[Path] = []
    Previews(tmp_path, told.append, every_s=0).update(VoxelField(cube(16)))
    assert told == []
    assert list(tmp_path.iterdir()) == []


def test_previews_write_the_documented_files(block: VoxelField, tmp_path: Path) -> None:
    told: list[Path] = []
    Previews(tmp_path, told.append, every_s=0).update(block)
    assert [path.name for path in told] == ["preview.npz", "preview.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["preview.npz", "preview.png"]
    mesh, colours = saved_mesh(told[0])
    assert mesh.is_watertight
    assert colours.dtype == np.uint8
    assert np.abs(colours.astype(int) - [251, 5, 5]).max() < 12
    assert Image.open(told[1]).size == (128, 128)


def test_previews_respect_the_interval(block: VoxelField, tmp_path: Path) -> None:
    told: list[Path] = []
    Previews(tmp_path, told.append, every_s=3600).update(block)
    assert told == []


def test_previews_ignore_write_errors(block: VoxelField, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    told: list[Path] = []
    Previews(tmp_path / "taken", told.append, every_s=0).update(block)
    assert told == []


@pytest.mark.slow
def test_previews_do_not_change_the_fit(tmp_path: Path) -> None:
    views = photograph(BLOCK, camera.two_ring_orbit(6))
    told: list[Path] = []
    shown = reconstruct(views, iterations=10, previews=Previews(tmp_path, told.append, every_s=0),
                        **SMALL).mesh
    unseen = reconstruct(views, iterations=10, **SMALL).mesh
    assert len(told) == 2 * 10
    np.testing.assert_array_equal(shown.vertices, unseen.vertices)
    np.testing.assert_array_equal(shown.texture, unseen.texture)


def test_preview_directly_shows_the_predicted_mesh(tmp_path: Path) -> None:
    photo = photograph(BLOCK, [(0.0, 10.0)], size=128).images[0]
    told: list[Path] = []
    context = RunContext(previews=Previews(tmp_path, told.append))
    preview_directly(photo, ReconstructionSettings(input_elevation_deg=10.0), context)
    assert [path.name for path in told] == ["preview.npz"]
    mesh, colours = saved_mesh(told[0])
    assert 100 < len(mesh.faces) <= 5000
    assert len(colours) == len(mesh.vertices)


def test_preview_directly_ignores_an_empty_photo(tmp_path: Path) -> None:
    told: list[Path] = []
    context = RunContext(previews=Previews(tmp_path, told.append))
    empty = np.zeros((64, 64, 4), np.float32)
    preview_directly(empty, ReconstructionSettings(input_elevation_deg=10.0), context)
    assert told == []


@pytest.mark.slow
def test_previews_decode_latent_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "COLOUR_ITERATIONS", 1)
    photo = photograph(BLOCK, [(0.0, 10.0)], size=128).images[0]
    told: list[Path] = []
    reconstruct_by_score(load_pipeline("nano", "cpu"), photo, method="sjc", iterations=6,
                         previews=Previews(tmp_path, told.append, every_s=0), **SMALL)
    assert {path.name for path in told} == {"preview.npz", "preview.png"}
    _, colours = saved_mesh(tmp_path / "preview.npz")
    assert len(np.unique(colours)) == 1  # grey
    picture = np.asarray(Image.open(tmp_path / "preview.png"), float)
    assert picture[0, 0].min() > 200  # white around it
