# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Precomputed latents: the frozen autoencoder encodes each view once instead of in every step.

They are stored per object and variant. A variant is the whole object with other colours; odd
variants are mirrored left to right, which negates every relative azimuth.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor

from ..camera import PoseEncoding, relative_pose
from ..core.reporting import Reporter
from ..core.staging import staged_file
from ..diffusion.conditioning import clip_pixel_values
from .loop import mixed_precision
from .views import TrainingViews, jitter_colours

PHOTO_ELEVATION_DEG = (-10.0, 45.0)
"""Range of elevations from which people photograph objects, degrees."""
STATISTICS_CHUNK = 64
"""Objects whose latents are in memory together when their standard deviation is computed."""


@dataclass(frozen=True)
class LatentViews:
    """n objects with k variants and v views each; memory-mapped."""

    latent: np.ndarray
    """(n, k, v, 4, h, w) float16, mode of the posterior, unscaled."""
    thumbnail: np.ndarray
    """(n, k, v, 3, s, s) uint8, the image at the image encoder's size."""
    pose: np.ndarray
    """(n, v, 3) float32: azimuth and elevation in degrees, radius in scene units."""
    scaling_factor: float
    """Factor that gives the latents a standard deviation of one (the original's is 0.18215)."""


@torch.inference_mode()
def precompute(views: TrainingViews, vae: AutoencoderKL, variants: int, encoder_size: int,
               folder: Path, seed: int, reporter: Reporter) -> LatentViews:
    """Encode all views in `variants` versions and store them in `folder`.

    Variant 0 is the image itself. The others have random colour changes, the same for all views of
    an object, and odd ones are mirrored.

    `encoder_size`: side of the image encoder's input, pixels.
    """
    objects, per_object, side = views.rgb.shape[:3]
    latent_side = side // 2 ** (len(vae.config.block_out_channels) - 1)
    folder.mkdir(parents=True, exist_ok=True)
    thumbnail = np.lib.format.open_memmap(
        folder / "thumbnail.npy", "w+", np.uint8,
        (objects, variants, per_object, 3, encoder_size, encoder_size))
    generator = torch.Generator().manual_seed(seed)
    with staged_file(folder / "latent.npy") as stage:
        latent = np.lib.format.open_memmap(
            stage, "w+", np.float16,
            (objects, variants, per_object, vae.config.latent_channels, latent_side, latent_side))
        for i in range(objects):
            rgb = torch.tensor(views.rgb[i]).permute(0, 3, 1, 2).float() / 255
            for k in range(variants):
                image = rgb.flip(-1) if k % 2 else rgb
                if k:
                    image = _same_jitter(image, generator)
                with mixed_precision(vae.device):
                    posterior = vae.encode((image * 2 - 1).to(vae.device).contiguous(
                        memory_format=torch.channels_last)).latent_dist
                latent[i, k] = posterior.mode().half().cpu().numpy()
                small = F.interpolate(image, (encoder_size, encoder_size), mode="bicubic",
                                      align_corners=True)
                thumbnail[i, k] = (small.clamp(0, 1) * 255).round().byte().numpy()
            reporter.progress("precompute", i + 1, objects)
        np.save(folder / "pose.npy", views.pose)
        np.save(folder / "scaling_factor.npy", 1 / _standard_deviation(latent[:, 0]))
        latent.flush()
    return load(folder)


def _standard_deviation(latent: np.ndarray) -> float:
    """The standard deviation of a memory-mapped array, some of its first axis at a time."""
    total = squares = 0.0
    for start in range(0, len(latent), STATISTICS_CHUNK):
        values = latent[start:start + STATISTICS_CHUNK].astype(np.float64)
        total += values.sum()
        squares += np.square(values).sum()
    mean = total / latent.size
    return float(np.sqrt(squares / latent.size - mean**2))


