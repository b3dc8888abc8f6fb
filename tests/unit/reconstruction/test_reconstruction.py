# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruction of known shapes: hull, alignment, the whole method, and bad input."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import trimesh
from helpers.reconstruction import posed_images, reconstruct
from helpers.shapes import BLOCK, TABLE, Box, contains, grid_points, iou, mesh_contains, photograph
from scipy import ndimage

from engine import camera
from engine.core.errors import EngineError, ErrorCode, JobCancelled
from engine.core.reporting import SilentReporter
from engine.fields.voxel_grid import cube
from engine.imaging.view_set import ViewSet
from engine.reconstruction.alignment import Alignment
from engine.reconstruction.hull import Hull, hull_bound, hull_of, voxel_grid_around
from engine.reconstruction.memory import PER_HASHED, estimate, require_memory
from engine.reconstruction.sds import SDSSettings

SMALL = {"resolution": 40, "iterations": 60, "faces": 1500, "texture_size": 128}


def orbit(count: int = 16) -> list[tuple[float, float]]:
    return camera.two_ring_orbit(count, -10.0, 45.0)


@pytest.fixture(scope="module")
def block_views() -> ViewSet:
    return photograph(BLOCK, orbit())


@pytest.fixture(scope="module")
def block_photo() -> np.ndarray:
    return photograph(BLOCK, [(0.0, 10.0)], size=128).images[0]


@pytest.fixture(scope="module")
def block(block_views: ViewSet, block_photo: np.ndarray):
    return reconstruct(block_views, photo=block_photo, input_elevation_deg=10.0, **SMALL)


def hull_of_views(views: ViewSet, trusted: torch.Tensor | None = None,
                  weight: torch.Tensor | None = None) -> Hull:
    """The hull at 40 voxels, by default of untrusted views of weight 1."""
    images = posed_images(views)
    return hull_of(replace(
        images, trusted=torch.zeros_like(images.trusted) if trusted is None else trusted,
        weight=images.weight if weight is None else weight), cube(40))


def inside(resolution: int = 40) -> torch.Tensor:
    points = cube(resolution).centres().numpy()
    return torch.from_numpy(contains(BLOCK, points)).reshape((resolution,) * 3)


def test_hull_contains_the_object_tightly(block_views: ViewSet) -> None:
    hull, truth = hull_of_views(block_views), inside()
    assert hull.bound[truth].all()
    assert hull.bound.sum() < 2.2 * truth.sum()
    assert hull.agreement[truth].min() > 0.6
    red = truth & (cube(40).centres()[:, 0].reshape(40, 40, 40) > 0.3)
    assert hull.colour[red][:, 0].mean() > hull.colour[red][:, 2].mean()


def test_hull_is_not_cut_by_one_wrong_view(block_views: ViewSet) -> None:
    wrong = ViewSet(block_views.images.copy(), block_views.azimuth_deg, block_views.elevation_deg,
                    block_views.radius, block_views.sample)
    wrong.images[3, :, :40, 3] = 0
    assert hull_of_views(wrong).bound[inside()].float().mean() > 0.99


def test_hull_is_not_cut_by_views_of_little_weight(block_views: ViewSet) -> None:
    wrong = ViewSet(block_views.images.copy(), block_views.azimuth_deg, block_views.elevation_deg,
                    block_views.radius, block_views.sample)
    wrong.images[3:8, :, :40, 3] = 0
    weight = torch.ones(16)
    weight[3:8] = 0.01
    assert hull_of_views(wrong).bound[inside()].float().mean() < 0.9
    assert hull_of_views(wrong, weight=weight).bound[inside()].float().mean() > 0.99


def test_hull_stays_inside_trusted_silhouettes(block_views: ViewSet) -> None:
    narrow = ViewSet(block_views.images.copy(), block_views.azimuth_deg, block_views.elevation_deg,
                     block_views.radius, block_views.sample)
    narrow.images[0, :, :32, 3] = 0  # view 0 looks along X: its left half is Y < 0
    trusted = torch.zeros(len(narrow), dtype=torch.bool)
    trusted[0] = True
    bound = hull_of_views(narrow, trusted).bound
    y = cube(40).centres()[:, 1].reshape(40, 40, 40)
    assert not bound[y < -0.06].any()
    assert bound[inside() & (y > 0.06)].all()


