# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The voxel field and its renderer: geometry, arithmetic, and packed against dense rendering."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import camera
from engine.fields import render as render_module
from engine.fields.normals import rendered_normals, roughness
from engine.fields.occupancy import Occupancy
from engine.fields.ray_marching import occupied_samples
from engine.fields.rays import Rays, camera_rays, clip_to_box, pixel_centres, project
from engine.fields.render import Rendered, render, render_dense, render_weights, visible_samples
from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import VoxelGrid, cube

RADIUS = 0.35


def ball(resolution: int = 32) -> tuple[VoxelField, Occupancy]:
    """A dense orange ball with a soft rim, and the voxels it may occupy."""
    field = VoxelField(cube(resolution))
    points = field.voxel_grid.centres()
    inside = ((RADIUS - points.norm(dim=-1)) / field.voxel_grid.voxel_size * 4).clamp(-8, 4)
    with torch.no_grad():
        field.raw[0, 0] = inside.reshape(field.raw.shape[2:])
        field.raw[0, 1:] = torch.tensor([3.0, 0.0, -3.0])[:, None, None, None]
    bound = (points.norm(dim=-1) < RADIUS + 0.1).reshape(field.raw.shape[2:])
    return field, Occupancy(bound, field.voxel_grid)


def rays_of(azimuth: float = 30.0, elevation: float = 20.0, size: int = 32) -> Rays:
    matrix = torch.from_numpy(camera.camera_to_world(azimuth, elevation, 1.85))[None].float()
    return camera_rays(matrix, size, camera.FOV_DEG, cube(2))


@settings(max_examples=30, deadline=None)
@given(azimuth=st.floats(0, 360), elevation=st.floats(-89, 89), radius=st.floats(1.5, 2.2),
       distance=st.floats(0.5, 3))
def test_project_inverts_camera_rays(azimuth: float, elevation: float, radius: float,
                                                distance: float) -> None:
    matrix = torch.from_numpy(camera.camera_to_world(azimuth, elevation, radius))
    rays = camera_rays(matrix[None], 8, camera.FOV_DEG, cube(2))
    where, depth = project(rays.origins + rays.directions * distance, matrix, camera.FOV_DEG)
    torch.testing.assert_close(where, pixel_centres(8), atol=1e-4, rtol=0)
    assert (depth > 0).all()


def test_project_maps_up_and_right() -> None:
    matrix = torch.from_numpy(camera.camera_to_world(0.0, 0.0, 1.85))
    where, _ = project(torch.tensor([[0.0, 0.3, 0.0], [0.0, 0.0, 0.3]]), matrix, camera.FOV_DEG)
    assert where[0, 0] > 0.1
    assert abs(where[0, 1]) < 1e-6
    assert where[1, 1] < -0.1, "up in the world is up in the picture, where rows count downwards"


def test_camera_rays_are_clipped_to_the_box() -> None:
    origins = torch.tensor([[2.0, 0, 0], [2.0, 0, 0], [0.0, 0, 0], [2.0, 0.7, 0]])
    directions = torch.tensor([[-1.0, 0, 0], [1.0, 0, 0], [0.0, 1, 0], [-1.0, 0, 0]])
    near, far = clip_to_box(origins, directions, cube(2))
    torch.testing.assert_close(near[0], torch.tensor(1.4))
    torch.testing.assert_close(far[0], torch.tensor(2.6))
    assert far[1] < 0, "behind the ray"
    assert near[2] == 0, "it starts inside"
    assert far[3] <= near[3], "it passes beside"


def test_render_weights_follow_beer_lambert_per_ray() -> None:
    density = torch.tensor([1.0, 2.0, 3.0, 5.0, 0.5])
    weight = render_weights(density, torch.tensor([0, 0, 3, 3, 3]), 0.4)
    expected = [1 - math.exp(-0.4), math.exp(-0.4) * (1 - math.exp(-0.8)), 1 - math.exp(-1.2),
                math.exp(-1.2) * (1 - math.exp(-2.0)), math.exp(-3.2) * (1 - math.exp(-0.2))]
    torch.testing.assert_close(weight, torch.tensor(expected))


def test_render_weights_stay_exact_over_many_rays() -> None:
    """The running sum over all rays must not reduce the precision for the last ray."""
    ray = torch.arange(4096).repeat_interleave(64)
    weight = render_weights(torch.full((len(ray),), 40.0), ray, 0.01).reshape(4096, 64)
    torch.testing.assert_close(weight[-1], weight[0], atol=1e-6, rtol=0)