def load(folder: Path) -> LatentViews:
    """The latents that `precompute` stored."""
    return LatentViews(np.load(folder / "latent.npy", mmap_mode="r"),
                       np.load(folder / "thumbnail.npy", mmap_mode="r"),
                       np.load(folder / "pose.npy"), float(np.load(folder / "scaling_factor.npy")))


@dataclass(frozen=True)
class PairBatch:
    """b pairs of views, each of one object, ready for the network."""

    target: Tensor
    """(b, 4, h, w), scaled latents of the target views."""
    concat: Tensor
    """(b, 4, h, w), unscaled latents of the input views."""
    pixels: Tensor
    """(b, 3, s, s), input views, normalised for the image encoder."""
    pose: Tensor
    """(b, 4), relative poses."""


@dataclass(frozen=True)
class PairIndex:
    """The indices of b pairs of views, (b,) int64 each."""

    object: np.ndarray
    variant: np.ndarray
    source: np.ndarray
    target: np.ndarray


def draw_pairs(data: LatentViews, objects: Tensor, count: int,
               generator: torch.Generator) -> PairIndex:
    """Draw `count` pairs of different views, each of a random object in a random variant.

    An input view from an elevation that is rare in photos is drawn once more.

    `objects`: (n,) indices of the objects to draw from, so that others can be held out.
    """
    variants, per_object = data.latent.shape[1:3]

    def draw(high: int) -> np.ndarray:
        return torch.randint(high, (count,), generator=generator).numpy()

    i, k, source = objects.numpy()[draw(len(objects))], draw(variants), draw(per_object)
    elevation = data.pose[i, source, 1]
    usual = (elevation > PHOTO_ELEVATION_DEG[0]) & (elevation < PHOTO_ELEVATION_DEG[1])
    source = np.where(usual, source, draw(per_object))
    return PairIndex(i, k, source, (source + 1 + draw(per_object - 1)) % per_object)


def pair_poses(data: LatentViews, pairs: PairIndex,
               encoding: PoseEncoding = "zero123") -> Tensor:
    """(b, 4) poses of the target views relative to the input views."""
    azimuth, elevation, radius = np.moveaxis(data.pose[pairs.object, pairs.target], -1, 0)
    azimuth_in, elevation_in, radius_in = np.moveaxis(
        data.pose[pairs.object, pairs.source], -1, 0)
    turn = np.where(pairs.variant % 2, azimuth_in - azimuth, azimuth - azimuth_in)
    return torch.from_numpy(relative_pose(
        turn, elevation, radius, input_elevation_deg=elevation_in, input_radius=radius_in,
        encoding=encoding))


def pair_latents(data: LatentViews, pairs: PairIndex) -> tuple[Tensor, Tensor]:
    """Scaled latents of the target views and unscaled ones of the input views, (b, 4, h, w)."""
    target = torch.from_numpy(data.latent[pairs.object, pairs.variant, pairs.target]).float()
    source = torch.from_numpy(data.latent[pairs.object, pairs.variant, pairs.source]).float()
    return target * data.scaling_factor, source


def make_pairs(data: LatentViews, pairs: PairIndex) -> PairBatch:
    """The pairs' latents, relative poses and inputs of the image encoder."""
    target, concat = pair_latents(data, pairs)
    thumbnail = torch.from_numpy(
        data.thumbnail[pairs.object, pairs.variant, pairs.source]).float() / 255
    return PairBatch(target, concat, clip_pixel_values(thumbnail, thumbnail.shape[-1]),
                     pair_poses(data, pairs))


def _same_jitter(images: Tensor, generator: torch.Generator) -> Tensor:
    """One random colour change for all of (v, 3, h, w) images in [0, 1]."""
    views, channels, height, width = images.shape
    column = images.permute(1, 0, 2, 3).reshape(1, channels, views * height, width)
    changed = jitter_colours(column, generator, strength=0.6)
    return changed.reshape(channels, views, height, width).permute(1, 0, 2, 3)
