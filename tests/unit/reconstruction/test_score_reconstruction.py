# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Score distillation, Score Jacobian Chaining and refinement, with nano, on a block."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.reconstruction import reconstruct, reconstruct_by_score
from helpers.shapes import BLOCK, contains, grid_points, iou, mesh_contains, photograph
from helpers.tiny_pipeline import tiny_pipeline

from engine import camera
from engine.core.errors import EngineError, ErrorCode, JobCancelled
from engine.core.reporting import SilentReporter
from engine.diffusion import score_distillation
from engine.diffusion.guidance import Perturbation, score_jacobian
from engine.diffusion.samplers import cumulative_alphas
from engine.fields.voxel_field import EMPTY_RAW
from engine.models import load_pipeline
from engine.models.families import Schedule
from engine.reconstruction import Reconstruction, score
from engine.reconstruction.guidance import Cameras, Zero123Guidance
from engine.reconstruction.iso_value import density_volume, raw_volume
from engine.reconstruction.sds import SDSSettings, entropy
from engine.reconstruction.sjc import roughness

ELEVATION = 10.0
SMALL = {"resolution": 32, "faces": 1500, "texture_size": 128}


@pytest.fixture(scope="module")
def nano():
    return load_pipeline("nano", "cpu")


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return photograph(BLOCK, [(0.0, ELEVATION)], size=128).images[0]


@pytest.fixture(scope="module")
def blocks(nano, photo) -> dict[str, Reconstruction]:
    """The block by each method."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score, "COLOUR_ITERATIONS", 30)
        return {method: reconstruct_by_score(nano, photo, method=method, iterations=iterations,
                                             input_elevation_deg=ELEVATION, **SMALL)
                for method, iterations in (("sds", 12), ("sjc", 150))}


def silhouette_agrees(mesh, photo: np.ndarray) -> float:
    """IoU of the photo's silhouette with the area of the mesh's projected vertices."""
    matrix = camera.camera_to_world(0.0, ELEVATION, camera.DEFAULT_RADIUS)
    local = (mesh.vertices - matrix[:3, 3]) @ matrix[:3, :3]
    focal = camera.focal_length_px(2)
    where = local[:, :2] / -local[:, 2:] * focal * [1, -1]
    low, high = where.min(0), where.max(0)
    rows, columns = np.nonzero(photo[..., 3] > 0.5)
    true_low = np.array([columns.min(), rows.min()]) / len(photo) * 2 - 1
    true_high = np.array([columns.max() + 1, rows.max() + 1]) / len(photo) * 2 - 1
    common = np.prod(np.maximum(np.minimum(high, true_high) - np.maximum(low, true_low), 0))
    return common / (np.prod(high - low) + np.prod(true_high - true_low) - common)


def test_sjc_score_is_the_negative_sds_gradient() -> None:
    """Both come from the same noise estimate: (D - y) / sigma = -(eps - n)."""
    pipeline = tiny_pipeline()
    generator = torch.Generator().manual_seed(0)
    rgb = torch.rand(2, 32, 32, 3, generator=generator)
    noise, posterior = torch.randn(2, 2, 4, 8, 8, generator=generator)
    guide = Zero123Guidance.of(pipeline, rgb[0].numpy(), 0.0, 1.85)
    contexts = guide.contexts(Cameras(torch.tensor([0.0, 90]), torch.zeros(2), torch.full((2,), 2)))
    timesteps = torch.tensor([100, 700])
    perturbation = Perturbation(timesteps, noise)
    with torch.no_grad():
        distilled = score_distillation(pipeline, guide.condition, rgb, contexts, perturbation,
                                       posterior, guidance_scale=3.0)
        jacobian = score_jacobian(pipeline, guide.condition, distilled.latents, contexts,
                                  perturbation, guidance_scale=3.0)
    alpha = torch.from_numpy(cumulative_alphas(pipeline.scheduler.config))[timesteps].float()
    expected = -distilled.gradient / (1 - alpha)[:, None, None, None]
    torch.testing.assert_close(jacobian, expected, rtol=1e-3, atol=1e-3)


def test_noise_schedule_is_linear_within_its_range() -> None:
    noise = Schedule(((0.25, 0.8), (0.75, 0.2)))
    assert [noise.at(share) for share in (0, 0.25, 1.0)] == pytest.approx([0.8, 0.8, 0.2])
    assert noise.at(0.5) == pytest.approx(0.5)


def test_sds_batches_follow_threestudio() -> None:
    settings = SDSSettings()
    assert [settings.batch(step / 600) for step in (0, 199, 200, 299, 300, 599)] == [
        (12, 64), (12, 64), (4, 128), (4, 128), (2, 256), (2, 256)]


def test_sds_settings_differ_for_stable_zero123() -> None:
    settings = SDSSettings.of(tiny_pipeline(pose_encoding="stable"))
    assert settings.batch(0.4) == (8, 128)
    assert settings.max_noise.at(0.0) == 0.98
    assert SDSSettings.of(tiny_pipeline()).max_noise.at(0.0) == 0.85


def test_entropy_is_smallest_at_zero_and_one() -> None:
    assert entropy(torch.tensor([0.0, 1.0])) < 0.01
    half = torch.tensor([0.4], requires_grad=True)
    entropy(half).backward()
    assert half.grad is not None and half.grad > 0  # rounding down removes values below one half


def test_roughness_equals_the_mean_slope() -> None:
    slope = torch.arange(4.0).expand(1, 1, 4, 4)
    assert roughness(slope) == pytest.approx(0.5)


def test_cameras_at_positions_have_matching_angles() -> None:
    cameras = Cameras.at_positions(torch.tensor([[0.0, 1.5, 1.5]]))
    assert float(cameras.azimuth_deg) == pytest.approx(90)
    assert float(cameras.elevation_deg) == pytest.approx(45, abs=1e-4)
    assert float(cameras.radius) == pytest.approx(1.5 * 2**0.5)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sds", "sjc"])
def test_score_methods_keep_the_input_silhouette(
        method: str, blocks: dict[str, Reconstruction], photo) -> None:
    result = blocks[method]
    assert result.mesh.is_watertight
    assert result.unet_evaluations > 0
    assert silhouette_agrees(result.mesh, photo) > 0.75
    assert [stage["name"] for stage in result.stages] == [method, "surface", "unwrap", "texture"]


@pytest.mark.slow
def test_sjc_keeps_most_of_the_object(blocks: dict[str, Reconstruction]) -> None:
    """Only the side in the input view is certain; nevertheless most of the block must exist in one
    piece, not as specks with its silhouette.
    """
    result = blocks["sjc"]
    points = grid_points()
    inside = contains(BLOCK, points)
    found = mesh_contains(result.mesh.vertices, result.mesh.faces, points)
    assert (found & inside).sum() > 0.6 * inside.sum()
    assert iou(found, inside) > 0.35


@pytest.mark.slow
@pytest.mark.parametrize(("method", "expected"), [("sds", 12 + 2), ("sjc", 2)])
def test_guidance_doubles_the_unet_evaluations(
        method: str, expected: int, nano, photo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model nano has a default guidance scale of 1, which turns guidance off."""
    monkeypatch.setattr(score, "COLOUR_ITERATIONS", 1)
    plain, guided = (reconstruct_by_score(nano, photo, method=method, iterations=2,
                                          guidance_scale=scale, **SMALL).unet_evaluations
                     for scale in (0.0, 3.0))
    assert (plain, guided) == (expected, 2 * expected)


