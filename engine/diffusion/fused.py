# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views that are sampled one after the other, each from the image and the views before it.

A training-free way to views that agree (ViewFusion, Yang et al. 2024, section 3.3): the network's
prediction for a view is a weighted mean of its predictions from all known views, whose weights
fall with the angle between the cameras.

Cost: with k known views, a step of a view takes k UNet evaluations, and one more with guidance,
because the null condition does not depend on the known view. For n views that is at most
n (n + 1) / 2 + n evaluations per step, where independent sampling with guidance takes 2 n: 4.75
times as many for n = 16. `MAX_ANGLE_DEG` makes it less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..camera import camera_position
from .conditioning import Condition
from .output import Zero123Output, to_output
from .pipeline import Zero123Pipeline, require_finite
from .samplers import make_sampler

MAX_ANGLE_DEG = 125.0
"""Angle between two cameras, degrees, beyond which a known view gets no weight, as in ViewFusion's
code. The input image always has a weight."""
DECAY_DEG = 30.0
"""Angle over which the weight of a known view falls to 1 / e: about the distance between
neighbouring views of the default orbit, 45 degrees on each ring, 30 between the rings."""

Pose = tuple[float, float, float]
"""Azimuth (degrees from the input view), elevation (degrees) and radius of a camera."""
OnSampleStep = Callable[[int, int], None]
"""Called after each step with the number of steps done and their total."""


@dataclass(frozen=True)
class ViewSampling:
    """The settings of sampling, as in `Zero123Pipeline.__call__`."""

    steps: int
    guidance_scale: float
    sampler: str = "dpm++"
    eta: float = 0.0
    num_samples: int = 1


@dataclass(frozen=True)
class KnownView:
    """A view that is known: the input image, or a sampled one."""

    pose: Pose
    condition: Condition


def fusion_weights(target: Pose, known: Sequence[Pose]) -> npt.NDArray[np.float64]:
    """Weights (k) of known views for a target, with the sum 1; 0 beyond `MAX_ANGLE_DEG`.

    `known`: the input view comes first.
    """
    angles = angles_deg(target, known)
    near = angles <= MAX_ANGLE_DEG
    near[0] = True
    weights = np.where(near, np.exp(-(angles - angles[near].min()) / DECAY_DEG), 0.0)
    return weights / weights.sum()


def angles_deg(pose: Pose, others: Sequence[Pose]) -> npt.NDArray[np.float64]:
    """Angles (k) between the directions of a camera and of k others, degrees."""
    position = camera_position(*np.array([pose, *others], float).T)
    directions = position / np.linalg.norm(position, axis=1, keepdims=True)
    return np.degrees(np.arccos(np.clip(directions[1:] @ directions[0], -1, 1)))


@torch.no_grad()
def sample_fused(pipeline: Zero123Pipeline, image: Any, poses: Sequence[Pose], input_pose: Pose,
                 sampling: ViewSampling, generator: torch.Generator,
                 on_step: OnSampleStep = lambda done, total: None) -> Zero123Output:
    """Views of the object in an image, nearest first, each sampled from those before it.

    Args:
        image: as for `Zero123Pipeline.__call__`.
        input_pose: of the camera that took the image; its azimuth is 0.

    Returns:
        Images as "np" (see `Zero123Output`), views x samples in the order of `poses`.
    """
    given = KnownView(input_pose, pipeline.encode_image(pipeline.image_tensor(image)))
    noise = pipeline.noise(sampling.num_samples, 1, generator)[0]
    steps = len(_sampler(pipeline, sampling).timesteps)
    step_noise = pipeline.noise(sampling.num_samples, steps, generator) if sampling.eta else None
    order = np.argsort(angles_deg(input_pose, poses), kind="stable")
    total, evaluations = steps * len(poses) * sampling.num_samples, 0
    images: dict[tuple[int, int], Tensor] = {}
    for sample in range(sampling.num_samples):
        known = [given]
        for number in order:
            view = _FusedView(pipeline, known, poses[number], sampling.guidance_scale)
            done = steps * len(images)
            latents = view.denoise(
                noise[sample, None], _sampler(pipeline, sampling),
                None if step_noise is None else step_noise[:, sample, None],
                lambda index, done=done: on_step(done + index + 1, total))  # type: ignore[misc]
            decoded = pipeline.decode(latents)
            images[int(number), sample] = decoded.cpu()
            known.append(KnownView(poses[number], pipeline.encode_image(decoded)))
            evaluations += steps * view.evaluations
    ordered = torch.cat([images[key] for key in sorted(images)])
    return Zero123Output(images=to_output(ordered, "np"), unet_evaluations=evaluations)


def _sampler(pipeline: Zero123Pipeline, sampling: ViewSampling) -> Any:
    return make_sampler(sampling.sampler, pipeline.scheduler.config, sampling.steps, sampling.eta)


class _FusedView:
    """Predictions for one view from several known views."""

    def __init__(self, pipeline: Zero123Pipeline, known: Sequence[KnownView], pose: Pose,
                 guidance_scale: float) -> None:
        weights = fusion_weights(pose, [view.pose for view in known])
        used = [(view, weight) for view, weight in zip(known, weights, strict=True) if weight]
        self.pipeline, self.guidance_scale = pipeline, guidance_scale
        self.weights = torch.tensor([weight for _, weight in used], dtype=torch.float32,
                                    device=pipeline.execution_device)[:, None, None, None]
        self.contexts = torch.cat([
            pipeline.contexts(view.condition, pipeline.poses(
                pose[0] - view.pose[0], pose[1], pose[2], view.pose[1], view.pose[2]))
            for view, _ in used])
        self.latents = torch.cat([view.condition.latent for view, _ in used])
        self.evaluations = len(used) + (guidance_scale != 1)
        """UNet evaluations of a step."""

    def denoise(self, noise: Tensor, sampler: Any, step_noise: Tensor | None,
                on_step: Callable[[int], None]) -> Tensor:
        """Denoise (1, 4, h, w) unit Gaussian noise to scaled latents."""
        latents = noise.to(self.pipeline.execution_device, torch.float32)
        for index, timestep in enumerate(sampler.timesteps):
            added = None if step_noise is None else step_noise[index].to(latents)
            latents = sampler.step(index, self.predict(latents, timestep), latents, added)
            on_step(index)
        return require_finite(latents)

    def predict(self, latents: Tensor, timestep: int) -> Tensor:
        """The guided mean prediction for (1, 4, h, w) latents, as `Zero123Pipeline.predict`."""
        pipeline, image_latents = self.pipeline, self.latents.to(latents.dtype)
        inputs = pipeline.unet_input(latents.expand(len(image_latents), -1, -1, -1), image_latents)
        contexts = self.contexts
        if self.guidance_scale != 1:
            null = pipeline.unet_input(latents, torch.zeros_like(image_latents[:1]))
            inputs = torch.cat([null, inputs])
            contexts = torch.cat([torch.zeros_like(contexts[:1]), contexts])
        size = max(2, pipeline.max_batch_size(self.guidance_scale))
        outputs = torch.cat([
            pipeline.evaluate(some, timestep, tokens)
            for some, tokens in zip(inputs.split(size), contexts.split(size), strict=True)])
        fused = (outputs[-len(image_latents):] * self.weights).sum(0, keepdim=True)
        if self.guidance_scale == 1:
            return fused
        return outputs[:1] + self.guidance_scale * (fused - outputs[:1])
