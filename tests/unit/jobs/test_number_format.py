# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks compute in half precision if it is requested or the default; the others stay float32."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import SilentReporter
from engine.core.requests import ReconstructRequest, TextRequest, ViewsRequest
from engine.diffusion.guidance import Perturbation, score_distillation, score_jacobian
from engine.jobs import run as jobs
from engine.models import load_pipeline, resolve_dtype
from engine.reconstruction.guidance import Zero123Guidance

HALVES = ["bfloat16", "float16"]
FARTHEST = {"bfloat16": 0.002, "float16": 0.0002}
"""Mean absolute difference from nano's views in float32, for each unit of guidance; measured:
0.0004 and 0.00004."""


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    """A red ball, on white."""
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    ball = (x**2 + y**2 < 0.4)[..., None]
    return np.where(ball, np.float32([0.8, 0.15, 0.1]), np.float32(1)).astype(np.float32)


def views(dtype: str, image: np.ndarray, guidance: float = 1.0) -> np.ndarray:
    pipeline = load_pipeline("nano", "cpu", dtype)
    return pipeline(image, [135.0], 10.0, generator=torch.Generator().manual_seed(1),
                    num_inference_steps=2, guidance_scale=guidance, output_type="np").images


@pytest.mark.parametrize("dtype", HALVES)
def test_loading_keeps_delicate_networks_in_float32(dtype: str) -> None:
    pipeline = load_pipeline("nano", "cpu", dtype)
    formats = {name: {p.dtype for p in getattr(pipeline, name).parameters()}
               for name in ("unet", "image_encoder", "vae", "cc_projection")}
    half, full = {getattr(torch, dtype)}, {torch.float32}
    assert formats == {"unet": half, "image_encoder": half, "vae": full, "cc_projection": full}


@pytest.mark.parametrize(("dtype", "guidance"),
                         [("bfloat16", 1.0), ("bfloat16", 3.0), ("float16", 1.0)])
def test_views_in_half_precision_are_those_in_full(dtype: str, guidance: float,
                                                   image: np.ndarray) -> None:
    full, half = views("float32", image, guidance), views(dtype, image, guidance)
    assert half.dtype == np.float32
    assert 0 < np.abs(half - full).mean() < FARTHEST[dtype] * guidance


def test_scores_in_half_precision_are_those_in_full(image: np.ndarray) -> None:
    generator = torch.Generator().manual_seed(0)
    rgb = torch.rand(1, 64, 64, 3, generator=generator)
    noise, posterior = torch.randn(2, 1, 4, 16, 16, generator=generator)
    scores = []
    for dtype in ("float32", "bfloat16"):
        guide = Zero123Guidance.of(load_pipeline("nano", "cpu", dtype), image, 0.0, 1.85)
        assert guide.pipeline.unet.config.sample_size == 16
        known = (guide.contexts(guide.input_camera), Perturbation(torch.tensor([400]), noise))
        distilled = score_distillation(guide.pipeline, guide.condition, rgb, *known, posterior)
        scores.append((distilled.gradient, score_jacobian(
            guide.pipeline, guide.condition, distilled.latents, *known)))
    for full, half in zip(*scores, strict=True):
        assert half.dtype == torch.float32
        assert (half - full).norm() < 0.05 * full.norm()


def test_auto_is_full_on_the_cpu_and_half_on_graphics_processors(
        monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_dtype("auto", torch.device("cpu")) == torch.float32
    assert resolve_dtype("auto", torch.device("mps")) == torch.float16
    for hardware, expected in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported",
                            lambda including_emulation=True, hardware=hardware: (
                                hardware or including_emulation))
        assert resolve_dtype("auto", torch.device("cuda")) == expected


def test_number_format_refuses_unknown_names() -> None:
    for ask in (lambda: resolve_dtype("float8", torch.device("cpu")),
                lambda: ViewsRequest(dtype="half"), lambda: TextRequest(dtype="half")):
        with pytest.raises(EngineError) as caught:
            ask()
        assert caught.value.code is ErrorCode.BAD_INPUT


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "told"), [("auto", "float32"), ("bfloat16", "bfloat16")])
def test_results_tell_their_format(dtype: str, told: str, picture: Path, tmp_path: Path) -> None:
    request = ReconstructRequest(
        image=str(picture), out=str(tmp_path / "out"), device="cpu", dtype=dtype, view_count=4,
        iterations=4, resolution=32, faces=200, texture_size=64)
    jobs.run(request, SilentReporter())
    assert json.loads((tmp_path / "out" / "report.json").read_text())["dtype"] == told
    assert json.loads((tmp_path / "out" / "views" / "views.json").read_text())["dtype"] == told
