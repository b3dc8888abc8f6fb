# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How good novel views are: the protocol for rendered test objects.

View 0 of every object is the input, all others are targets. Pictures are composited on white and
box-downsampled to the model's size. Every measure is averaged over the views of an object, then
over objects; buckets split the targets by absolute relative azimuth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from ..reporting import Reporter
from ..training.shards import RenderedObject, on_white

BUCKETS = {"all": (0.0, 180.0), "0-30": (0.0, 30.0), "30-90": (30.0, 90.0), "90-180": (90.0, 180.0)}
"""Name to range of absolute relative azimuth, degrees; the upper end belongs to the bucket."""
SILHOUETTE_LEVEL = 0.96
"""A pixel with any channel below this is foreground."""

Predictor = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(input S x S x 3, input pose 3, target poses V x 3) to V x S x S x 3; float32 in [0, 1]."""


@dataclass(frozen=True)
class ViewScores:
    """One value per target view, V each."""

    psnr: np.ndarray
    """Decibels."""
    ssim: np.ndarray
    silhouette_iou: np.ndarray


def box_downsample(images: np.ndarray, size: int) -> np.ndarray:
    """Average square blocks: ... x S x S x C float to ... x size x size x C; S = k * size."""
    side, channels = images.shape[-2:]
    block = side // size
    shape = (*images.shape[:-3], size, block, size, block, channels)
    return images.reshape(shape).mean(axis=(-4, -2), dtype=np.float32)


def score_views(predicted: np.ndarray, truth: np.ndarray) -> ViewScores:
    """Compare V x S x S x 3 pictures in [0, 1]."""
    error = np.square(predicted - truth).mean(axis=(1, 2, 3))
    first, second = (foreground(images) for images in (predicted, truth))
    intersection, union = (first & second).sum((1, 2)), (first | second).sum((1, 2))
    return ViewScores(-10 * np.log10(np.maximum(error, 1e-10)), _ssim(predicted, truth),
                      intersection / np.maximum(union, 1))


def foreground(images: np.ndarray) -> np.ndarray:
    """Silhouettes of pictures on white: ... x 3 to bool."""
    return (images < SILHOUETTE_LEVEL).any(axis=-1)


def evaluate(objects: Sequence[RenderedObject], predict: Predictor, size: int,
             reporter: Reporter) -> dict[str, dict[str, float]]:
    """Scores by bucket: {"all": {"psnr", "ssim", "silhouette_iou"}, "0-30": ..., ...}."""
    collected: dict[str, list[list[float]]] = {bucket: [] for bucket in BUCKETS}
    for done, rendered in enumerate(objects, 1):
        images = box_downsample(on_white(rendered.rgba).astype(np.float32) / 255, size)
        scores = score_views(predict(images[0], rendered.pose[0], rendered.pose[1:]), images[1:])
        turn = np.abs((rendered.pose[1:, 0] - rendered.pose[0, 0] + 180) % 360 - 180)
        for bucket, (low, high) in BUCKETS.items():
            inside = (turn <= high) & ((turn > low) | (low == 0))
            if inside.any():
                collected[bucket].append([float(values[inside].mean()) for values in (
                    scores.psnr, scores.ssim, scores.silhouette_iou)])
        reporter.progress("evaluate", done, len(objects))
    return {bucket: dict(zip(("psnr", "ssim", "silhouette_iou"), np.mean(rows, axis=0).tolist(),
                             strict=True)) for bucket, rows in collected.items() if rows}


def pipeline_predictor(pipeline, *, steps: int, guidance: float, sampler: str, seed: int,
                       samples: int = 1) -> Predictor:
    """One prediction per view from a `Zero123Pipeline`; more samples are averaged."""

    def predict(image: np.ndarray, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
        images = pipeline(
            image, azimuth=(targets[:, 0] - pose[0]).tolist(), elevation=targets[:, 1].tolist(),
            radius=targets[:, 2].tolist(), input_elevation=float(pose[1]),
            input_radius=float(pose[2]), num_samples=samples, num_inference_steps=steps,
            guidance_scale=guidance, sampler=sampler, output_type="np",
            generator=torch.Generator().manual_seed(seed)).images
        return images.reshape(len(targets), samples, *images.shape[1:]).mean(axis=1)

    return predict


def _ssim(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    first, second = (Tensor(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
                     for images in (predicted, truth))
    scores = structural_similarity_index_measure(first, second, data_range=1.0, reduction="none")
    assert isinstance(scores, Tensor)
    return scores.numpy()
