# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Score distillation: gradients that make rendered images plausible to the network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .conditioning import Condition
from .pipeline import Zero123Pipeline
from .samplers import cumulative_alphas, predict_clean_and_noise


@dataclass(frozen=True)
class Perturbation:
    """The noise that is added to n latents."""

    timesteps: Tensor
    """(n,) int64, training timesteps."""
    noise: Tensor
    """(n, 4, h, w) float32, unit Gaussian."""


@dataclass(frozen=True)
class ScoreDistillation:
    """Result of `score_distillation`."""

    loss: Tensor
    """Scalar. Its gradient with respect to the latents is `gradient` divided by the batch size."""
    gradient: Tensor
    """(n, 4, h, w), with respect to the scaled latents."""
    latents: Tensor
    """(n, 4, h, w), scaled latents of the images, differentiable in them."""


def score_distillation(pipeline: Zero123Pipeline, condition: Condition, rgb: Tensor,
                       contexts: Tensor, perturbation: Perturbation, posterior_noise: Tensor,
                       guidance_scale: float = 3.0) -> ScoreDistillation:
    """The gradient of DreamFusion (Poole et al. 2023, equation 3) under a posed-CLIP condition.

    As in threestudio's zero123 guidance, the weight is w(t) = 1 - a_t, and the loss is one whose
    gradient is the score difference, so that it can be added to other losses.

    Args:
        rgb: (n, h, w, 3) rendered images in [0, 1]; the loss is differentiable in them.
        contexts: (n, 1, c), of the images' cameras (`Zero123Pipeline.contexts`).
        posterior_noise: (n, 4, h, w) unit Gaussian that samples the autoencoder's posterior.
    """
    latents = encode_images(pipeline, rgb, posterior_noise)
    alpha, noise = _alpha(pipeline, perturbation, latents), perturbation.noise
    with torch.no_grad():
        noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
        output = pipeline.predict(noisy, perturbation.timesteps, contexts, condition,
                                  guidance_scale)
        _, eps = predict_clean_and_noise(output, noisy, alpha,
                                         pipeline.scheduler.config.prediction_type)
        gradient = torch.nan_to_num((1 - alpha) * (eps - noise))
        target = latents - gradient
    loss = 0.5 * F.mse_loss(latents, target, reduction="sum") / len(latents)
    return ScoreDistillation(loss, gradient, latents)


def encode_images(pipeline: Zero123Pipeline, rgb: Tensor, posterior_noise: Tensor) -> Tensor:
    """Scaled latents (n, 4, h, w) of (n, H, W, 3) images in [0, 1], differentiable in them."""
    size = (pipeline.image_size, pipeline.image_size)
    images = F.interpolate(rgb.permute(0, 3, 1, 2), size, mode="bilinear", align_corners=False)
    pipeline.vae.use_tiling = False  # the latents of neighbouring tiles would differ
    posterior = pipeline.vae.encode(images * 2 - 1).latent_dist
    return (posterior.mean + posterior.std * posterior_noise) * pipeline.vae.config.scaling_factor


def score_jacobian(pipeline: Zero123Pipeline, condition: Condition, latents: Tensor,
                   contexts: Tensor, perturbation: Perturbation,
                   guidance_scale: float = 100.0) -> Tensor:
    """The perturb-and-average score of Score Jacobian Chaining (Wang et al. 2023, equation 12).

    Latents y perturbed by sigma n are denoised to D; the score is (D - y) / sigma^2, and the
    original's gradient is sigma times that, with sigma^2 = (1 - a_t) / a_t.

    Args:
        latents: (n, 4, h, w), scaled.
        contexts: (n, 1, c), of their cameras.

    Returns:
        (D - y) / sigma, (n, 4, h, w): the direction in which the latents should move.
    """
    alpha = _alpha(pipeline, perturbation, latents)
    sigma = ((1 - alpha) / alpha).sqrt()
    with torch.no_grad():
        noisy = alpha.sqrt() * (latents + sigma * perturbation.noise)
        output = pipeline.predict(noisy, perturbation.timesteps, contexts, condition,
                                  guidance_scale)
        clean, _ = predict_clean_and_noise(output, noisy, alpha,
                                           pipeline.scheduler.config.prediction_type)
        return torch.nan_to_num((clean - latents) / sigma)


def _alpha(pipeline: Zero123Pipeline, perturbation: Perturbation, latents: Tensor) -> Tensor:
    """a_t at the perturbation's timesteps, (n, 1, 1, 1), on the latents' device."""
    # Converted on the CPU first: Metal has no float64.
    cumulative = torch.from_numpy(cumulative_alphas(pipeline.scheduler.config)).to(latents.dtype)
    return cumulative.to(latents.device)[perturbation.timesteps][:, None, None, None]