@pytest.mark.parametrize("trusted", [(), (0,), (0, 5)])
def test_hull_bound_is_that_of_the_hull(block_views: ViewSet, trusted: tuple[int, ...]) -> None:
    images = posed_images(block_views)
    images = replace(images, trusted=torch.zeros_like(images.trusted),
                     weight=torch.linspace(0.1, 1.5, len(images.weight)))
    images.trusted[list(trusted)] = True
    images.rgba[0, :, :32] = 0
    assert hull_bound(images, cube(40)).equal(hull_of(images, cube(40)).bound)


def test_reconstruct_refuses_views_without_common_shape(block_views: ViewSet) -> None:
    scattered = ViewSet(np.zeros_like(block_views.images), block_views.azimuth_deg,
                        block_views.elevation_deg, block_views.radius, block_views.sample)
    for i, image in enumerate(scattered.images):
        image[4 + 4 * i:8 + 4 * i, 4:8] = 1
    refused(scattered)


def test_reconstruct_refuses_empty_masks(block_views: ViewSet) -> None:
    empty = ViewSet(np.zeros_like(block_views.images), block_views.azimuth_deg,
                    block_views.elevation_deg, block_views.radius, block_views.sample)
    assert "alpha" in refused(empty).hint


def test_reconstruct_refuses_views_without_background(block_views: ViewSet) -> None:
    full = ViewSet(np.ones_like(block_views.images), block_views.azimuth_deg,
                   block_views.elevation_deg, block_views.radius, block_views.sample)
    assert "background" in refused(full).message


def refused(views: ViewSet) -> EngineError:
    with pytest.raises(EngineError) as caught:
        reconstruct(views, **SMALL)
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert caught.value.hint
    return caught.value


def test_reconstruct_recovers_the_block(block) -> None:
    mesh, points = block.mesh, grid_points()
    assert mesh.is_watertight
    assert 0.98 * SMALL["faces"] <= len(mesh.faces) <= SMALL["faces"]
    overlap = iou(mesh_contains(mesh.vertices, mesh.faces, points), contains(BLOCK, points))
    assert overlap > 0.85
    np.testing.assert_allclose(mesh.vertices.max(0), [0.4, 0.3, 0.4], atol=0.06)


def test_reconstruct_recovers_colours(block) -> None:
    mesh = block.mesh
    centre, normal = mesh.vertices[mesh.faces].mean(1), mesh.vertex_normals[mesh.faces].mean(1)
    u, v = (mesh.uv[mesh.uv_faces].mean(1) * len(mesh.texture)).astype(int).T
    colour = mesh.texture[len(mesh.texture) - 1 - v, u]
    sides = np.abs(normal[:, 2]) < 0.5
    front, back = sides & (centre[:, 0] > 0.2), sides & (centre[:, 0] < -0.2)
    np.testing.assert_allclose(np.median(colour[front], 0), BLOCK[0].colour, atol=0.05)
    np.testing.assert_allclose(np.median(colour[back], 0), BLOCK[1].colour, atol=0.08)


def test_reconstruct_times_stages_in_order(block) -> None:
    assert [stage["name"] for stage in block.stages] == ["hull", "fit", "surface", "unwrap",
                                                         "texture"]
    assert all(stage["seconds"] >= 0 for stage in block.stages)


