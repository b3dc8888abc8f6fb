# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of novel views, and the protocol for rendered test objects.

View 0 of every object is the input, all others are targets. Images are composited on white and
box-downsampled to the model's size. Every metric is averaged over the views of an object, then over
objects. Buckets divide the targets by the absolute azimuth relative to the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from ..core.reporting import Reporter
from ..training.shards import RenderedObject, on_white
from .perceptual import Fid, Lpips

BUCKETS = {"all": (0.0, 180.0), "0-30": (0.0, 30.0), "30-90": (30.0, 90.0), "90-180": (90.0, 180.0)}
"""Bucket to its range of absolute relative azimuth, degrees, with the upper end included."""
SILHOUETTE_LEVEL = 0.96
"""A pixel with any channel below this, in [0, 1], is foreground."""

LUMINANCE = np.array([[0.299], [0.587], [0.114]], np.float32)
"""Weights of red, green and blue (ITU-R BT.601)."""
GMSD_CONSTANT = 170 / 255**2
"""The constant of Xue et al. 2014, for grey levels in [0, 1]."""

Predictor = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(input image (s, s, 3), input pose (3,), target poses (v, 3)) to views (v, s, s, 3); images are
float32 in [0, 1], poses are azimuth and elevation in degrees and radius."""


Finish = Callable[[RenderedObject, np.ndarray], np.ndarray]
"""(object, predicted views of its targets (v, s, s, 3)) to what a user gets, (v, s, s, 3)."""


@dataclass(frozen=True)
class ViewScores:
    """One value per target view, (v,) each."""

    psnr: np.ndarray
    """Peak signal-to-noise ratio, decibels."""
    ssim: np.ndarray
    """Structural similarity by torchmetrics, in [-1, 1]. As in SyncDreamer's evaluation, the data
    range is that of the pair of images, the larger of the two images' ranges."""
    silhouette_iou: np.ndarray
    """Intersection over union of the foregrounds (see `foreground`), in [0, 1]."""
    gmsd: np.ndarray
    """Perceptual distance, 0 for equal images (see `gradient_deviation`)."""


def box_downsample(images: np.ndarray, size: int) -> np.ndarray:
    """Average square blocks: (..., s, s, c) to (..., size, size, c), where s is a multiple of
    size."""
    side, channels = images.shape[-2:]
    block = side // size
    shape = (*images.shape[:-3], size, block, size, block, channels)
    return images.reshape(shape).mean(axis=(-4, -2), dtype=np.float32)


def score_views(predicted: np.ndarray, truth: np.ndarray) -> ViewScores:
    """The scores of (v, s, s, 3) images in [0, 1]."""
    error = np.square(predicted - truth).mean(axis=(1, 2, 3))
    first, second = (foreground(images) for images in (predicted, truth))
    intersection, union = (first & second).sum((1, 2)), (first | second).sum((1, 2))
    return ViewScores(-10 * np.log10(np.maximum(error, 1e-10)), _ssim(predicted, truth),
                      intersection / np.maximum(union, 1), gradient_deviation(predicted, truth))


def foreground(images: np.ndarray) -> np.ndarray:
    """Silhouettes of images on white: (..., 3) to (...) bool."""
    return (images < SILHOUETTE_LEVEL).any(axis=-1)


