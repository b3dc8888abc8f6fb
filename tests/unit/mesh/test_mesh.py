# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a volume to a textured file: the mesh is closed, of the right size and correctly
coloured."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from scipy import ndimage

from engine import camera
from engine.core.errors import EngineError, ErrorCode
from engine.fields.rays import focal_ndc
from engine.mesh.axes import from_y_up, from_z_up
from engine.mesh.bake import bake
from engine.mesh.photo import Photo, depth_map
from engine.mesh.raster import rasterise
from engine.mesh.repair import crowded_edges, unpinched
from engine.mesh.surface import extract, mesh_volume, simplified, solid
from engine.mesh.textured import TexturedMesh
from engine.mesh.triangles import Triangles
from engine.mesh.unwrap import unwrap

HALF = 0.6
LOW, SIZE = (-HALF,) * 3, 2 * HALF / 31
RADIUS = 0.4
LEVEL = 20.0


def volume(resolution: int = 32) -> np.ndarray:
    """X x Y x Z x 3 positions of voxels."""
    axis = np.linspace(-HALF, HALF, resolution)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)


def ball_density(resolution: int = 32, centre: tuple[float, float, float] = (0, 0, 0),
                 radius: float = RADIUS) -> np.ndarray:
    """Density that passes LEVEL at the radius."""
    distance = np.linalg.norm(volume(resolution) - centre, axis=-1)
    return np.clip(LEVEL + (radius - distance) * 400, 0, 100)


@pytest.fixture(scope="module")
def ball() -> Triangles:
    return mesh_volume(ball_density(), LEVEL, LOW, SIZE, 2000)


def test_extract_ball_is_closed_and_outward() -> None:
    mesh = extract(ball_density(), LEVEL, LOW, SIZE)
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.02)
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices, axis=1), RADIUS, atol=0.01)
    outward = mesh.vertices / np.linalg.norm(mesh.vertices, axis=1, keepdims=True)
    assert (mesh.vertex_normals * outward).sum(1).min() > 0.9


def test_extract_closes_an_object_at_the_border() -> None:
    mesh = extract(ball_density(centre=(0.5, 0, 0)), LEVEL, LOW, SIZE)
    assert mesh.is_watertight
    assert mesh.volume > 0


def test_is_watertight_detects_a_hole(ball: Triangles) -> None:
    assert not Triangles(ball.vertices, ball.faces[1:]).is_watertight
    flipped = ball.faces.copy()
    flipped[0] = flipped[0, ::-1]
    assert not Triangles(ball.vertices, flipped).is_watertight


def test_solid_removes_floaters_and_fills_hollows() -> None:
    density = ball_density()
    density[np.linalg.norm(volume(), axis=-1) < 0.2] = 0
    density[1:3, 1:3, 1:3] = 100
    assert solid(density, LEVEL)[2, 2, 2] == 0
    mesh = extract(solid(density, LEVEL), LEVEL, LOW, SIZE)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.02)
    assert trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).body_count == 1


def test_solid_keeps_a_second_large_part() -> None:
    density = np.maximum(ball_density(centre=(0.35, 0, 0), radius=0.2),
                         ball_density(centre=(-0.35, 0, 0), radius=0.15))
    mesh = extract(solid(density, LEVEL), LEVEL, LOW, SIZE)
    assert trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).body_count == 2


@pytest.mark.parametrize("faces", [500, 3000, 20000])
def test_mesh_volume_reaches_the_number_of_faces(faces: int) -> None:
    mesh = mesh_volume(ball_density(), LEVEL, LOW, SIZE, faces)
    assert 0.98 * faces <= len(mesh.faces) <= faces
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.03)


def rough_density() -> np.ndarray:
    """A ball with tunnels and spikes, like the result of a fit to inconsistent views."""
    noise = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(40, 40, 40)), 1.2)
    return solid(np.clip(ball_density(40) * 0.4 + noise / noise.std() * 12, 0, None), LEVEL)