@pytest.mark.slow
def test_reconstruct_repeats_with_the_same_seed(block_views: ViewSet, tmp_path: Path) -> None:
    options = SMALL | {"iterations": 12, "resolution": 32, "faces": 400}
    first, second, other = (
        reconstruct(block_views, **options, seed=seed).mesh.save_glb(tmp_path / name).read_bytes()
        for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == second
    assert first != other


@pytest.mark.slow
def test_reconstruct_keeps_thin_legs() -> None:
    views = photograph(TABLE, orbit(), size=80)
    mesh = reconstruct(views, **SMALL | {"resolution": 48, "faces": 4000}).mesh
    legs = np.array([[x, y, z] for x in (-0.38, 0.38) for y in (-0.38, 0.38)
                     for z in (-0.35, -0.2, 0.0, 0.15)])
    assert mesh_contains(mesh.vertices, mesh.faces, legs).mean() > 0.9
    between = np.array([[0, 0, -0.2], [0.38, 0, -0.2], [0, -0.38, -0.2]])
    assert not mesh_contains(mesh.vertices, mesh.faces, between).any()


@pytest.mark.slow
def test_reconstruct_keeps_thickness_of_a_thin_bar() -> None:
    bar = [Box((0, 0, 0), (0.5, 0.08, 0.015), (0.8, 0.3, 0.2))]
    views = photograph(bar, camera.two_ring_orbit(12), size=128)
    photo = photograph(bar, [(0.0, 20.0)], size=128).images[0]
    mesh = reconstruct(views, photo=photo, input_elevation_deg=20.0,
                       **SMALL | {"resolution": 48, "iterations": 120}).mesh
    size = np.ptp(mesh.vertices, axis=0)
    assert np.abs(size - [1.0, 0.16, 0.03]).max() < 0.02


def test_voxel_grid_around_hull_holds_it(block_views: ViewSet) -> None:
    hull = hull_of_views(block_views)
    voxel_grid = voxel_grid_around(hull.bound, hull.voxel_grid, 40**3, 0.0)
    assert voxel_grid.count == pytest.approx(40**3, rel=0.1)
    assert voxel_grid.voxel_size < 0.95 * hull.voxel_grid.voxel_size
    where = voxel_grid.normalised(hull.voxel_grid.centres()[hull.bound.flatten()])
    assert where.abs().max() < 1
    coarser = voxel_grid_around(hull.bound, hull.voxel_grid, 40**3, 0.03)
    assert coarser.voxel_size == 0.03


def disturbed(views: ViewSet) -> ViewSet:
    """Views that are blurred, shifted and scaled at random, like generated ones."""
    rng = np.random.default_rng(0)
    images = views.images.copy()
    middle = np.array([images.shape[1] - 1, images.shape[1] - 1, 0]) / 2
    for image in images:
        zoom = np.append(np.full(2, np.exp(0.02 * rng.normal())), 1.0)
        shift = np.append(rng.normal(size=2), 0.0)
        blurred = ndimage.gaussian_filter(image, (1.0, 1.0, 0))
        offset = middle - (middle + shift) * zoom
        image[:] = ndimage.affine_transform(blurred, zoom, offset, order=1)
    return ViewSet(images.clip(0, 1), views.azimuth_deg, views.elevation_deg, views.radius,
                   views.sample)


@pytest.mark.slow
def test_reconstruct_of_noisy_views_gives_one_body(block_views: ViewSet,
                                                   block_photo: np.ndarray) -> None:
    mesh = reconstruct(disturbed(block_views), photo=block_photo, input_elevation_deg=10.0,
                       **SMALL).mesh
    assert mesh.is_watertight
    assert trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).body_count == 1
    points = grid_points()
    assert iou(mesh_contains(mesh.vertices, mesh.faces, points), contains(BLOCK, points)) > 0.75


@pytest.mark.slow
def test_reconstruct_leaves_out_an_empty_view(block_views: ViewSet) -> None:
    views = ViewSet(block_views.images.copy(), block_views.azimuth_deg, block_views.elevation_deg,
                    block_views.radius, block_views.sample)
    views.images[5] = 0
    reporter = Listener()
    mesh = reconstruct(views, **SMALL | {"iterations": 12}, reporter=reporter).mesh
    assert mesh.is_watertight
    assert [level for level, text in reporter.lines if "5" in text] == ["warning"]