def evaluate(objects: Sequence[RenderedObject], predict: Predictor, size: int, reporter: Reporter,
             lpips: Lpips | None = None, fid: Fid | None = None,
             finish: Finish | None = None) -> dict[str, dict[str, float]]:
    """Mean scores by bucket: {"all": {"psnr", "ssim", ...}, "0-30": ..., ...}.

    Args:
        size: side to which the images are downsampled, pixels.
        lpips: adds "lpips".
        fid: adds "fid" of all images to the bucket "all".
        finish: applied to the predicted views.
    """
    collected: dict[str, list[dict[str, float]]] = {bucket: [] for bucket in BUCKETS}
    for done, rendered in enumerate(objects, 1):
        images = box_downsample(on_white(rendered.rgba).astype(np.float32) / 255, size)
        predicted = predict(images[0], rendered.pose[0], rendered.pose[1:])
        if finish:
            predicted = finish(rendered, predicted)
        scores = asdict(score_views(predicted, images[1:]))
        if lpips:
            scores["lpips"] = lpips(predicted, images[1:])
        if fid:
            fid.add(predicted, images[1:])
        for bucket, inside in in_buckets(rendered.pose).items():
            collected[bucket].append(
                {name: float(values[inside].mean()) for name, values in scores.items()})
        reporter.progress("evaluate", done, len(objects))
    table = {bucket: {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
             for bucket, rows in collected.items() if rows}
    if fid and table:
        table["all"]["fid"] = fid.value()
    return table


def in_buckets(pose: np.ndarray) -> dict[str, np.ndarray]:
    """For (v, 3) poses, which of the v - 1 targets lie in each bucket, (v - 1,) bool. Empty buckets
    are left out.
    """
    turn = np.abs((pose[1:, 0] - pose[0, 0] + 180) % 360 - 180)
    inside = {bucket: (turn <= high) & ((turn > low) | (low == 0))
              for bucket, (low, high) in BUCKETS.items()}
    return {bucket: mask for bucket, mask in inside.items() if mask.any()}


def diversity(objects: Sequence[RenderedObject], predict: Predictor, samples: int, size: int,
              reporter: Reporter) -> dict[str, float]:
    """The spread of samples of the same view by bucket: their standard deviation, as root mean
    square over the pixels where any sample shows the object, in [0, 1].

    A good sampler agrees on the side that the input shows and varies on the hidden side.

    `predict`: returns all samples of the first view, then of the second, and so on.
    """
    collected: dict[str, list[float]] = {bucket: [] for bucket in BUCKETS}
    for done, rendered in enumerate(objects, 1):
        image = box_downsample(on_white(rendered.rgba[0]).astype(np.float32) / 255, size)
        images = predict(image, rendered.pose[0], rendered.pose[1:])
        images = images.reshape(-1, samples, *images.shape[1:])
        shown = foreground(images).any(axis=1)
        variance = images.var(axis=1, ddof=1).mean(axis=-1)
        spread = np.sqrt((variance * shown).sum((1, 2)) / np.maximum(shown.sum((1, 2)), 1))
        for bucket, inside in in_buckets(rendered.pose).items():
            collected[bucket].append(float(spread[inside].mean()))
        reporter.progress("diversity", done, len(objects))
    return {bucket: float(np.mean(rows)) for bucket, rows in collected.items() if rows}


def pipeline_predictor(pipeline, *, steps: int, guidance: float, sampler: str, seed: int,
                       samples: int = 1) -> Predictor:
    """Predicts with a `Zero123Pipeline`: `samples` images of each view, view-major."""

    def predict(image: np.ndarray, pose: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return pipeline(
            image, azimuth=(targets[:, 0] - pose[0]).tolist(), elevation=targets[:, 1].tolist(),
            radius=targets[:, 2].tolist(), input_elevation=float(pose[1]),
            input_radius=float(pose[2]), num_samples=samples, num_inference_steps=steps,
            guidance_scale=guidance, sampler=sampler, output_type="np",
            generator=torch.Generator().manual_seed(seed)).images

    return predict


def with_image_detail(rendered: RenderedObject, predicted: np.ndarray) -> np.ndarray:
    """The views with the detail of the input image, as the job `views` adds it by default."""
    from ..imaging import foreground_alpha, from_white, premultiplied
    from ..imaging import on_white as composited_on_white
    from ..imaging.view_set import ViewSet
    from ..shape.reprojection import add_detail

    (_, elevation, radius), targets = rendered.pose[0].tolist(), rendered.pose[1:]
    image = premultiplied(rendered.rgba[0] / np.float32(255))
    views = ViewSet(
        images=np.stack([from_white(rgb, foreground_alpha(rgb)) for rgb in predicted]),
        azimuth_deg=targets[:, 0] - rendered.pose[0, 0], elevation_deg=targets[:, 1],
        radius=targets[:, 2], sample=np.zeros(len(targets), int), meta={})
    return composited_on_white(add_detail(views, image, elevation, radius).images)


def gradient_deviation(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Gradient magnitude similarity deviation of (v, s, s, 3) images in [0, 1]: (v,).

    As in Xue et al. 2014 (arXiv 1308.3052), on luminance at half the size. It replaces LPIPS, whose
    networks have to be downloaded: like LPIPS it penalises blurred and displaced edges, which the
    mean error hardly shows.
    """
    first, second = _gradient_magnitude(predicted), _gradient_magnitude(truth)
    similarity = (2 * first * second + GMSD_CONSTANT) / (first**2 + second**2 + GMSD_CONSTANT)
    return similarity.std(axis=(1, 2))


def _gradient_magnitude(images: np.ndarray) -> np.ndarray:
    grey = box_downsample(images @ LUMINANCE, images.shape[-2] // 2)[..., 0]
    # One image at a time: `prewitt` smooths along all other axes, that of the images included.
    return np.stack([np.hypot(*(ndimage.prewitt(image, axis, mode="nearest") / 3
                                for axis in (0, 1))) for image in grey])


def _ssim(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    first, second = (Tensor(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
                     for images in (predicted, truth))
    # torchmetrics takes a second to import, because it imports all its metrics and matplotlib.
    from torchmetrics.functional.image import structural_similarity_index_measure

    # One pair at a time: without `data_range`, torchmetrics takes the range of values of the pair.
    scores = [structural_similarity_index_measure(a[None], b[None])
              for a, b in zip(first, second, strict=True)]
    return np.array([float(score) for score in scores if isinstance(score, Tensor)])