@pytest.mark.parametrize("faces", [5000, 3000, 1500])
def test_simplified_rough_mesh_is_closed(faces: int) -> None:
    rough = extract(rough_density(), LEVEL, LOW, 2 * HALF / 39)
    assert rough.is_watertight
    assert len(rough.faces) > 2 * faces
    mesh = simplified(rough, faces)
    assert 0.98 * faces <= len(mesh.faces) <= faces
    assert mesh.is_watertight


def test_unpinched_separates_boxes_at_a_shared_edge() -> None:
    """Two cubes that touch along an edge: the simplest surface that is closed but pinched."""
    first, second = trimesh.creation.box(), trimesh.creation.box()
    second.apply_translation([1, 1, 0])
    touching = trimesh.util.concatenate([first, second])
    touching.merge_vertices()
    pinched = Triangles(np.array(touching.vertices), np.array(touching.faces))
    assert len(crowded_edges(pinched)) == 1
    assert not pinched.is_watertight
    mended = unpinched(pinched)
    assert mended.is_watertight
    assert len(mended.faces) == len(pinched.faces) + 4
    assert mended.volume == pytest.approx(2, rel=0.05)


def test_simplified_returns_a_small_mesh_unchanged(ball: Triangles) -> None:
    assert simplified(ball, 10**6) is ball


@pytest.fixture(scope="module")
def charts(ball: Triangles) -> tuple[np.ndarray, np.ndarray]:
    return unwrap(ball, 256)


