# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics of novel views and their protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.shapes import BLOCK, photograph
from PIL import Image
from scipy import ndimage

from engine.core.reporting import SilentReporter
from engine.evaluation.baselines import (
    copy_input,
    mean_training_view,
    nearest_training_object,
)
from engine.evaluation.contact_sheet import draw_sheet
from engine.evaluation.selection import evenly_spaced
from engine.evaluation.views import (
    box_downsample,
    diversity,
    evaluate,
    gradient_deviation,
    score_views,
    with_image_detail,
)
from engine.imaging import straight
from engine.training.shards import RenderedObject
from engine.training.views import TrainingViews


def square(side: int, at: int, size: int = 32) -> np.ndarray:
    """A black square on a transparent background, uint8 RGBA."""
    rgba = np.zeros((size, size, 4), np.uint8)
    rgba[8:8 + side, at:at + side, 3] = 255
    return rgba


def test_psnr_of_a_known_error() -> None:
    truth = np.full((1, 16, 16, 3), 0.5, np.float32)
    assert score_views(truth + 0.1, truth).psnr[0] == pytest.approx(20.0, abs=1e-3)


def test_identical_images_score_best() -> None:
    images = np.random.default_rng(0).random((2, 32, 32, 3), dtype=np.float32)
    scores = score_views(images, images)
    assert scores.psnr.min() >= 100
    np.testing.assert_allclose(scores.ssim, 1.0, atol=1e-5)
    np.testing.assert_allclose(scores.silhouette_iou, 1.0)
    np.testing.assert_allclose(scores.gmsd, 0.0, atol=1e-6)


def test_silhouette_iou_of_shifted_squares() -> None:
    images = np.ones((2, 32, 32, 3), np.float32)
    images[0, 8:16, 8:16] = images[1, 8:16, 12:20] = 0.2
    assert score_views(images[:1], images[1:]).silhouette_iou[0] == pytest.approx(32 / 96)


def test_gmsd_penalises_blur_more_than_brightness() -> None:
    truth = np.ones((1, 32, 32, 3), np.float32)
    truth[:, 8:24, 8:24] = 0.2
    blurred = ndimage.uniform_filter(truth, (1, 7, 7, 1))
    shade = truth * (1 - np.sqrt(np.square(blurred - truth).mean()) / truth.std())
    assert gradient_deviation(blurred, truth)[0] > 3 * gradient_deviation(shade, truth)[0]


def test_gradient_deviation_of_a_view_does_not_depend_on_the_others() -> None:
    truth, predicted = np.random.default_rng(3).random((2, 4, 16, 16, 3))
    alone = [gradient_deviation(predicted[i:i + 1], truth[i:i + 1])[0] for i in range(4)]
    np.testing.assert_allclose(gradient_deviation(predicted, truth), alone)


