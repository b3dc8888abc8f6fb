# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline Image Variations with a tiny pipeline of random weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImageVariationPipeline
from helpers.command_line import run
from helpers.tiny_text_pipeline import SIDE, WIDTH, _scheduler, _unet, _vae
from safetensors.torch import load_file, save_file
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

from engine.core.errors import EngineError, ErrorCode
from engine.evaluation.variations import GUIDANCE, image_variations
from engine.training.shards import RenderedObject, write_shard

POSE = np.array([[0, 0, 1.85], [90, 0, 1.85], [180, 0, 1.85]], np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variations") / "model"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = CLIPVisionModelWithProjection(CLIPVisionConfig(
            hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
            image_size=32, patch_size=16, projection_dim=WIDTH)).eval()
        StableDiffusionImageVariationPipeline(
            vae=_vae(), image_encoder=encoder, unet=_unet(WIDTH), scheduler=_scheduler(),
            safety_checker=None, requires_safety_checker=False,
            feature_extractor=CLIPImageProcessor(
                size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        ).save_pretrained(folder)
    return folder


def picture(seed: int, size: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).random((size, size, 3), dtype=np.float32)


def test_image_variations_ignore_the_camera(model: Path) -> None:
    predict = image_variations(model, seed=3, steps=2)
    views = predict(picture(0), POSE[0], POSE[1:])
    assert views.shape == (2, 16, 16, 3) and 0 <= views.min() < views.max() <= 1
    assert np.abs(views[0] - views[1]).max() > 0.01
    np.testing.assert_array_equal(views, predict(picture(0), POSE[0], POSE[:2]))
    assert np.abs(views - predict(picture(1), POSE[0], POSE[1:])).max() > 1e-4


def test_image_variations_equal_the_pipelines_image(model: Path) -> None:
    from PIL import Image

    pipeline = StableDiffusionImageVariationPipeline.from_pretrained(model, safety_checker=None)
    direct = pipeline(Image.fromarray(np.rint(picture(0) * 255).astype(np.uint8)),
                      num_inference_steps=2, guidance_scale=GUIDANCE, output_type="np",
                      generator=torch.Generator().manual_seed(3)).images[0]
    assert direct.shape == (SIDE, SIDE, 3)
    small = direct.reshape(16, 2, 16, 2, 3).mean(axis=(1, 3))
    view = image_variations(model, seed=3, steps=2)(picture(0), POSE[0], POSE[:1])[0]
    np.testing.assert_allclose(view, small, atol=1e-5)


@pytest.mark.slow
def test_evaluate_views_lists_image_variations(model: Path, tmp_path: Path,
                                capsys: pytest.CaptureFixture[str]) -> None:
    rgba = np.full((3, 128, 128, 4), 255, np.uint8)
    write_shard(tmp_path / "0.tar", [RenderedObject("thing", rgba, POSE, {})])
    assert run("evaluate", "views", tmp_path, "--image-variations", model,
               "--out", tmp_path / "scores.json") == 0
    record = json.loads((tmp_path / "scores.json").read_text())
    assert [*record["scores"]] == ["copy", "variations", "nano"]
    assert "variations" in capsys.readouterr().out


def _change(folder: Path, **entries: object) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, **entries}))


def _forget_a_weight(file: Path) -> None:
    weights = load_file(file)
    del weights["visual_projection.weight"]
    save_file(weights, file, {"format": "pt"})


@pytest.mark.parametrize(("damage", "code"), [
    (lambda path: (path / "model_index.json").unlink(), ErrorCode.MODEL_MISSING),
    (lambda path: (path / "model_index.json").write_text("{"), ErrorCode.MODEL_DAMAGED),
    (lambda path: _change(path, _class_name="StableDiffusionPipeline"),
     ErrorCode.MODEL_INCOMPATIBLE),
    (lambda path: _change(path, unet=["my_unet", "MyUNet"]), ErrorCode.MODEL_INCOMPATIBLE),
    (lambda path: shutil.rmtree(path / "unet"), ErrorCode.MODEL_DAMAGED),
    (lambda path: next((path / "vae").glob("*.safetensors")).write_bytes(b"cut"),
     ErrorCode.MODEL_DAMAGED),
    (lambda path: _forget_a_weight(path / "image_encoder" / "model.safetensors"),
     ErrorCode.MODEL_DAMAGED),
])
def test_image_variations_refuses_other_models(model: Path, tmp_path: Path, damage,
                                          code: ErrorCode) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    damage(folder)
    with pytest.raises(EngineError) as caught:
        image_variations(folder, seed=0)
    assert caught.value.code is code
