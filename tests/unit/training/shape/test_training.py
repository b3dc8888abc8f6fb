# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape network's data set, augmentation, loss and training loop on two synthetic objects."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

pytest.importorskip("embreex", reason="preparing training data needs embreex")

from engine.shape.geometry import BINS, IMAGE_SIZE, RAYS
from engine.shape.prediction import IDENTITY, ShapePredictor
from engine.training.shape import split
from engine.training.shape.augment import augment_image, disturb_alpha, shifted
from engine.training.shape.calibrate import (
    calibration_errors,
    count_places,
    fit_calibration,
)
from engine.training.shape.dataset import Batch, ShardFolder, held_out_batch, training_batch
from engine.training.shape.train import (
    Trainer,
    TrainingConfig,
    frustum_iou,
    learning_rate,
    occupancy_loss,
)


def test_shard_reads_back_what_was_written(folder) -> None:
    shards = ShardFolder(folder)
    assert [len(shards.train), len(shards.held_out)] == [1, 1]
    item = shards.train[0]
    assert shards.image(item, 1).shape == (IMAGE_SIZE, IMAGE_SIZE, 4)
    assert shards.target(item, 1).shape == (BINS, RAYS, RAYS)
    assert 0 < shards.voxels(item).mean() < 1
    assert 0 < shards.target(item, 0).max() <= 8


def test_shard_without_its_json_is_not_read(folder, tmp_path) -> None:
    for path in folder.glob("*.bin"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert not ShardFolder(tmp_path).train


def test_training_batch_has_consistent_shapes(folder) -> None:
    batch = training_batch(ShardFolder(folder), 3, np.random.default_rng(0))
    assert batch.image.shape == (3, 4, IMAGE_SIZE, IMAGE_SIZE)
    assert batch.target.shape == (3, RAYS, RAYS, BINS)
    assert batch.mask.shape == (3, RAYS, RAYS)
    assert not batch.target[~batch.mask].any()
    assert batch.image.min() >= 0 and batch.image.max() <= 1


def test_augmented_image_stays_premultiplied() -> None:
    rng = np.random.default_rng(0)
    rgba = np.zeros((IMAGE_SIZE, IMAGE_SIZE, 4), np.uint8)
    rgba[30:90, 40:80] = 200, 100, 50, 255
    for _ in range(20):
        image = augment_image(rgba, rng)
        assert image.dtype == np.float32
        assert (image[..., :3] <= image[..., 3:] + 1e-6).all()


def test_disturbed_alpha_moves_by_about_a_pixel() -> None:
    alpha = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.float32)
    alpha[30:90, 40:80] = 1
    rng = np.random.default_rng(0)
    for _ in range(20):
        changed = disturb_alpha(alpha, rng)
        assert changed[34:86, 44:76].min() > 0.9
        assert changed[:25].max() == 0


def test_shift_moves_image_and_target_alike() -> None:
    image = np.zeros((IMAGE_SIZE, IMAGE_SIZE, 4), np.float32)
    target = np.zeros((BINS, RAYS, RAYS), np.uint8)
    image[40:60, 50:70, 3] = 1
    target[:, 20:30, 25:35] = 8
    rng = np.random.default_rng(0)
    moved = set()
    for _ in range(20):
        new_image, new_target = shifted(image, target, rng)
        cells = new_image[..., 3].reshape(RAYS, 2, RAYS, 2).max((1, 3)) > 0
        np.testing.assert_array_equal(cells, new_target[0] > 0)
        moved.add(int(cells.any(1).argmax()))
    assert len(moved) > 3


def test_shift_keeps_the_object_in_the_image() -> None:
    image = np.zeros((IMAGE_SIZE, IMAGE_SIZE, 4), np.float32)
    image[0:127, 50:70, 3] = 1
    target = np.zeros((BINS, RAYS, RAYS), np.uint8)
    for seed in range(10):
        found = shifted(image, target, np.random.default_rng(seed))[0]
        assert found[0, :, 3].any()


def batch_of(target: torch.Tensor) -> Batch:
    count = len(target)
    return Batch(torch.zeros(count, 4, IMAGE_SIZE, IMAGE_SIZE), torch.zeros(count),
                 torch.ones(count), torch.ones(count, RAYS, RAYS, dtype=torch.bool), target)


