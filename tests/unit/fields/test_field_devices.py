# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields that are optimised on another device than the CPU, which never mixes with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.other_device import DeviceTensor, pretended_device
from helpers.reconstruction import reconstruct, reconstruct_by_score
from helpers.shapes import BLOCK, photograph
from helpers.tiny_pipeline import tiny_pipeline

from engine import camera
from engine.core.errors import JobCancelled
from engine.core.reporting import SilentReporter
from engine.fields import representations
from engine.fields.hash_config import HashGridConfig
from engine.fields.occupancy import Occupancy
from engine.fields.rays import camera_rays
from engine.fields.render import render
from engine.fields.representations import make_field
from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import cube
from engine.reconstruction import Reconstruction, score
from engine.reconstruction.checkpoint import Checkpoints
from engine.reconstruction.preview import Previews

CPU = torch.device("cpu")
SMALL: dict[str, Any] = {"resolution": 24, "faces": 600, "texture_size": 64}
ELEVATION = 10.0


@pytest.fixture
def device() -> Iterator[torch.device]:
    with pretended_device() as device:
        yield device


@pytest.fixture(scope="module")
def pipeline():
    return tiny_pipeline()


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return photograph(BLOCK, [(0.0, ELEVATION)], size=64).images[0]


def fit(device: torch.device, **options: Any) -> Reconstruction:
    views = photograph(BLOCK, camera.two_ring_orbit(8, -10.0, 45.0), size=32)
    return reconstruct(views, iterations=5, device=device, **SMALL, **options)


def assert_same(one: Reconstruction, other: Reconstruction) -> None:
    np.testing.assert_array_equal(one.mesh.vertices, other.mesh.vertices)
    np.testing.assert_array_equal(one.mesh.faces, other.mesh.faces)
    np.testing.assert_array_equal(one.mesh.texture, other.mesh.texture)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the tests below run here")
def test_field_devices_run_without_a_visible_gpu() -> None:
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__],
                   env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, check=True)


def test_device_tensor_refuses_mixed_devices(device: torch.device) -> None:
    there = torch.ones(3, device=device)
    with pytest.raises(RuntimeError, match="tensors of the CPU"):
        there + torch.ones(3)
    with pytest.raises(RuntimeError):
        there.numpy()
    assert (there + 1).device == device
    assert (there * 2).sum().cpu() == 6


@pytest.fixture
def one_grid_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same size of the hash grid on all devices: a GPU's is larger and could not be
    compared.
    """
    monkeypatch.setattr(representations, "hash_grid_config", lambda device: HashGridConfig())


@pytest.mark.usefixtures("one_grid_size")
@pytest.mark.parametrize("representation", ["voxels", "hash"])
def test_field_renders_and_differentiates_on_its_device(representation: str,
                                                           device: torch.device) -> None:
    voxel_grid = cube(12)
    solid = voxel_grid.centres().norm(dim=-1).reshape(voxel_grid.shape) < 0.5
    occupancy = Occupancy(solid, voxel_grid)
    cameras = torch.from_numpy(camera.camera_to_world([30.0], [20.0], [1.85])).float()
    found = []
    for place in (CPU, device):
        grid = VoxelField(voxel_grid)
        with torch.no_grad():
            grid.raw.normal_(generator=torch.Generator().manual_seed(0))
        field = make_field(grid, representation, torch.Generator().manual_seed(1), place)
        rays = camera_rays(cameras.to(place), 12, camera.FOV_DEG, voxel_grid)
        seen = render(field, rays, occupancy.to(place), 0.05)
        seen.rgb.square().sum().backward()
        values = [value for group in field.parameter_groups(0.1) for value in group["params"]]
        assert all(value.device == value.grad.device == place for value in values)
        found.append([seen.rgb.detach().cpu(), *(value.grad.cpu() for value in values)])
        assert field.as_grid(cube(5)).device == place
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("representation", ["voxels", "hash"])
def test_constants_are_copied_to_a_device_once(
        representation: str, device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    voxel_grid = cube(12)
    occupancy = Occupancy(torch.ones(voxel_grid.shape, dtype=torch.bool), voxel_grid).to(device)
    field = make_field(VoxelField(voxel_grid), representation, torch.Generator(), device)
    cameras = torch.from_numpy(camera.camera_to_world([30.0], [20.0], [1.85])).float().to(device)

    def step() -> None:
        rays = camera_rays(cameras, 12, camera.FOV_DEG, voxel_grid)
        render(field, rays, occupancy, 0.05).alpha.sum().backward()

    step()
    monkeypatch.setattr(DeviceTensor, "new_tensor", lambda *_: pytest.fail("numbers are copied"))
    step()


@pytest.mark.slow
@pytest.mark.usefixtures("one_grid_size")
@pytest.mark.parametrize("representation", ["voxels", "hash"])
def test_fit_on_a_device_equals_the_cpu_fit(representation: str, device: torch.device) -> None:
    assert_same(fit(CPU, representation=representation),
                fit(device, representation=representation))


@pytest.mark.slow
def test_refinement_runs_on_a_device(device: torch.device, pipeline, photo) -> None:
    options = {"photo": photo, "input_elevation_deg": ELEVATION, "refine": 2, "pipeline": pipeline}
    assert_same(fit(CPU, **options), fit(device, **options))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sds", "sjc", "dietnerf"])
def test_score_methods_run_on_a_device(method: str, device: torch.device, pipeline, photo,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "COLOUR_ITERATIONS", 3)
    one, other = (reconstruct_by_score(
        pipeline, photo, method=method, input_elevation_deg=ELEVATION, iterations=4, device=place,
        **SMALL) for place in (CPU, device))
    assert_same(one, other)


def test_stopped_run_resumes_on_the_cpu(tmp_path: Path, device: torch.device) -> None:
    class Stopper(SilentReporter):
        def progress(self, stage: str, done: int, total: int) -> None:
            if stage == "fit" and done == 3:
                raise JobCancelled

    checkpoints = Checkpoints(tmp_path, "key", warn=pytest.fail)
    with pytest.raises(JobCancelled):
        fit(device, checkpoints=checkpoints, reporter=Stopper())
    kept = torch.load(tmp_path / "fit.pt", weights_only=True)
    assert all(value.device == CPU for value in kept["state"]["parameters"])
    assert_same(fit(CPU), fit(CPU, checkpoints=checkpoints))


def test_previews_come_from_a_field_on_a_device(tmp_path: Path, device: torch.device) -> None:
    shown: list[Path] = []
    fit(device, previews=Previews(tmp_path, shown.append, every_s=0.0))
    assert {path.name for path in shown} == {"preview.npz", "preview.png"}