def test_diversity_is_the_spread_on_the_object() -> None:
    rgba = np.stack([square(8, 8)] * 3)
    pose = np.array([[0, 0, 1.85], [10, 0, 1.85], [180, 0, 1.85]], np.float32)

    def predict(image: np.ndarray, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Two samples per view: the fronts agree, the backs differ by 0.2 inside the object."""
        images = np.ones((4, 32, 32, 3), np.float32)
        images[:, 8:16, 8:16] = np.array([0.5, 0.5, 0.3, 0.5])[:, None, None, None]
        return images

    spread = diversity([RenderedObject("thing", rgba, pose, {})], predict, 2, 32, SilentReporter())
    assert spread["0-30"] == 0
    assert spread["90-180"] == pytest.approx(0.2 / np.sqrt(2))


def test_box_downsample_averages_blocks() -> None:
    image = np.arange(16, dtype=np.float32).reshape(4, 4, 1)
    np.testing.assert_allclose(box_downsample(image, 2)[..., 0], [[2.5, 4.5], [10.5, 12.5]])


def test_copy_input_is_perfect_without_a_change() -> None:
    rgba = np.stack([square(8, 8), square(8, 8), square(8, 12), square(8, 16)])
    pose = np.array([[350, 0, 1.85], [10, 0, 1.85], [290, 0, 1.85], [170, 0, 1.85]], np.float32)
    table = evaluate([RenderedObject("thing", rgba, pose, {})], copy_input, 32, SilentReporter())
    assert table["0-30"]["silhouette_iou"] == 1.0
    assert table["30-90"]["silhouette_iou"] == pytest.approx(1 / 3)
    assert table["90-180"]["silhouette_iou"] == 0.0
    assert table["all"]["silhouette_iou"] == pytest.approx(4 / 9)


def test_evaluate_scores_the_finished_views() -> None:
    rgba = np.stack([square(8, at) for at in (4, 8)])
    rendered = RenderedObject("square", rgba, np.zeros((2, 3), np.float32), {})
    truth = np.where(rgba[1:, ..., 3:] > 0, 0.0, 1.0) * np.ones(3, np.float32)
    scores = evaluate([rendered], copy_input, 32, SilentReporter(),
                      finish=lambda shown, predicted: truth)
    assert scores["all"]["psnr"] >= 100


def test_with_image_detail_brings_the_image_into_soft_views() -> None:
    """The red front of a block on a view that is grey all over."""
    views = photograph(BLOCK, [(0.0, 10.0), (15.0, 10.0)], size=128)
    rgba = np.stack([np.rint(255 * straight(image)) for image in views.images]).astype(np.uint8)
    pose = np.stack([views.azimuth_deg, views.elevation_deg, views.radius], axis=1)
    rendered = RenderedObject("block", rgba, pose.astype(np.float32), {})
    alpha = views.images[1:, ..., 3:]
    truth = views.images[1:, ..., :3] + 1 - alpha
    soft = 1 - 0.5 * ndimage.gaussian_filter(alpha, (0, 3, 3, 0)) * np.ones(3, np.float32)
    found = with_image_detail(rendered, soft)
    assert found.shape == truth.shape
    assert np.square(found - truth).mean() < 0.5 * np.square(soft - truth).mean()


@pytest.fixture
def training() -> TrainingViews:
    """A red and a blue object; four views each, darker the further the camera has turned."""
    rgb = np.full((2, 4, 32, 32, 3), 255, np.uint8)
    for view in range(4):
        rgb[0, view, 8:24, 8:24] = (200 - 40 * view, 0, 0)
        rgb[1, view, 8:24, 8:24] = (0, 0, 200 - 40 * view)
    pose = np.array([[[90 * view + turn, 10, 1.85] for view in range(4)] for turn in (0, 45)],
                    np.float32)
    return TrainingViews(rgb, pose, ["red", "blue"])


def test_nearest_training_object_follows_the_camera(training: TrainingViews) -> None:
    predict = nearest_training_object(training)
    seen = training.rgb[1, 1].astype(np.float32) / 255
    targets = np.array([[20, 10, 1.85], [110, 10, 1.85], [-80, 10, 1.85]], np.float32)
    shown = predict(seen, np.array([20, 10, 1.85], np.float32), targets)
    np.testing.assert_allclose(shown * 255, training.rgb[1, [1, 2, 0]], atol=1e-3)


def test_mean_training_view_averages_nearest_cameras(training: TrainingViews) -> None:
    targets = np.array([[22, 10, 1.85]], np.float32)
    mean = mean_training_view(training, count=2)(np.zeros((32, 32, 3)), targets[0], targets)
    np.testing.assert_allclose(mean[0, 16, 16] * 255, [100, 0, 100], atol=1e-3)
    np.testing.assert_allclose(mean[0, 0, 0], 1)


def test_draw_sheet_shows_input_and_views(tmp_path: Path) -> None:
    rgba = np.stack([square(8, 8)] * 2)
    pose = np.array([[30, 10, 1.85], [60, 0, 1.7]], np.float32)
    asked: list[np.ndarray] = []

    def predict(image: np.ndarray, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
        asked.append(targets)
        return np.stack([np.full((32, 32, 3), i / 4, np.float32) for i in range(len(targets))])

    objects = [RenderedObject(str(i), rgba, pose, {}) for i in range(10)]
    assert [rendered.name for rendered in evenly_spaced(objects, 3)] == ["0", "3", "6"]
    assert evenly_spaced([1, 2, 3], 8) == [1, 2, 3]
    draw_sheet(objects[:2], predict, 4, 32, tmp_path / "sheet.png")
    np.testing.assert_allclose(asked[0], [[120, 10, 1.85], [210, 10, 1.85], [300, 10, 1.85],
                                          [390, 10, 1.85]])
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (72, 5 * 36, 3)
    assert sheet[12, 12].max() == 0  # the input's square
    assert sheet[36 + 5, 3 * 36 + 5, 0] == 128  # second row, third view