def test_loss_is_small_for_the_truth_and_large_for_its_inverse() -> None:
    torch.manual_seed(0)
    target = 8 * (torch.rand(2, RAYS, RAYS, BINS) > 0.7).to(torch.uint8)
    logits = (target.float() - 4).permute(0, 3, 1, 2) * 4
    batch = batch_of(target)
    assert occupancy_loss(logits, batch, 4.0) < 0.01
    assert occupancy_loss(-logits, batch, 4.0) > 10


def test_loss_ignores_rays_outside_the_mask() -> None:
    target = torch.zeros(1, RAYS, RAYS, BINS, dtype=torch.uint8)
    batch = batch_of(target)
    batch.mask[:, :, 32:] = False
    logits = torch.full((1, BINS, RAYS, RAYS), -20.0)
    before = occupancy_loss(logits, batch, 4.0)
    logits[..., 32:] = 20
    assert occupancy_loss(logits, batch, 4.0) == before


def test_learning_rate_warms_up_and_decays() -> None:
    config = TrainingConfig(10)
    rates = [learning_rate(p, config) for p in np.linspace(0, 1.2, 50)]
    assert rates[0] < 0.1 * config.peak_rate
    assert max(rates) == pytest.approx(config.peak_rate, rel=0.02)
    assert rates[-1] == pytest.approx(config.peak_rate * config.end_ratio)


def test_training_resumes_where_it_stopped(folder, tmp_path) -> None:
    shards = ShardFolder(folder)
    config = TrainingConfig(10, batch_size=2)
    trainer = Trainer(shards, tmp_path, config)
    batch = training_batch(shards, 2, np.random.default_rng(0))
    assert math.isfinite(trainer.step(batch))
    trainer.save()
    again = Trainer(shards, tmp_path, config)
    again.resume()
    assert (again.samples, again.steps) == (2, 1)
    for a, b in zip(trainer.model.parameters(), again.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_training_starts_from_published_weights(folder, tmp_path) -> None:
    shards = ShardFolder(folder)
    first = Trainer(shards, tmp_path, TrainingConfig(10))
    first.step(training_batch(shards, 1, np.random.default_rng(0)))
    first.save()
    second = Trainer(shards, tmp_path / "new", TrainingConfig(10))
    second.start_from(tmp_path / "weights.safetensors")
    assert second.steps == 0
    for a, b in zip(first.average.parameters(), second.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-3)


def test_held_out_scores_are_shares(folder, tmp_path) -> None:
    shards = ShardFolder(folder)
    trainer = Trainer(shards, tmp_path, TrainingConfig(10))
    scores = frustum_iou(trainer.average.eval(), shards, 1, 2)
    assert all(0 <= scores[name] <= 1 for name in ("0.3", "0.4", "0.5", "soft"))


def test_held_out_batch_is_not_augmented(folder) -> None:
    shards = ShardFolder(folder)
    entries = [(shards.held_out[0], 0)]
    first, second = (held_out_batch(shards, entries) for _ in range(2))
    assert torch.equal(first.image, second.image)


@pytest.mark.parametrize("name, source, expected", [
    ("infinigen__Pot_041", "infinigen", True), ("infinigen__Pan_041", "infinigen", False),
    ("servicesim__sink", "servicesim", True), ("kenney__tree", "kenney", False)])
def test_whole_sources_and_factories_are_held_out(name, source, expected) -> None:
    assert split.is_held_out(name, source) is expected


def test_calibration_lowers_the_error_on_what_it_was_fitted(folder, tmp_path) -> None:
    shards = ShardFolder(folder)
    trainer = Trainer(shards, tmp_path, TrainingConfig(10))
    predictor = ShapePredictor(trainer.average.eval(), IDENTITY)
    counts = count_places(predictor, shards, 0)
    fitted = fit_calibration(counts)
    assert (np.diff(fitted.observed) >= 0).all()
    errors = calibration_errors(fitted, counts)
    assert errors["calibrated_ece"] < 0.5 * errors["raw_ece"]
    assert errors["calibrated_brier"] < errors["raw_brier"]
