# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Precomputed latents: the frozen autoencoder runs once per view instead of once per use.

Stored per object and variant: every variant is the whole object seen with other colours, and in
odd variants mirrored left to right, which turns every relative azimuth around.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor

from ..camera import PoseEncoding, relative_pose
from ..core.reporting import Reporter
from ..diffusion.conditioning import clip_pixel_values
from .loop import mixed_precision
from .views import TrainingViews, jitter_colours

PHOTO_ELEVATION_DEG = (-10.0, 45.0)
"""From where people take pictures of objects."""


@dataclass(frozen=True)
class LatentViews:
    """N objects x K variants x V views."""

    latent: np.ndarray
    """N x K x V x 4 x h x w float16: mode of the posterior, unscaled."""
    thumbnail: np.ndarray
    """N x K x V x 3 x s x s uint8: the picture at the image encoder's size."""
    pose: np.ndarray
    """N x V x 3: azimuth and elevation in degrees, radius."""
    scaling_factor: float
    """Makes the latents' standard deviation one (the original's 0.18215)."""


@torch.inference_mode()
def precompute(views: TrainingViews, vae: AutoencoderKL, variants: int, encoder_size: int,
               folder: Path, seed: int, reporter: Reporter) -> LatentViews:
    """Encode all views in `variants` versions and store them in `folder`.

    Variant 0 is the picture itself; the others get random colours, the same for all views of an
    object, and odd ones are mirrored.
    """
    objects, per_object, side = views.rgb.shape[:3]
    latent_side = side // 2 ** (len(vae.config.block_out_channels) - 1)
    folder.mkdir(parents=True, exist_ok=True)
    latent = np.lib.format.open_memmap(
        folder / "latent.tmp", "w+", np.float16,
        (objects, variants, per_object, vae.config.latent_channels, latent_side, latent_side))
    thumbnail = np.lib.format.open_memmap(
        folder / "thumbnail.npy", "w+", np.uint8,
        (objects, variants, per_object, 3, encoder_size, encoder_size))
    generator = torch.Generator().manual_seed(seed)
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
    scaling = 1 / float(np.std(latent[:, 0].astype(np.float32)))
    np.save(folder / "scaling_factor.npy", scaling)
    latent.flush()
    os.replace(folder / "latent.tmp", folder / "latent.npy")
    return load(folder)


def load(folder: Path) -> LatentViews:
    """What `precompute` stored."""
    return LatentViews(np.load(folder / "latent.npy", mmap_mode="r"),
                       np.load(folder / "thumbnail.npy", mmap_mode="r"),
                       np.load(folder / "pose.npy"), float(np.load(folder / "scaling_factor.npy")))


@dataclass(frozen=True)
class PairBatch:
    """B pairs of views of one object each."""

    target: Tensor
    """B x 4 x h x w, scaled."""
    concat: Tensor
    """B x 4 x h x w, unscaled."""
    pixels: Tensor
    """B x 3 x s x s, normalised for the image encoder."""
    pose: Tensor
    """B x 4."""


@dataclass(frozen=True)
class PairIndex:
    """Which views B pairs are made of; four arrays of B."""

    object: np.ndarray
    variant: np.ndarray
    source: np.ndarray
    target: np.ndarray


def draw_pairs(data: LatentViews, objects: Tensor, count: int,
               generator: torch.Generator) -> PairIndex:
    """Two different views of a random object in a random variant, `count` times.

    `objects`: indices to draw from, so that some can be held out. An input view from an elevation
    that is rare in photos is drawn once more.
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
    """B x 4: where the targets' cameras stand, as seen from the sources'."""
    azimuth, elevation, radius = np.moveaxis(data.pose[pairs.object, pairs.target], -1, 0)
    azimuth_in, elevation_in, radius_in = np.moveaxis(
        data.pose[pairs.object, pairs.source], -1, 0)
    turn = np.where(pairs.variant % 2, azimuth_in - azimuth, azimuth - azimuth_in)
    return torch.from_numpy(relative_pose(
        turn, elevation, radius, input_elevation_deg=elevation_in, input_radius=radius_in,
        encoding=encoding))


def pair_latents(data: LatentViews, pairs: PairIndex) -> tuple[Tensor, Tensor]:
    """(target, scaled; source, unscaled), B x 4 x h x w each."""
    target = torch.from_numpy(data.latent[pairs.object, pairs.variant, pairs.target]).float()
    source = torch.from_numpy(data.latent[pairs.object, pairs.variant, pairs.source]).float()
    return target * data.scaling_factor, source


def random_pairs(data: LatentViews, objects: Tensor, count: int,
                 generator: torch.Generator) -> PairBatch:
    """What `draw_pairs` draws, ready for the network."""
    return make_pairs(data, draw_pairs(data, objects, count, generator))


def make_pairs(data: LatentViews, pairs: PairIndex) -> PairBatch:
    """The pairs' latents, cameras and what the image encoder sees of the sources."""
    target, concat = pair_latents(data, pairs)
    thumbnail = torch.from_numpy(
        data.thumbnail[pairs.object, pairs.variant, pairs.source]).float() / 255
    return PairBatch(target, concat, clip_pixel_values(thumbnail, thumbnail.shape[-1]),
                     pair_poses(data, pairs))


def _same_jitter(images: Tensor, generator: torch.Generator) -> Tensor:
    """One random colour change for all pictures (V x 3 x H x W in [0, 1])."""
    views, channels, height, width = images.shape
    column = images.permute(1, 0, 2, 3).reshape(1, channels, views * height, width)
    changed = jitter_colours(column, generator, strength=0.6)
    return changed.reshape(channels, views, height, width).permute(1, 0, 2, 3)