class Listener(SilentReporter):
    """Records the reports and cancels at a step."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.steps: list[tuple[str, int, int]] = []
        self.lines: list[tuple[str, str]] = []
        self.stop_at = stop_at

    def progress(self, stage: str, done: int, total: int) -> None:
        self.steps.append((stage, done, total))
        if stage == "fit" and done == self.stop_at:
            raise JobCancelled

    def log(self, level: str, text: str) -> None:
        self.lines.append((level, text))


@pytest.mark.slow
def test_reconstruct_can_be_cancelled_at_every_step(block_views: ViewSet) -> None:
    reporter = Listener(stop_at=9)
    threads = torch.get_num_threads()
    with pytest.raises(JobCancelled):
        reconstruct(block_views, **SMALL | {"iterations": 20}, reporter=reporter)
    assert [step for step in reporter.steps if step[0] == "fit"] == [
        ("fit", i, 20) for i in range(1, 10)]
    assert torch.get_num_threads() == threads


def test_alignment_leaves_fixed_pictures_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(2, 16, 16, 4, generator=generator)
    alignment = Alignment(torch.tensor([True, False]))
    where = torch.rand(40, 2, generator=generator) * 1.6 - 0.8
    with torch.no_grad():
        plain = alignment.sample(pictures, torch.zeros(40, dtype=torch.long), where)
        alignment.correction.copy_(torch.tensor([[0.3, 0.3, 0.3], [0.1, -0.2, 0.05]]))
        fixed = alignment.sample(pictures, torch.zeros(40, dtype=torch.long), where)
    torch.testing.assert_close(plain, fixed)
    torch.testing.assert_close(alignment.applied(pictures)[0], pictures[0], atol=1e-5, rtol=0)


def test_alignment_finds_a_known_shift() -> None:
    centres = (np.arange(32) + 0.5) / 16 - 1
    x, y = np.meshgrid(centres, centres)
    blob = np.exp(-8 * ((x - 0.1) ** 2 + (y + 0.2) ** 2))
    centred = np.exp(-8 * (x**2 + y**2))
    # Two free images moved apart: a common shift of all free images is not corrected.
    pictures = torch.from_numpy(np.stack([centred, blob, blob[::-1, ::-1]])).float()
    pictures = pictures[..., None].expand(-1, -1, -1, 4)
    alignment = Alignment(torch.tensor([True, False, False]))
    optimiser = torch.optim.Adam(alignment.parameters(), lr=0.02)
    where = torch.from_numpy(np.stack([x, y], -1).reshape(-1, 2)).float()
    for _ in range(80):
        optimiser.zero_grad()
        loss = torch.zeros(())
        for view in (1, 2):
            index = torch.full((len(where),), view)
            seen = alignment.sample(pictures, index, where)[:, 3]
            loss = loss + (seen - torch.from_numpy(centred).float().reshape(-1)).square().mean()
        loss.backward()
        optimiser.step()
    found = alignment.centred().detach()[:, :2]
    torch.testing.assert_close(found[1], torch.tensor([0.1, -0.2]), atol=0.01, rtol=0)
    torch.testing.assert_close(found[2], torch.tensor([-0.1, 0.2]), atol=0.01, rtol=0)
    assert found[0].abs().max() == 0


def test_require_memory_suggests_a_resolution() -> None:
    free = estimate(128, 20000, 1024) + 1
    require_memory(128, 20000, 1024, available=free)
    with pytest.raises(EngineError, match="resolution of 192 needs") as caught:
        require_memory(192, 20000, 1024, available=free)
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY
    assert "a resolution of 128," in caught.value.hint
    with pytest.raises(EngineError) as caught:
        require_memory(32, 20000, 8192, available=1e9)
    assert "smaller texture" in caught.value.hint


def test_memory_estimate_includes_hash_grid_rays() -> None:
    voxels, rays = estimate(96, 20000, 1024), SDSSettings().max_rays(256)
    assert rays == 4096 + 2 * 256**2
    assert estimate(96, 20000, 1024, rays) > voxels + 10e9
    free = estimate(48, 20000, 1024, rays) + 1
    require_memory(96, 20000, 1024, available=free)
    with pytest.raises(EngineError) as caught:
        require_memory(96, 20000, 1024, rays, free)
    assert "a resolution of 48, or a voxel grid" in caught.value.hint


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for memory")
def test_memory_estimate_of_hash_grid_matches_measurement(project_root: Path) -> None:
    # In a separate process, because memory that other tests have freed would be reused here.
    taken = subprocess.run([sys.executable, "-c", HASHED, "100000"], cwd=project_root, check=True,
                           capture_output=True).stdout
    assert 0.6 < int(taken) / (PER_HASHED * 100_000) < 1.3


HASHED = """
import pathlib, sys, torch
from engine.fields.hash_grid import HashField
from engine.fields.voxel_grid import cube
from engine.fields.voxel_field import VoxelField

def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

def differentiate(points):
    sum(values.sum() for values in field(points)).backward()

field, points = HashField(VoxelField(cube(16))), torch.rand(int(sys.argv[1]), 3) - 0.5
differentiate(points[:100])
before = peak()
differentiate(points)
print(peak() - before)
"""
"""Prints the bytes that are needed to differentiate a hash grid at a number of points."""


def test_reconstruct_checks_memory_first(monkeypatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=1e8))
    with pytest.raises(EngineError) as caught:
        reconstruct(photograph(BLOCK, camera.two_ring_orbit(4)))
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=9e8))
    with pytest.raises(EngineError, match=r"needs 1\.1 GB") as caught:
        reconstruct(photograph(BLOCK, camera.two_ring_orbit(4)), representation="hash",
                    resolution=96)
    assert "voxel grid" in caught.value.hint