def test_guidance_scale_defaults_to_the_methods() -> None:
    guide = Zero123Guidance.of(tiny_pipeline(), np.ones((32, 32, 3), np.float32), 0.0, 1.85)
    assert guide.guidance_scale(0.0, 100.0) == 100.0
    assert guide.guidance_scale(5.0, 100.0) == 5.0


@pytest.mark.slow
def test_sds_repeats_with_the_same_seed(nano, photo) -> None:
    """A step with each of its sizes of batches."""
    first, second = (reconstruct_by_score(nano, photo, iterations=3, **SMALL).mesh
                     for _ in range(2))
    np.testing.assert_array_equal(first.vertices, second.vertices)
    np.testing.assert_array_equal(first.texture, second.texture)


@pytest.mark.slow
def test_refinement_keeps_the_fitted_shape(nano, photo) -> None:
    views = photograph(BLOCK, camera.two_ring_orbit(12, -10.0, 45.0))
    result = reconstruct(views, photo=photo, input_elevation_deg=ELEVATION, iterations=60, refine=8,
                         pipeline=nano, **SMALL)
    assert "refine" in [stage["name"] for stage in result.stages]
    assert result.unet_evaluations == 8 * 2
    points = grid_points()
    mesh = result.mesh
    assert iou(mesh_contains(mesh.vertices, mesh.faces, points), contains(BLOCK, points)) > 0.75


def test_refinement_requires_a_pipeline(photo) -> None:
    views = photograph(BLOCK, camera.two_ring_orbit(6))
    with pytest.raises(EngineError) as caught:
        reconstruct(views, photo=photo, refine=5, **SMALL)
    assert caught.value.code is ErrorCode.BAD_INPUT


@pytest.mark.slow
def test_score_methods_can_be_cancelled(nano, photo) -> None:
    class Stopper(SilentReporter):
        steps = 0

        def progress(self, stage: str, done: int, total: int) -> None:
            if stage == "sds":
                self.steps += 1
                if done == 3:
                    raise JobCancelled

    reporter = Stopper()
    with pytest.raises(JobCancelled):
        reconstruct_by_score(nano, photo, iterations=10, reporter=reporter, **SMALL)
    assert reporter.steps == 3


def test_score_methods_refuse_an_empty_photo(nano) -> None:
    with pytest.raises(EngineError, match="nothing"):
        reconstruct_by_score(nano, np.zeros((128, 128, 4), np.float32), **SMALL)


@pytest.mark.parametrize("volume", [raw_volume, density_volume])
def test_volume_refuses_an_empty_field(volume) -> None:
    with pytest.raises(EngineError) as caught:
        volume(torch.full((8, 8, 8), EMPTY_RAW))
    assert "iterations" in caught.value.hint
