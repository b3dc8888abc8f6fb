# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paper's baselines SJC-I and DietNeRF with tiny pipelines of random weights and with nano."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImageVariationPipeline
from helpers.command_line import names, run
from helpers.reconstruction import reconstruct_by_score
from helpers.shapes import BLOCK, photograph
from helpers.tiny_pipeline import tiny_pipeline
from PIL import Image
from test_image_variations import model  # noqa: F401 - a fixture

from engine.diffusion import clip_pixel_values
from engine.diffusion.guidance import Perturbation, score_jacobian
from engine.diffusion.image_variation_adapter import UnposedPipeline
from engine.diffusion.samplers import cumulative_alphas
from engine.fields.voxel_grid import cube
from engine.models import load_pipeline
from engine.models.variations import load_any, load_variations
from engine.reconstruction.dietnerf import (
    DietNeRFConfig,
    SemanticConsistencyObjective,
    inconsistency,
)
from engine.reconstruction.fit import hull_of, occupancy_of
from engine.reconstruction.guidance import Cameras, UnposedGuidance, Zero123Guidance
from engine.reconstruction.posed_images import image_of_photo, input_photo
from engine.reconstruction.score import hazy_field

ELEVATION = 10.0
FRONT_AND_BACK = Cameras(torch.tensor([0.0, 180.0]), torch.tensor([10.0, 60.0]),
                         torch.full((2,), 2.0))
SMALL = {"resolution": 32, "faces": 1500, "texture_size": 128}


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return photograph(BLOCK, [(0.0, ELEVATION)], size=128).images[0]


def semantics(photo: np.ndarray, pipeline) -> tuple[SemanticConsistencyObjective, torch.Tensor]:
    """The objective on a small field, and that field."""
    view = input_photo(photo, 49.1, ELEVATION, 1.85)
    pictures = image_of_photo(view, 32)
    on_white = photo[..., :3] * photo[..., 3:] + 1 - photo[..., 3:]
    guide = Zero123Guidance.of(pipeline, on_white, ELEVATION, 1.85)
    hull = hull_of(pictures, cube(24))
    generator = torch.Generator().manual_seed(0)
    return (SemanticConsistencyObjective(guide, pictures, occupancy_of(hull), 1, generator),
            hazy_field(hull))


# A model without cameras.


def test_score_jacobian_of_image_variations_is_exact(model: Path) -> None:  # noqa: F811
    pipeline = load_any(str(model), "cpu")
    own = load_variations(model)
    assert isinstance(pipeline, UnposedPipeline)
    assert isinstance(own, StableDiffusionImageVariationPipeline)
    generator = torch.Generator().manual_seed(1)
    side = pipeline.image_size
    picture = torch.rand(side, side, 3, generator=generator).numpy()
    guide = Zero123Guidance.of(pipeline, picture, 0.0, 1.85)
    contexts = guide.contexts(FRONT_AND_BACK)
    assert torch.equal(contexts[0], contexts[1])
    latent = torch.randn(1, 4, *(pipeline.unet.config.sample_size,) * 2, generator=generator)
    noise = torch.randn(latent.shape, generator=generator)
    timestep = torch.tensor([300])
    score = score_jacobian(pipeline, guide.condition, latent, contexts[:1],
                           Perturbation(timestep, noise), guidance_scale=5.0)
    # Computed with the pipeline's parts: epsilon with and without the embedding, amplified; -(eps -
    # n).
    alpha = torch.from_numpy(cumulative_alphas(own.scheduler.config))[timestep].float()
    noisy = alpha.sqrt() * latent + (1 - alpha).sqrt() * noise  # = sqrt(a) (y + sigma n)
    assert own.scheduler.config.prediction_type == "epsilon"
    embedding = guide.condition.embedding[:, None]
    with torch.no_grad():
        null, told = (own.unet(noisy, timestep, context).sample
                      for context in (torch.zeros_like(embedding), embedding))
    expected = noise - (null + 5.0 * (told - null))
    torch.testing.assert_close(score, expected, rtol=1e-3, atol=1e-3)


def test_unposed_guidance_draws_another_camera() -> None:
    pipeline = tiny_pipeline()
    guide = Zero123Guidance.of(pipeline, np.ones((32, 32, 3), np.float32), 0.0, 1.85)
    first, again, other = (
        UnposedGuidance(pipeline, guide.condition, 0.0, 1.85,
                        torch.Generator().manual_seed(seed)).contexts(FRONT_AND_BACK)
        for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, guide.contexts(FRONT_AND_BACK))