def test_unwrap_charts_are_disjoint_in_the_unit_square(
        ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    uv, uv_faces = charts
    assert uv_faces.shape == ball.faces.shape
    assert uv.min() >= 0
    assert uv.max() <= 1
    hits = np.zeros(512 * 512, int)
    for fragments in rasterise(uv[uv_faces] * 512, 512):
        inside = fragments.barycentric.min(axis=1) > 1e-3  # an edge belongs to both its faces
        np.add.at(hits, fragments.pixel[inside], 1)
    assert hits.max() == 1
    assert (hits > 0).mean() > 0.4, "most of the texture is used"


def test_unwrap_in_pieces_keeps_every_face() -> None:
    mesh = mesh_volume(ball_density(), LEVEL, LOW, SIZE, 6000)
    uv, uv_faces = unwrap(mesh, 256)
    a, b, c = np.moveaxis(uv[uv_faces], 1, 0)
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    area = np.abs(ux * vy - uy * vx) / 2
    assert (area > 0).mean() > 0.999
    pairs = np.unique(np.stack([mesh.faces.ravel(), uv_faces.ravel()], 1), axis=0)
    assert len(pairs) == len(np.unique(pairs[:, 1])), "a UV belongs to one vertex"


def test_rasterise_interpolates_exactly_inside() -> None:
    corners = np.array([[[1.0, 1], [15, 2], [4, 14]], [[2.0, 2], [2, 2], [9, 9]]])
    (fragments,) = rasterise(corners, 16)
    assert set(fragments.face) == {0}, "a degenerate triangle covers nothing"
    row, column = np.divmod(fragments.pixel, 16)
    np.testing.assert_allclose(fragments.interpolate(corners),
                               np.stack([column + 0.5, row + 0.5], 1), atol=1e-9)
    assert len(fragments.pixel) == pytest.approx(84, abs=8), "its area"


def position_colour(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
    return np.clip(points / (2 * HALF) + 0.5, 0, 1)


def sampled_at_faces(mesh: Triangles, texture: np.ndarray, uv: np.ndarray,
                     uv_faces: np.ndarray) -> np.ndarray:
    """F x 3 texels at the faces' centres."""
    u, v = uv[uv_faces].mean(1).T * len(texture)
    return texture[len(texture) - 1 - np.clip(v.astype(int), 0, len(texture) - 1),
                   np.clip(u.astype(int), 0, len(texture) - 1)]


def test_bake_stores_the_colour_of_every_face(
        ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    texture = bake(ball, *charts, 256, position_colour, None)
    found = sampled_at_faces(ball, texture, *charts)
    expected = position_colour(ball.vertices[ball.faces].mean(1), np.zeros(3))
    # A face smaller than a texel may contain no texel's centre; its neighbour's texel is used then.
    assert (np.abs(found - expected).max(1) < 0.03).mean() > 0.998


def test_bake_fills_texels_outside_the_charts(
        ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    texture = bake(ball, *charts, 128, lambda points, _: np.full_like(points, 0.5), None)
    assert np.ptp(texture) == 0


def two_balls() -> Triangles:
    """A small ball in front (+X) of a large one."""
    density = np.maximum(ball_density(48, (0.4, 0, 0), 0.12), ball_density(48, (-0.2, 0, 0), 0.3))
    return mesh_volume(density, LEVEL, LOW, 2 * HALF / 47, 4000)


def test_bake_uses_photo_only_on_visible_surfaces() -> None:
    mesh = two_balls()
    photo = Photo(np.zeros((128, 128, 4), np.float32), camera.camera_to_world(0.0, 0.0, 1.85),
                  focal_ndc(camera.FOV_DEG))
    photo.rgba[np.isfinite(depth_map(photo, mesh))] = (1, 0, 0, 1)
    uv, uv_faces = unwrap(mesh, 256)
    blue = np.array([0.0, 0.0, 1.0])
    texture = bake(mesh, uv, uv_faces, 256, lambda points, _: np.ones_like(points) * blue, photo)
    colour = sampled_at_faces(mesh, texture, uv, uv_faces)
    centre = mesh.vertices[mesh.faces].mean(1)
    small = centre[:, 0] > 0.2
    beside = np.linalg.norm(centre[:, 1:], axis=1)
    assert np.abs(colour[small & (centre[:, 0] > 0.495)] - [1, 0, 0]).max() < 0.05
    np.testing.assert_allclose(colour[small & (centre[:, 0] < 0.38)].mean(0), blue, atol=0.02)
    np.testing.assert_allclose(colour[centre[:, 0] < -0.25].mean(0), blue, atol=0.02)
    hidden = ~small & (centre[:, 0] > 0) & (beside < 0.07)
    np.testing.assert_allclose(colour[hidden].mean(0), blue, atol=0.05)
    seen = ~small & (centre[:, 0] > -0.1) & (beside > 0.19) & (beside < 0.23)
    assert colour[seen, 0].mean() > 0.5


def test_bake_mixes_continued_colours_into_the_hidden_side(
        ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    photo = Photo(np.zeros((128, 128, 4), np.float32), camera.camera_to_world(0.0, 0.0, 1.85),
                  focal_ndc(camera.FOV_DEG))
    photo.rgba[np.isfinite(depth_map(photo, ball))] = (1, 0, 0, 1)
    texture = bake(ball, *charts, 128, lambda points, _: points * 0 + [0, 0, 1], photo, 0.25)
    colour = sampled_at_faces(ball, texture, *charts)
    x = ball.vertices[ball.faces].mean(1)[:, 0]
    np.testing.assert_allclose(colour[x < -0.2].mean(0), [0.25, 0, 0.75], atol=0.03)
    np.testing.assert_allclose(colour[x > 0.9 * x.max()].mean(0), [1, 0, 0], atol=0.03)


def test_bake_continues_bands_of_a_photo_to_the_back(
        ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    photo = Photo(np.zeros((128, 128, 4), np.float32), camera.camera_to_world(0.0, 0.0, 1.85),
                  focal_ndc(camera.FOV_DEG))
    photo.rgba[:64] = (1, 0, 0, 1)
    photo.rgba[64:] = (0, 1, 0, 1)
    photo.rgba[~np.isfinite(depth_map(photo, ball))] = 0
    colour = sampled_at_faces(ball, bake(ball, *charts, 128, None, photo), *charts)
    centre = ball.vertices[ball.faces].mean(1)
    back = centre[:, 0] < -0.2
    upper, lower = (colour[back & beyond].mean(0) for beyond in (
        centre[:, 2] > 0.15, centre[:, 2] < -0.15))
    assert upper[0] > upper[1] + 0.3
    assert lower[1] > lower[0] + 0.3


def textured(ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> TexturedMesh:
    texture = bake(ball, *charts, 64, position_colour, None)
    return TexturedMesh(ball.vertices, ball.faces, *charts, texture)


def test_save_glb_is_read_equally_by_trimesh(
        tmp_path: Path, ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    mesh = textured(ball, charts)
    mesh.vertices = mesh.vertices * [1, 1, 1.2]  # distinguish up from sideways
    path = mesh.save_glb(tmp_path / "new" / "mesh.glb")
    assert [p.name for p in path.parent.iterdir()] == ["mesh.glb"]
    scene = trimesh.load(path)
    (read,) = scene.geometry.values()
    assert len(read.faces) == len(mesh.faces)
    assert len(read.vertices) == len(mesh.uv)
    assert read.visual.uv.min() >= 0
    assert read.visual.uv.max() <= 1
    np.testing.assert_allclose(np.ptp(read.vertices, axis=0), [0.8, 0.96, 0.8], atol=0.02)
    material = read.visual.material
    assert material.metallicFactor == 0
    assert material.roughnessFactor == 1
    assert material.baseColorTexture.size == (64, 64)
    welded = trimesh.Trimesh(read.vertices, read.faces)
    welded.merge_vertices(merge_tex=True, merge_norm=True)
    assert welded.is_watertight
    assert welded.volume > 0


def test_save_glb_keeps_texture_coordinates(
        tmp_path: Path, ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    path = textured(ball, charts).save_glb(tmp_path / "mesh.glb")
    read = trimesh.load(path, force="mesh")
    colour = read.visual.to_color().vertex_colors[:, :3] / 255
    expected = position_colour(from_y_up(read.vertices), np.zeros(3))
    assert np.abs(colour - expected).mean() < 0.02


def test_save_obj_is_read_equally_by_trimesh(
        tmp_path: Path, ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    mesh = textured(ball, charts)
    path = mesh.save_obj(tmp_path / "new" / "mesh.obj")
    names = {p.name for p in path.parent.iterdir()}
    assert {"mesh.obj", "mesh.mtl"} < names
    assert [name for name in names if name.endswith((".png", ".jpg", ".jpeg"))]
    read = trimesh.load(path, force="mesh", process=False)
    assert len(read.faces) == len(mesh.faces)
    colour = read.visual.to_color().vertex_colors[:, :3] / 255
    expected = position_colour(from_y_up(read.vertices), np.zeros(3))
    assert np.abs(colour - expected).mean() < 0.02


def test_obj_material_is_white_and_not_glossy(
        tmp_path: Path, ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    textured(ball, charts).save_obj(tmp_path / "mesh.obj")
    lines = (tmp_path / "mesh.mtl").read_text(encoding="utf-8").splitlines()
    values = {line.split()[0]: [float(number) for number in line.split()[1:]]
              for line in lines if line.startswith(("K", "N"))}
    assert values["Kd"] == [1, 1, 1]
    assert values["Ks"] == [0, 0, 0]
    assert values["Ns"] == [0]


def test_save_ply_has_surface_and_colours(
        tmp_path: Path, ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    read = trimesh.load(textured(ball, charts).save_ply(tmp_path / "mesh.ply"), process=False)
    np.testing.assert_allclose(from_z_up(read.vertices), ball.vertices, atol=1e-6)
    np.testing.assert_array_equal(read.faces, ball.faces)
    colour = read.visual.vertex_colors[:, :3] / 255
    assert np.abs(colour - position_colour(ball.vertices, np.zeros(3))).mean() < 0.03


def test_save_glb_repeats_its_bytes(
        tmp_path: Path, ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = (textured(ball, charts).save_glb(tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_save_reports_an_unwritable_path(
        tmp_path: Path, ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(EngineError) as caught:
        textured(ball, charts).save_glb(tmp_path / "file" / "mesh.glb")
    assert caught.value.code is ErrorCode.DISK


def test_save_glb_stores_the_texture_losslessly(
        tmp_path: Path, ball: Triangles, charts: tuple[np.ndarray, np.ndarray]) -> None:
    mesh = textured(ball, charts)
    content = mesh.save_glb(tmp_path / "mesh.glb").read_bytes()
    start = content.index(b"\x89PNG")
    picture = np.asarray(Image.open(io.BytesIO(content[start:])).convert("RGB"))
    np.testing.assert_array_equal(picture, np.rint(mesh.texture * 255).astype(np.uint8))