def test_occupied_samples_are_occupied_and_ordered() -> None:
    _, occupancy = ball()
    rays = rays_of()
    samples = occupied_samples(rays, occupancy, 0.02)
    assert occupancy.contains(samples.points).all()
    assert samples.points.norm(dim=-1).max() < RADIUS + 0.1 + 0.04
    assert (samples.ray_indices.diff() >= 0).all()
    same_ray = samples.ray_indices.diff() == 0
    assert (samples.distance.diff()[same_ray] > 0).all()
    ray = samples.ray_indices
    on_ray = rays.origins[ray] + rays.directions[ray] * samples.distance[:, None]
    torch.testing.assert_close(samples.points, on_ray, atol=1e-5, rtol=0)


def test_render_shows_a_ball() -> None:
    field, occupancy = ball()
    rays = rays_of()
    with torch.no_grad():
        seen = render(field, rays, occupancy, 0.01)
    miss = torch.linalg.cross(rays.origins, rays.directions).norm(dim=-1)
    assert seen.alpha[miss < RADIUS - 0.06].min() > 0.98
    assert seen.alpha[miss > RADIUS + 0.06].max() < 0.02
    core = miss < 0.1
    torch.testing.assert_close(seen.rgb[core].mean(0), torch.sigmoid(torch.tensor([3.0, 0, -3])),
                               atol=0.02, rtol=0)
    expected = 1.85 - torch.sqrt(RADIUS**2 - miss[core] ** 2)
    torch.testing.assert_close(seen.depth[core], expected, atol=0.03, rtol=0)


def test_render_agrees_with_render_dense() -> None:
    field, occupancy = ball()
    rays = rays_of()
    target = torch.rand(len(rays), 3, generator=torch.Generator().manual_seed(0))
    gradients = []
    results = []
    for renderer in (render, render_dense):
        field.zero_grad()
        seen = renderer(field, rays, occupancy, 0.01)
        (seen.rgb - target).square().mean().backward()
        assert field.raw.grad is not None
        gradients.append(field.raw.grad.flatten().clone())
        results.append(seen)
    torch.testing.assert_close(results[0].rgb, results[1].rgb, atol=0.02, rtol=0)
    torch.testing.assert_close(results[0].alpha, results[1].alpha, atol=0.02, rtol=0)
    assert torch.cosine_similarity(gradients[0], gradients[1], dim=0) > 0.97


def test_render_skips_what_a_surface_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    field, occupancy = ball(64)
    looked_up: list[int] = []
    density = field.density

    def counted(points: torch.Tensor) -> torch.Tensor:
        looked_up.append(len(points))
        return density(points)

    monkeypatch.setattr(field, "density", counted)
    found = visible_samples(field, rays_of(), occupancy, 0.01)
    in_front, behind = looked_up
    monkeypatch.setattr(render_module, "FRONT_GROUPS", 10**6)
    expected = visible_samples(field, rays_of(), occupancy, 0.01)
    assert behind > 0
    assert in_front + behind < 0.75 * looked_up[2]
    for name in ("points", "ray_indices", "distance"):
        assert torch.equal(getattr(found, name), getattr(expected, name))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), step=st.floats(0.01, 0.2), azimuth=st.floats(0, 360))
def test_occupied_samples_misses_none(seed: int, step: float, azimuth: float) -> None:
    """The reference looks up every sample of every ray."""
    generator = torch.Generator().manual_seed(seed)
    low, high = torch.randint(0, 12, (2, 3), generator=generator).sort(0).values
    voxels = torch.zeros(12, 12, 12, dtype=torch.bool)
    voxels[tuple(slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))] = True
    occupancy = Occupancy(voxels, cube(12))
    rays = rays_of(azimuth, size=8)
    jitter = torch.rand(len(rays), generator=generator)
    samples = occupied_samples(rays, occupancy, step, jitter)
    count = ((rays.far - rays.near) / step).ceil().clamp_min(0).long()
    ray = torch.arange(len(rays)).repeat_interleave(count)
    nth = torch.cat([torch.arange(int(number)) for number in count])
    distance = (rays.near + jitter * step)[ray] + nth * step
    points = rays.directions[ray] * distance[:, None] + rays.origins[ray]
    inside = occupancy.contains(points)
    assert torch.equal(samples.ray_indices, ray[inside])
    torch.testing.assert_close(samples.distance, distance[inside])


def test_render_gradients_equal_finite_differences() -> None:
    torch.manual_seed(0)
    field, occupancy = VoxelField(cube(6)).double(), Occupancy(torch.ones(6, 6, 6).bool(), cube(6))
    with torch.no_grad():
        field.raw.normal_()
    rays = rays_of(size=3)
    rays = Rays(*(v.double() for v in (rays.origins, rays.directions, rays.near, rays.far)))

    def loss() -> torch.Tensor:
        return render_dense(field, rays, occupancy, 0.2).rgb.square().sum()

    loss().backward()
    assert field.raw.grad is not None
    index = torch.topk(field.raw.grad.abs().flatten(), 5).indices
    for i in index.tolist():
        place = np.unravel_index(i, field.raw.shape)
        with torch.no_grad():
            field.raw[place] += 1e-5
            up = loss()
            field.raw[place] -= 2e-5
            down = loss()
            field.raw[place] += 1e-5
        assert float((up - down) / 2e-5) == pytest.approx(float(field.raw.grad[place]), rel=1e-4)


