# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The textured mesh looks like the field it was made from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.reconstruction import fit_images, posed_images
from helpers.shapes import BLOCK, photograph

from engine import camera
from engine.core.reporting import SilentReporter
from engine.fields.voxel_field import raw_of
from engine.fields.voxel_grid import cube
from engine.mesh.rendering import TexturedTriangles, of_mesh
from engine.mesh.surface import extract
from engine.reconstruction.clock import Clock
from engine.reconstruction.extraction import textured_mesh
from engine.reconstruction.fit import Fit, occupancy_of
from engine.reconstruction.guidance import Cameras, as_images, render_images
from engine.reconstruction.iso_value import CANDIDATES, raw_volume
from engine.reconstruction.posed_images import PosedImages

SIZE = 128


@pytest.mark.slow
def test_bake_texture_matches_the_fields_colours() -> None:
    images = posed_images(photograph(BLOCK, camera.two_ring_orbit(12, -10.0, 45.0), size=96))
    fit = fit_images(images, cube(48), iterations=80)
    thing = of_mesh(textured_mesh(fit, None, 4000, 512, Clock(SilentReporter())))
    in_front = colour_differences(fit, thing, [(azimuth, 0.0) for azimuth in (0, 90, 180, 270)])
    assert in_front.mean() < 2
    slanted = colour_differences(fit, thing, [(20.0, 10.0), (140.0, 30.0), (260.0, -15.0)])
    assert np.median(slanted) < 2
    # Along the hard edge of red and blue, an oblique ray meets the other colour slightly earlier.
    assert slanted.mean() < 4


def test_sharp_for_shrinks_by_whole_pixels() -> None:
    """Averages over parts of pixels would blur edges irregularly."""
    voxel_grid = cube(96)
    rgba = torch.rand(1, 512, 512, 4, generator=torch.Generator().manual_seed(0))
    large = PosedImages(rgba, torch.eye(4)[None], camera.FOV_DEG, torch.ones(1),
                        torch.ones(1, dtype=torch.bool))
    sharp = large.sharp_for(voxel_grid)
    blocks = rgba.reshape(1, 256, 2, 256, 2, 4).mean((2, 4))
    torch.testing.assert_close(sharp.rgba, blocks)
    assert sharp.sharp_for(voxel_grid).rgba is sharp.rgba


def test_extraction_places_the_surface_at_the_iso_value() -> None:
    """A ball whose raw density falls by two from voxel to voxel."""
    voxel_grid = cube(48)
    distance = voxel_grid.centres().norm(dim=-1).reshape(voxel_grid.shape)
    raw = 2 * (0.4 - distance) / voxel_grid.voxel_size
    volume = raw_volume(raw)
    for density, level in zip(CANDIDATES, volume.iso_values, strict=True):
        ball = extract(volume.values.numpy(), level, voxel_grid.low, voxel_grid.voxel_size)
        radius = np.linalg.norm(ball.vertices, axis=1)
        expected = 0.4 - raw_of(density) / 2 * voxel_grid.voxel_size
        assert abs(radius - expected).max() < 0.1 * voxel_grid.voxel_size


def colour_differences(fit: Fit, thing: TexturedTriangles, cameras: list[tuple[float, float]]
                       ) -> np.ndarray:
    """Mean absolute difference over RGB, of 255, where renderings of the mesh and of the field both
    show the object. `cameras`: azimuths and elevations in degrees.
    """
    differences = []
    for azimuth, elevation in cameras:
        camera = Cameras(torch.tensor([azimuth]), torch.tensor([elevation]), torch.tensor([1.85]))
        with torch.no_grad():  # sampled as finely as the mesh's image
            seen = render_images(fit.field, camera, 2 * SIZE, occupancy_of(fit.hull))
        fine = as_images(torch.cat([seen.rgb, seen.alpha[:, None]], 1), 1)
        field = F.avg_pool2d(fine, 2)[0].permute(1, 2, 0)
        mesh = thing.render(azimuth, elevation, 1.85, SIZE) / 255
        both = (field[..., 3].numpy() > 0.99) & (mesh[..., 3] == 1)
        assert both.mean() > 0.1
        rgb = (field[..., :3] / field[..., 3:].clamp_min(1e-6)).numpy()
        differences.append((mesh[..., :3] - rgb)[both])
    return np.abs(np.concatenate(differences)).mean(axis=1) * 255
