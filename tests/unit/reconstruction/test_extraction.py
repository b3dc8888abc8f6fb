# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The textured mesh looks like the field it was made from."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from helpers.shapes import BLOCK, photograph

from engine import camera
from engine.core.reporting import SilentReporter
from engine.fields.voxel_field import raw_of
from engine.fields.voxel_grid import cube
from engine.mesh.rendering import TexturedTriangles, of_mesh
from engine.mesh.surface import extract
from engine.reconstruction.clock import Clock
from engine.reconstruction.extraction import textured
from engine.reconstruction.fit import Fit, Pictures, fit_field, hull_of, occupancy_of
from engine.reconstruction.guidance import Cameras, as_pictures, take_pictures
from engine.reconstruction.iso_value import LEVELS, raw_volume

SIZE = 128


def block_pictures(low_deg: float = -10.0, high_deg: float = 45.0) -> Pictures:
    views = photograph(BLOCK, camera.two_ring_orbit(12, low_deg, high_deg), size=96)
    rgba = torch.from_numpy(views.images).float()
    rgba[..., :3] *= rgba[..., 3:]
    count = len(rgba)
    return Pictures(rgba, torch.from_numpy(views.camera_to_world).float(), camera.FOV_DEG,
                    torch.ones(count), torch.ones(count, dtype=torch.bool))


def test_the_baked_colours_are_those_that_the_field_shows() -> None:
    pictures = block_pictures()
    fit = fit_field(pictures, hull_of(pictures, cube(48)), iterations=80, on_step=lambda *_: None,
                    generator=torch.Generator().manual_seed(0))
    thing = of_mesh(textured(fit, None, 4000, 512, Clock(SilentReporter())))
    in_front = colour_differences(fit, thing, [(azimuth, 0.0) for azimuth in (0, 90, 180, 270)])
    assert in_front.mean() < 2
    slanted = colour_differences(fit, thing, [(20.0, 10.0), (140.0, 30.0), (260.0, -15.0)])
    assert np.median(slanted) < 2
    # Along the hard edge of red and blue a slanted ray meets the other colour a little earlier.
    assert slanted.mean() < 4


def test_pictures_are_made_smaller_by_whole_pixels() -> None:
    """Averages over parts of pixels would blur edges here and there."""
    voxel_grid = cube(96)
    rgba = torch.rand(1, 512, 512, 4, generator=torch.Generator().manual_seed(0))
    large = Pictures(rgba, torch.eye(4)[None], camera.FOV_DEG, torch.ones(1),
                     torch.ones(1, dtype=torch.bool))
    sharp = large.sharp_for(voxel_grid)
    blocks = rgba.reshape(1, 256, 2, 256, 2, 4).mean((2, 4))
    torch.testing.assert_close(sharp.rgba, blocks)
    assert sharp.sharp_for(voxel_grid).rgba is sharp.rgba


def test_the_surface_of_raw_densities_lies_where_they_have_the_level() -> None:
    """A ball whose raw density falls by two from voxel to voxel."""
    voxel_grid = cube(48)
    distance = voxel_grid.centres().norm(dim=-1).reshape(voxel_grid.shape)
    raw = 2 * (0.4 - distance) / voxel_grid.voxel_size
    volume = raw_volume(raw)
    for density, level in zip(LEVELS, volume.levels, strict=True):
        ball = extract(volume.values.numpy(), level, voxel_grid.low, voxel_grid.voxel_size)
        radius = np.linalg.norm(ball.vertices, axis=1)
        expected = 0.4 - raw_of(density) / 2 * voxel_grid.voxel_size
        assert abs(radius - expected).max() < 0.1 * voxel_grid.voxel_size


def colour_differences(fit: Fit, thing: TexturedTriangles, cameras: list[tuple[float, float]]
                       ) -> np.ndarray:
    """Mean over RGB, of 255, wherever a picture of the mesh and one of the field show the object.

    `cameras`: azimuths and elevations in degrees.
    """
    differences = []
    for azimuth, elevation in cameras:
        camera = Cameras(torch.tensor([azimuth]), torch.tensor([elevation]), torch.tensor([1.85]))
        with torch.no_grad():  # as finely sampled as the mesh's picture
            seen = take_pictures(fit.field, camera, 2 * SIZE, occupancy_of(fit.hull))
        fine = as_pictures(torch.cat([seen.rgb, seen.alpha[:, None]], 1), 1)
        field = F.avg_pool2d(fine, 2)[0].permute(1, 2, 0)
        mesh = thing.picture(azimuth, elevation, 1.85, SIZE) / 255
        both = (field[..., 3].numpy() > 0.99) & (mesh[..., 3] == 1)
        assert both.mean() > 0.1
        rgb = (field[..., :3] / field[..., 3:].clamp_min(1e-6)).numpy()
        differences.append((mesh[..., :3] - rgb)[both])
    return np.abs(np.concatenate(differences)).mean(axis=1) * 255