def test_render_of_an_empty_ray_is_empty() -> None:
    field, _ = ball()
    nothing = Occupancy(torch.zeros(32, 32, 32, dtype=torch.bool), cube(32))
    seen = render(field, rays_of(size=4), nothing, 0.02)
    assert seen.alpha.abs().max() == 0
    assert seen.rgb.abs().max() == 0


def test_resampled_keeps_a_linear_field() -> None:
    field = VoxelField(cube(9))
    with torch.no_grad():
        values = field.voxel_grid.centres() @ torch.tensor([1.0, 2.0, -3.0])
        field.raw[0, 0] = values.reshape(9, 9, 9)
    points = torch.rand(50, 3, generator=torch.Generator().manual_seed(1)) - 0.5
    other = VoxelGrid.within((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5), 0.07)
    torch.testing.assert_close(field.resampled(other).density(points), field.density(points))


def test_voxel_grid_covers_its_box() -> None:
    voxel_grid = VoxelGrid.within((-0.5, -0.1, 0.0), (0.5, 0.1, 0.33), 0.1)
    assert voxel_grid.shape == (11, 3, 5) and voxel_grid.count == 165
    assert voxel_grid.high == pytest.approx((0.5, 0.1, 0.4))
    centres = voxel_grid.centres().reshape(*voxel_grid.shape, 3)
    torch.testing.assert_close(centres[3, 1, 4], torch.tensor([-0.2, 0.0, 0.4]))
    torch.testing.assert_close(voxel_grid.normalised(centres[[0, -1], [0, -1], [0, -1]]),
                               torch.tensor([[-1.0] * 3, [1.0] * 3]))
    finer = voxel_grid.with_voxel_count(8 * voxel_grid.count)
    assert finer.low == voxel_grid.low
    assert finer.count == pytest.approx(8 * voxel_grid.count, rel=0.5)


def test_voxel_field_of_a_long_box_keeps_its_axes() -> None:
    field = VoxelField(VoxelGrid.within((-0.5, -0.1, -0.2), (0.5, 0.1, 0.2), 0.05))
    points = field.voxel_grid.centres()
    with torch.no_grad():
        field.raw[0] = torch.cat([points.T, points.T[:1]]).reshape(field.raw.shape[1:])
    torch.testing.assert_close(field.raw_at(points)[:3], points.T)
    occupied = (points[:, 0] > 0.31) & (points[:, 2] < 0)
    occupancy = Occupancy(occupied.reshape(field.voxel_grid.shape), field.voxel_grid)
    assert torch.equal(occupancy.contains(points + 0.02), occupied)


def test_rendered_normals_of_a_ball_point_outwards() -> None:
    field, occupancy = ball(64)
    rays = rays_of(size=64)
    seen = render(field, rays, occupancy, field.voxel_grid.voxel_size / 4)
    normals = rendered_normals(rays, seen, 1)[0]
    shown = normals.norm(dim=-1) > 0
    assert 0.1 < shown.float().mean() < 0.3
    points = (rays.origins + seen.depth[:, None] * rays.directions).view(64, 64, 3)[:-1, :-1]
    outwards = torch.nn.functional.normalize(points, dim=-1)
    cosine = (normals * outwards).sum(-1)[shown]
    assert cosine.median() > 0.97 and cosine.quantile(0.05) > 0.9


def test_roughness_of_dents_can_be_optimised() -> None:
    """One step along the negative gradient reduces the roughness."""
    rays = rays_of(azimuth=0.0, elevation=0.0, size=16)
    depth = (1.5 / -(rays.directions @ torch.tensor([1.0, 0.0, 0.0]))).abs()
    assert roughness(normals_at(rays, depth)) < 1e-9
    dented = (depth + 0.01 * torch.rand(len(depth), generator=torch.Generator().manual_seed(0))
              ).requires_grad_()
    rough = roughness(normals_at(rays, dented))
    gradient, = torch.autograd.grad(rough, dented)
    assert roughness(normals_at(rays, dented - 1e-3 * gradient / gradient.norm())) < rough


def normals_at(rays: Rays, depth: torch.Tensor) -> torch.Tensor:
    nothing = torch.zeros(len(rays), 3)
    return rendered_normals(rays, Rendered(nothing, torch.ones(len(rays)), depth), 1)
