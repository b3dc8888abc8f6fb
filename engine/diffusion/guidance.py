# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Score distillation: how a picture of a 3D object should change to look right to the network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .pipeline import Condition, Zero123Pipeline
from .samplers import cumulative_alphas, predict_clean_and_noise


@dataclass(frozen=True)
class ScoreDistillation:
    """What one evaluation of the guidance gives."""

    loss: Tensor
    """Scalar; its gradient with respect to the latents is `gradient` over the batch size."""
    gradient: Tensor
    """N x 4 x h x w, with respect to the scaled latents."""
    latents: Tensor
    """N x 4 x h x w, scaled latents of the pictures; carries the graph to them."""


def score_distillation(pipeline: Zero123Pipeline, condition: Condition, rgb: Tensor,
                       contexts: Tensor, timesteps: Tensor, noise: Tensor, posterior_noise: Tensor,
                       *, guidance_scale: float = 3.0) -> ScoreDistillation:
    """The gradient of DreamFusion (Poole et al. 2023, equation 3) under a posed-CLIP condition.

    Details as in threestudio's zero123 guidance: weight w(t) = 1 - a_t, and a loss whose gradient
    is the score difference, so that it can be added to others.

    Args:
        rgb: rendered pictures, N x H x W x 3 in [0, 1]; the loss is differentiable in them.
        contexts: N x 1 x C, of their cameras (`Zero123Pipeline.contexts`).
        timesteps: N, integers.
        noise: N x 4 x h x w, unit Gaussian added to the latents.
        posterior_noise: N x 4 x h x w, unit Gaussian that samples the autoencoder's posterior.
    """
    latents = encode_pictures(pipeline, rgb, posterior_noise)
    config = pipeline.scheduler.config
    # In two steps: Metal has no float64.
    alphas = torch.from_numpy(cumulative_alphas(config)).to(latents.dtype).to(latents.device)
    alpha = alphas[timesteps][:, None, None, None]
    with torch.no_grad():
        noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
        output = pipeline.predict(noisy, timesteps, contexts, condition, guidance_scale)
        _, eps = predict_clean_and_noise(output, noisy, alpha, config.prediction_type)
        gradient = torch.nan_to_num((1 - alpha) * (eps - noise))
        target = latents - gradient
    loss = 0.5 * F.mse_loss(latents, target, reduction="sum") / len(latents)
    return ScoreDistillation(loss, gradient, latents)


def encode_pictures(pipeline: Zero123Pipeline, rgb: Tensor, posterior_noise: Tensor) -> Tensor:
    """Scaled latents (N x 4 x h x w) of N x H x W x 3 pictures in [0, 1], differentiable."""
    size = (pipeline.image_size, pipeline.image_size)
    pictures = F.interpolate(rgb.permute(0, 3, 1, 2), size, mode="bilinear", align_corners=False)
    pipeline.vae.use_tiling = False  # of neighbouring tiles, latents would differ
    posterior = pipeline.vae.encode(pictures * 2 - 1).latent_dist
    return (posterior.mean + posterior.std * posterior_noise) * pipeline.vae.config.scaling_factor


def score_jacobian(pipeline: Zero123Pipeline, condition: Condition, latents: Tensor,
                   contexts: Tensor, timesteps: Tensor, noise: Tensor, *,
                   guidance_scale: float = 100.0) -> Tensor:
    """The perturb-and-average score of Score Jacobian Chaining (Wang et al. 2023, equation 12).

    Latents y perturbed by sigma n are denoised to D; the score is (D - y) / sigma^2, and the
    original's gradient is sigma times that. Returns (D - y) / sigma, N x 4 x h x w: the direction
    in which the latents should move.

    Args:
        latents: N x 4 x h x w, scaled.
        contexts: N x 1 x C, of their cameras.
        timesteps: N, integers; sigma^2 = (1 - a_t) / a_t.
        noise: N x 4 x h x w, unit Gaussian n.
    """
    config = pipeline.scheduler.config
    alphas = torch.from_numpy(cumulative_alphas(config)).to(latents.dtype).to(latents.device)
    alpha = alphas[timesteps][:, None, None, None]
    sigma = ((1 - alpha) / alpha).sqrt()
    with torch.no_grad():
        noisy = alpha.sqrt() * (latents + sigma * noise)
        output = pipeline.predict(noisy, timesteps, contexts, condition, guidance_scale)
        clean, _ = predict_clean_and_noise(output, noisy, alpha, config.prediction_type)
        return torch.nan_to_num((clean - latents) / sigma)
