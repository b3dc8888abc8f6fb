# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash grid: its layout and arithmetic, and that it can replace a voxel grid."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from helpers.reconstruction import reconstruct
from helpers.shapes import BLOCK, contains, grid_points, iou, mesh_contains, photograph

from engine import camera
from engine.fields import interpolation
from engine.fields.field import Field
from engine.fields.hash_config import HashGridConfig
from engine.fields.hash_grid import HashEncoding, HashField
from engine.fields.interpolation import grid_sample, weighted_rows
from engine.fields.representations import hash_grid_config, make_field
from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import HALF_EXTENT, cube
from engine.reconstruction.trainer import LearningRates, Level, TrainingRun, train

CPU = torch.device("cpu")
SMALL = HashGridConfig(levels=3, log2_entries=9, coarsest=4, finest=64)


def test_hash_grid_config_on_a_gpu_is_threestudio_s() -> None:
    """threestudio's per_level_scale of 1.447269237440378."""
    config = hash_grid_config(torch.device("cuda"))
    assert (config.levels, config.log2_entries, config.finest) == (16, 19, 4096)
    assert config.growth == pytest.approx(1.447269237440378)
    assert hash_grid_config(CPU) == HashGridConfig()


@pytest.fixture
def grid() -> VoxelField:
    field = VoxelField(cube(12))
    with torch.no_grad():
        field.raw.normal_(generator=torch.Generator().manual_seed(0))
    return field


def points_in(extent: float, count: int = 50) -> torch.Tensor:
    return (torch.rand(count, 3, generator=torch.Generator().manual_seed(1)) * 2 - 1) * extent


def one_point(tables: np.ndarray, settings: HashGridConfig, point: np.ndarray) -> list[float]:
    """A slow reference of Müller et al. 2022, section 3, with tiny-cuda-nn's offsets in 32-bit
    integers.
    """
    result, first = [], 0
    for level in range(settings.levels):
        scale = settings.coarsest * settings.growth**level - 1
        side = math.ceil(scale) + 1
        size = min(-(-side**3 // 8) * 8, 2**settings.log2_entries)
        place = point * scale + 0.5
        total = np.zeros(settings.features)
        for offset in itertools.product((0, 1), repeat=3):
            corner = [math.floor(p) + o for p, o in zip(place, offset, strict=True)]
            weight = math.prod(p - math.floor(p) if o else 1 - p + math.floor(p)
                               for p, o in zip(place, offset, strict=True))
            if side**3 <= size:
                index = (corner[0] + side * corner[1] + side * side * corner[2]) % size
            else:
                primes = (1, 2654435761, 805459861)
                a, b, c = (v * p % 2**32 for v, p in zip(corner, primes, strict=True))
                index = (a ^ b ^ c) % size
            total += weight * tables[first + index]
        result += total.tolist()
        first += size
    return result


def test_hash_encoding_equals_a_slow_reference() -> None:
    encoding = HashEncoding(SMALL)
    assert encoding.entries == [64, 512, 512]  # one dense level, two hashed
    with torch.no_grad():
        encoding.tables.normal_(generator=torch.Generator().manual_seed(0))
    points = torch.rand(20, 3, generator=torch.Generator().manual_seed(1))
    got = encoding(points).detach().numpy()
    tables = encoding.tables.detach().numpy()
    expected = [one_point(tables, SMALL, point) for point in points.double().numpy()]
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_hash_gradients_equal_finite_differences() -> None:
    encoding = HashEncoding(SMALL).double()
    points = torch.rand(8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    weights = torch.rand(8, encoding.width, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda tables: (torch.func.functional_call(encoding, {"tables": tables}, points)
                        * weights).sum(), encoding.tables)


def test_grid_sample_gradients_equal_finite_differences(grid: VoxelField) -> None:
    points = points_in(0.7, 10).double()  # some of them outside
    assert torch.autograd.gradcheck(lambda raw: grid_sample(raw, points / 0.6),
                                    grid.raw.detach()[..., :5, :5, :5].double().requires_grad_())


@pytest.mark.parametrize("channels", [2, 4])
def test_column_sums_equal_sums_of_rows(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to make a table's gradient add the same numbers in the same order."""
    generator = torch.Generator().manual_seed(0)
    table = torch.zeros(500, channels, requires_grad=True)
    index = torch.randint(500, (8, 900), generator=generator)
    weight, wanted = torch.rand(8, 900, generator=generator), torch.randn(
        900, channels, generator=generator)
    gradients = []
    for share in (0.0, torch.inf):
        monkeypatch.setattr(interpolation, "DENSE_SHARE", share)
        gradients += torch.autograd.grad(weighted_rows(table, index, weight), table, wanted)
    assert gradients[0].abs().sum() > 0
    assert torch.equal(*gradients)


@pytest.mark.parametrize("channels", [0, 4])
def test_hash_field_starts_as_its_voxel_field(channels: int) -> None:
    start = VoxelField(cube(10), latent_channels=channels)
    with torch.no_grad():
        start.raw.normal_()
    field = HashField(start, SMALL)
    for ours, theirs in zip(field(points_in(HALF_EXTENT)), start(points_in(HALF_EXTENT)),
                            strict=True):
        torch.testing.assert_close(ours, theirs)


def test_hash_field_as_grid_has_the_same_values(grid: VoxelField) -> None:
    field = HashField(grid, SMALL)
    with torch.no_grad():
        for value in field.parameters():
            value.add_(torch.randn(value.shape, generator=torch.Generator().manual_seed(0)) * 0.3)
    points = grid.voxel_grid.centres()
    density, rgb = field(points)
    again = field.as_grid()(points)
    torch.testing.assert_close(again[0], density, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(again[1], rgb, rtol=1e-3, atol=1e-3)


def test_make_field_repeats_with_the_same_generator(grid: VoxelField) -> None:
    a, b = (make_field(grid, "hash", torch.Generator().manual_seed(5), CPU) for _ in range(2))
    assert isinstance(a, HashField) and isinstance(b, HashField)
    assert torch.equal(a.encoding.tables, b.encoding.tables)
    assert make_field(grid, "voxels", torch.Generator(), CPU) is grid


def test_hash_field_learns_finer_detail_than_its_grid() -> None:
    """A ball smaller than a voxel contains none of the grid's points, but points of finer
    levels.
    """
    start = VoxelField(cube(6))
    field = make_field(start, "hash", torch.Generator().manual_seed(0), CPU)
    points = points_in(0.3, 2000)
    inside = (points.norm(dim=-1) < start.voxel_grid.voxel_size / 2).float()

    def objective(field: Field, step: int) -> torch.Tensor:
        return (1 - torch.exp(-field.density(points) * 0.05) - inside).square().mean()

    before = objective(field, 0).item()
    train(field, Level(objective, LearningRates(0.1, 0.1, torch.zeros(4))), 150,
          TrainingRun(torch.Generator()))
    assert objective(field, 0).item() < before / 3


def test_hash_field_can_be_reconstructed() -> None:
    views = photograph(BLOCK, camera.two_ring_orbit(12, -10.0, 45.0))
    mesh = reconstruct(views, representation="hash", resolution=32, iterations=15, faces=1500,
                       texture_size=128).mesh
    assert mesh.is_watertight
    points = grid_points()
    assert iou(mesh_contains(mesh.vertices, mesh.faces, points), contains(BLOCK, points)) > 0.7
