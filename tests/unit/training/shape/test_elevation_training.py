# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The training of the elevation network on two synthetic objects."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("embreex", reason="preparing training data needs embreex")

from engine.shape.elevation import ELEVATIONS_DEG, FRAMINGS
from engine.shape.network import ShapeNetwork
from engine.shape.prediction import load as load_shape_network
from engine.training.rendered import RenderedObject
from engine.training.shape.dataset import ShardFolder
from engine.training.shape.elevation import (
    NEUTRAL_CAMERA,
    ElevationTraining,
    RenderedViews,
    Training,
    augmented,
    best_temperature,
    draw_batch,
    errors,
    initial_network,
    soft_labels,
)
from engine.training.shards import write_shard as write_views


@pytest.fixture
def views(tmp_path) -> RenderedViews:
    """A shard of rendered views of an object that is trained on and of one that is held out."""
    rgba = np.zeros((2, 128, 128, 4), np.uint8)
    rgba[:, 40:90, 30:100] = 200, 100, 50, 255
    pose = np.array([[0, 70.0, 1.8], [90, 70.0, 1.8]], np.float32)
    write_views(tmp_path / "000.tar", [
        RenderedObject(name, rgba, pose, {"name": name, "source": source, "licence": "CC0"})
        for name, source in (("chair", "kenney"), ("jar", "servicesim"))])
    return RenderedViews([tmp_path])


def image_of(folder: Path) -> np.ndarray:
    shards = ShardFolder(folder)
    return shards.image(shards.train[0], 0)


@pytest.mark.slow
def test_network_starts_as_the_shape_network(folder) -> None:
    source: ShapeNetwork = load_shape_network().network
    model = initial_network().eval()
    seen: list[torch.Tensor] = []
    handle = source.enc_attention_16.register_forward_hook(lambda *args: seen.append(args[2]))
    image = torch.rand(1, 4, 128, 128)
    elevation, radius = (torch.tensor([value]) for value in NEUTRAL_CAMERA)
    with torch.no_grad():
        source(image, elevation, radius)
        features = model.features(image)
    handle.remove()
    torch.testing.assert_close(features, seen[0], rtol=1e-3, atol=1e-3)


def test_labels_surround_the_truth() -> None:
    labels = soft_labels(np.array([20.0, 100.0]))
    torch.testing.assert_close(labels.sum(1), torch.ones(2))
    assert ELEVATIONS_DEG[int(labels[0].argmax())] == 20.0
    assert ELEVATIONS_DEG[int(labels[1].argmax())] == ELEVATIONS_DEG[-1]


def test_augmented_images_keep_the_object_whole(folder) -> None:
    rng = np.random.default_rng(0)
    for _ in range(8):
        image = augmented(image_of(folder), rng)
        assert image.shape == (128, 128, 4)
        alpha = image[..., 3]
        border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
        assert alpha.max() > 0.9 and border.max() < 0.1


def test_views_of_held_out_objects_are_not_read(views) -> None:
    assert len(views) == 1


def test_batches_mix_both_sources(folder, views) -> None:
    images, labels = draw_batch(ShardFolder(folder), views, 12, np.random.default_rng(1))
    assert images.shape == (12, 4, 128, 128)
    high = [ELEVATIONS_DEG[int(row.argmax())] == 70 for row in labels]
    assert 0 < sum(high) < 12


def test_temperature_fits_overconfident_logits() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 50, 400)
    guess = truth + rng.normal(0, 8, 400)
    logits = -((ELEVATIONS_DEG - guess[:, None]) ** 2) / (2 * 4**2)
    temperature = best_temperature(logits, truth)
    assert temperature == pytest.approx(4, abs=1)
    found = errors(logits, truth, temperature)
    assert found["median"] == pytest.approx(8 * 0.674, abs=1)
    assert found["inside_uncertainty"] == pytest.approx(0.68, abs=0.08)


@pytest.mark.slow
def test_training_lowers_the_loss_and_writes_its_files(folder, views, tmp_path) -> None:
    torch.manual_seed(0)
    model = initial_network()
    frozen = model.stem.weight.clone()
    config = ElevationTraining(1, batch_size=8, kept=16)
    training = Training(model, ShardFolder(folder), views, tmp_path, config)
    rng = np.random.default_rng(0)
    losses = [training.step(*training.batch(rng), 0.3) for _ in range(25)]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.2
    assert torch.equal(model.stem.weight, frozen)
    training.evaluate(1.0, FRAMINGS[:2])
    assert {path.name for path in tmp_path.iterdir()} >= {
        "weights.safetensors", "calibration.json", "log.jsonl"}
    assert json.loads((tmp_path / "calibration.json").read_text())["held_out"]["images"] == 2