# Semantic consistency.


def test_inconsistency_gradient_equals_finite_differences() -> None:
    encoder = tiny_pipeline().image_encoder.double()
    generator = torch.Generator().manual_seed(0)
    rgb = torch.rand(1, 3, 16, 16, generator=generator, dtype=torch.float64, requires_grad=True)
    embedding = torch.randn(1, 16, generator=generator, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(inconsistency(encoder, rgb, embedding), rgb)
    for _ in range(5):
        way = torch.randn(rgb.shape, generator=generator, dtype=torch.float64)
        with torch.no_grad():
            there, back = (inconsistency(encoder, rgb + step * way, embedding)
                           for step in (1e-5, -1e-5))
        assert float((gradient * way).sum()) == pytest.approx(float(there - back) / 2e-5, rel=1e-3)


def test_inconsistency_is_zero_for_the_same_image() -> None:
    encoder = tiny_pipeline().image_encoder
    rgb = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        embedding = encoder(clip_pixel_values(rgb, 16)).image_embeds
        assert inconsistency(encoder, rgb, embedding) == pytest.approx(0, abs=1e-5)
        assert inconsistency(encoder, rgb, -embedding) == pytest.approx(2, abs=1e-5)


def test_dietnerf_samples_a_camera_every_tenth_step(photo: np.ndarray) -> None:
    """Its gradient reaches the field, and it adds exactly the weighted inconsistency."""
    objective, field = semantics(photo, tiny_pipeline())
    state = objective.generator.get_state()
    plain = objective(field, 1)
    objective.generator.set_state(state)
    with_semantics = objective(field, 0)
    added = (with_semantics - plain) / objective.config.semantic_weight
    assert 0 < float(added.detach()) < 2
    (gradient,) = torch.autograd.grad(added, field.raw)
    assert gradient.isfinite().all() and gradient.abs().sum() > 0
    paper = DietNeRFConfig(semantic_weight=0.1, semantic_interval=10, image_size=168)
    assert objective.config == paper


def test_inconsistency_gradient_improves_a_view(photo: np.ndarray) -> None:
    objective, field = semantics(photo, load_pipeline("nano", "cpu"))
    camera = Cameras(torch.tensor([150.0]), torch.tensor([30.0]), torch.tensor([1.85]))
    state = objective.generator.get_state()
    values = []
    optimiser = torch.optim.Adam([field.raw], 0.05)
    for _ in range(12):
        objective.generator.set_state(state)
        loss = objective._inconsistency(field, camera)
        values.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert values[-1] < 0.8 * values[0], values


def test_dietnerf_lowers_the_loss(photo: np.ndarray) -> None:
    objective, field = semantics(photo, tiny_pipeline())
    optimiser = torch.optim.Adam([field.raw], 0.1)
    losses = []
    for step in range(60):
        loss = objective(field, step)
        losses.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert np.mean(losses[50:]) < 0.5 * np.mean(losses[:10])


# Whole reconstructions.


def test_dietnerf_makes_a_closed_mesh_with_nano(photo: np.ndarray) -> None:
    result = reconstruct_by_score(load_pipeline("nano", "cpu"), photo, method="dietnerf",
                                  input_elevation_deg=ELEVATION, iterations=20, **SMALL)
    assert result.mesh.is_watertight
    assert result.unet_evaluations == 0
    assert result.stages[0]["name"] == "dietnerf"


@pytest.mark.slow
def test_reconstruct_accepts_image_variations(model: Path, photo: np.ndarray,  # noqa: F811
                                                 tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.reconstruction.score.COLOUR_ITERATIONS", 5)
    picture = tmp_path / "block.png"
    Image.fromarray(np.rint(photo * 255).astype(np.uint8)).save(picture)
    for method in ("sjc-i", "dietnerf"):
        out = tmp_path / method
        assert run("reconstruct", picture, "--out", out, "--method", method, "--model", model,
                   "--iterations", 5, "--resolution", 32, "--texture-size", 64,
                   "--faces", 500) == 0
        report = json.loads((out / "report.json").read_text())
        assert report["method"] == method
        assert {"mesh.glb", "request.json", "views/views.json"} <= set(names(out))
