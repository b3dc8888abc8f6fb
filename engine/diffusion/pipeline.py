# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zero-1-to-3 as a diffusers pipeline: one picture and relative camera poses to novel views.

Source: Liu et al. 2023, "Zero-1-to-3: Zero-shot One Image to 3D Object", section 3.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

import numpy as np
import PIL.Image
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DiffusionPipeline, SchedulerMixin, UNet2DConditionModel
from diffusers.utils import BaseOutput
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from ..camera import DEFAULT_RADIUS, PoseEncoding, relative_pose
from ..core.errors import EngineError, ErrorCode
from .conditioning import CCProjection, clip_pixel_values
from .feature_cache import CachedUNet
from .memory_fallbacks import MEASURES, MemorySaver, in_batches, rows_at_once
from .onednn_prepack import pack
from .samplers import Sampler, make_sampler
from .single_token_cross_attention import use_constant_attention

Angles = float | Sequence[float]
StepCallback = Callable[["Zero123Pipeline", int, int, dict[str, Tensor]], dict[str, Tensor] | None]

OUTPUT_TYPES = ("pil", "np", "pt", "latent")


@dataclass(frozen=True)
class Condition:
    """What the network knows of the input picture; computed once per picture."""

    embedding: Tensor
    """CLIP image embedding, not normalised, 1 x D."""
    latent: Tensor
    """Mode of the picture's latent, NOT multiplied by the scaling factor, 1 x 4 x h x w."""


@dataclass
class Zero123Output(BaseOutput):
    """Result of `Zero123Pipeline`."""

    images: list[PIL.Image.Image] | np.ndarray | Tensor
    """Views x samples, view-major. "np": N x S x S x 3 float32 in [0, 1]; "pt": N x 3 x S x S;
    "latent": N x 4 x s x s, scaled, as the sampler left it."""
    unet_evaluations: int
    """Rows that went through the whole UNet; guidance counts twice."""


class Zero123Pipeline(DiffusionPipeline):
    """Novel views of the object in one picture.

    Latents, guidance and samplers are float32 whatever the networks compute in.

    Args:
        unet: 8 input channels: the noisy latent and the input picture's latent.
        vae: between pictures and latents.
        image_encoder: CLIP's image tower with projection.
        cc_projection: joins the image embedding and the relative pose to one context token.
        scheduler: carries betas and prediction type; samplers are made from its config.
        pose_encoding: "zero123", or "stable" for Stable Zero123.
        default_num_inference_steps: used where a call gives none.
        default_guidance_scale: likewise.
    """

    model_cpu_offload_seq = "image_encoder->cc_projection->unet"
    # What is differentiated must be where it was: score methods go through the autoencoder.
    _exclude_from_cpu_offload: ClassVar[list[str]] = ["vae"]

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    image_encoder: CLIPVisionModelWithProjection
    cc_projection: CCProjection
    scheduler: SchedulerMixin

    def __init__(
        self,
        unet: UNet2DConditionModel,
        vae: AutoencoderKL,
        image_encoder: CLIPVisionModelWithProjection,
        cc_projection: CCProjection | None,
        scheduler: SchedulerMixin,
        *,
        pose_encoding: str = "zero123",
        default_num_inference_steps: int = 50,
        default_guidance_scale: float = 3.0,
    ) -> None:
        if pose_encoding not in get_args(PoseEncoding):
            raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                              f"unknown pose encoding {pose_encoding!r}",
                              f"known are {', '.join(get_args(PoseEncoding))}")
        super().__init__()
        self.register_modules(unet=unet, vae=vae, image_encoder=image_encoder,
                              cc_projection=cc_projection, scheduler=scheduler)
        self.register_to_config(pose_encoding=pose_encoding,
                                default_num_inference_steps=default_num_inference_steps,
                                default_guidance_scale=default_guidance_scale)
        self.tiled_decoder = False
        """Whether large pictures are decoded in tiles."""
        self._num_timesteps = 0
        self._saver = MemorySaver(MEASURES)

    @property
    def image_size(self) -> int:
        """Side of the pictures in pixels."""
        return self.unet.config.sample_size * 2 ** (len(self.vae.config.block_out_channels) - 1)

    @property
    def execution_device(self) -> torch.device:
        """Where the networks compute; where they wait may be elsewhere."""
        return self._execution_device

    def prepare_for_inference(self) -> None:
        """Have the UNet compute the same faster. It can't be trained or saved any more then, nor,
        on a CPU, move to another device."""
        use_constant_attention(self.unet)
        pack(self.unet)

    def save_memory(self) -> bool:
        """Take one more measure to need less memory, at the cost of speed. False if none is left.
        """
        return self._saver.save_memory(self)

    @property
    def savings(self) -> list[str]:
        """What is done to need less memory, in words."""
        return self._saver.savings

    @property
    def num_timesteps(self) -> int:
        """How often the running or last call reports: denoising steps x batches."""
        return self._num_timesteps

    @torch.no_grad()
    def __call__(
        self,
        image: PIL.Image.Image | np.ndarray,
        azimuth: Angles = 0.0,
        elevation: Angles | None = None,
        radius: Angles | None = None,
        *,
        input_elevation: float = 0.0,
        input_radius: float = DEFAULT_RADIUS,
        num_samples: int = 1,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        sampler: str = "dpm++",
        eta: float = 0.0,
        cache_interval: int = 1,
        generator: torch.Generator | None = None,
        latents: Tensor | None = None,
        batch_size: int | None = None,
        output_type: str = "pil",
        callback_on_step_end: StepCallback | None = None,
        on_halved: Callable[[int], None] = lambda rows: None,
    ) -> Zero123Output:
        """Sample every view `num_samples` times.

        Noise is drawn on the generator's device (the CPU without one), once per sample index:
        all views of a sample share it. So neighbouring views agree better with each other, and
        neither the number of views nor the batch size changes what a view looks like.

        Args:
            image: square, on white; H x W x 3 float in [0, 1] if an array.
            azimuth: degrees from the input view, positive = the camera moves to its right.
            elevation: degrees above the horizon; the input's where None.
            radius: distance to the object's centre in scene units; the input's where None.
                The three pair up; a single value is repeated.
            input_elevation: degrees, of the camera that took the picture.
            input_radius: its distance.
            num_inference_steps: the model's own default where None.
            guidance_scale: classifier-free guidance; 1 turns it off and halves the work; the
                model's own default where None.
            sampler: "dpm++", "unipc", or "ddim" (for original models their schedule to the step).
            eta: noise added per step, "ddim" only.
            cache_interval: the UNet's deep features are computed every so many steps and kept for
                those between; 1 computes them always. Worth its error with many steps, such as 50.
            latents: initial unit noise, views * samples x 4 x h x w.
            batch_size: rows evaluated together; by default as many as keep the device busy and fit
                into its free memory. Where they don't after all, fewer are.
            output_type: "pil", "np", "pt" or "latent".
            callback_on_step_end: called after each step of each batch with (pipeline, step index
                over all batches, timestep, {"latents": the batch}); may return replaced latents;
                may raise to stop. `num_timesteps` is the total.
            on_halved: told the new `batch_size` when memory has run out.

        Raises:
            EngineError: `BAD_INPUT` for arguments that can't be used; `MODEL_DAMAGED` if the
                network's output isn't finite.
        """
        _check_arguments(output_type, num_samples, cache_interval)
        if num_inference_steps is None:
            num_inference_steps = self.config.default_num_inference_steps
        if guidance_scale is None:
            guidance_scale = self.config.default_guidance_scale
        poses = self.poses(azimuth, elevation, radius, input_elevation, input_radius)
        condition = self.encode_image(self.image_tensor(image))
        contexts = self.contexts(condition, poses).repeat_interleave(num_samples, dim=0)
        rows = len(contexts)

        def new_sampler() -> Sampler:
            return make_sampler(sampler, self.scheduler.config, num_inference_steps, eta)

        steps = len(new_sampler().timesteps)
        if latents is None:
            latents = self._noise(num_samples, 1, generator)[0].repeat(len(poses), 1, 1, 1)
        step_noise = self._noise(num_samples, steps, generator) if eta > 0 else None

        def sample(chunk: Tensor, number: int, count: int) -> Tensor:
            self._num_timesteps = steps * count
            final = self.denoise(
                latents[chunk].to(self.execution_device, torch.float32), contexts[chunk], condition,
                new_sampler(), guidance_scale, cache_interval=cache_interval,
                step_noise=None if step_noise is None else step_noise[:, chunk % num_samples],
                callback=callback_on_step_end, first_index=number * steps)
            return final if output_type == "latent" else self.decode(final)

        results = in_batches(torch.arange(rows), batch_size or rows_at_once(self, guidance_scale),
                             sample, self.save_memory, on_halved)
        whole_steps = math.ceil(steps / cache_interval)
        evaluations = whole_steps * rows * (1 if guidance_scale == 1 else 2)
        return Zero123Output(images=_to_output(torch.cat(results), output_type),
                             unet_evaluations=evaluations)

    def poses(self, azimuth: Angles, elevation: Angles | None, radius: Angles | None,
              input_elevation: float, input_radius: float) -> Tensor:
        """Relative poses in the model's encoding, views x 4; arguments as in `__call__`."""
        elevation = input_elevation if elevation is None else elevation
        radius = input_radius if radius is None else radius
        lists = [np.atleast_1d(np.asarray(v, dtype=float)) for v in (azimuth, elevation, radius)]
        count = max(map(len, lists))
        if not all(len(v) in (1, count) and np.isfinite(v).all() for v in lists) or not count:
            raise EngineError(
                ErrorCode.BAD_INPUT,
                "azimuth, elevation and radius aren't finite numbers that pair up",
                "give one value, or as many as views")
        return torch.from_numpy(np.atleast_2d(relative_pose(
            *lists, input_elevation_deg=input_elevation, input_radius=input_radius,
            encoding=self.config.pose_encoding))).to(self.execution_device)

    def image_tensor(self, image: PIL.Image.Image | np.ndarray) -> Tensor:
        """The input picture as 1 x 3 x S x S in [0, 1], resized to the model's size if need be."""
        if isinstance(image, PIL.Image.Image):
            image = np.asarray(image.convert("RGB"), dtype=np.float32) / 255
        array = np.ascontiguousarray(image, dtype=np.float32)
        if array.ndim != 3 or array.shape[0] != array.shape[1] or array.shape[2] != 3:
            raise EngineError(
                ErrorCode.BAD_INPUT, f"the pipeline needs a square RGB picture, not {array.shape}",
                "prepare it with engine.imaging.load_input")
        tensor = torch.from_numpy(array).permute(2, 0, 1)[None].to(self.execution_device)
        size = (self.image_size, self.image_size)
        if tensor.shape[-2:] == size:
            return tensor
        return F.interpolate(tensor, size, mode="bicubic", antialias=True).clamp(0, 1)

    @torch.no_grad()
    def encode_image(self, image: Tensor) -> Condition:
        """What the network sees of the picture (1 x 3 x S x S in [0, 1])."""
        image = image.to(self.vae.dtype)
        self.vae.use_tiling = False  # all views depend on this one picture
        pixels = clip_pixel_values(image, self.image_encoder.config.image_size)
        return Condition(
            embedding=self.image_encoder(pixels.to(self.image_encoder.dtype)).image_embeds,
            latent=self.vae.encode(image * 2 - 1).latent_dist.mode())

    def contexts(self, condition: Condition, poses: Tensor) -> Tensor:
        """Context tokens of relative poses (N x 4): N x 1 x C."""
        return self.cc_projection(condition.embedding.expand(len(poses), -1), poses)

    def predict(self, latents: Tensor, timesteps: int | Tensor, contexts: Tensor,
                condition: Condition, guidance_scale: float,
                unet: UNet2DConditionModel | CachedUNet | None = None) -> Tensor:
        """The UNet's guided output for N x 4 x h x w latents, in float32.

        Classifier-free guidance as in the original: the null condition is a zero context after
        the projection and a zero latent of the picture. `timesteps`: one, or one per row. `unet`
        may take the place of the pipeline's.
        """
        unet = unet or self.unet
        if isinstance(timesteps, Tensor):
            timesteps = timesteps.to(latents.device).expand(len(latents))
        picture = condition.latent.to(latents.dtype).expand(len(latents), -1, -1, -1)
        conditional = self.unet_input(latents, picture)
        if guidance_scale == 1:
            return self._evaluate(unet, conditional, timesteps, contexts)
        unconditional = self.unet_input(latents, torch.zeros_like(picture))
        if isinstance(timesteps, Tensor):
            timesteps = torch.cat([timesteps, timesteps])
        null, guided = self._evaluate(
            unet, torch.cat([unconditional, conditional]), timesteps,
            torch.cat([torch.zeros_like(contexts), contexts])).chunk(2)
        return null + guidance_scale * (guided - null)

    def unet_input(self, latents: Tensor, picture: Tensor) -> Tensor:
        """N x 8 x h x w: noisy latents and the picture's beside them."""
        return torch.cat([latents, picture], dim=1)

    def _evaluate(self, unet: UNet2DConditionModel | CachedUNet, latents: Tensor,
                  timesteps: int | Tensor, contexts: Tensor) -> Tensor:
        """The UNet in its own number format; all around it stays float32."""
        dtype = self.unet.dtype
        output = unet(latents.to(dtype), timesteps, contexts.to(dtype), return_dict=False)[0]
        return output.float()

    def denoise(self, latents: Tensor, contexts: Tensor, condition: Condition, sampler: Sampler,
                guidance_scale: float, *, cache_interval: int = 1,
                step_noise: Tensor | None = None, callback: StepCallback | None = None,
                first_index: int = 0) -> Tensor:
        """Walk a batch of unit noise (N x 4 x h x w) down to scaled latents.

        `step_noise`: steps x N x 4 x h x w for stochastic samplers. `cache_interval` and `callback`
        as in `__call__`, counting from `first_index`.
        """
        unet = self.unet if cache_interval == 1 else CachedUNet(self.unet, cache_interval)
        for i, timestep in enumerate(sampler.timesteps):
            output = self.predict(latents, timestep, contexts, condition, guidance_scale, unet)
            noise = None if step_noise is None else step_noise[i].to(latents)
            latents = sampler.step(i, output, latents, noise)
            if callback is not None:
                changed = callback(self, first_index + i, timestep, {"latents": latents})
                latents = (changed or {}).get("latents", latents)
        if not torch.isfinite(latents).all():
            raise EngineError(ErrorCode.MODEL_DAMAGED, "the network's output isn't finite",
                              "the model's weights are damaged, or its number format is too small")
        return latents

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Pictures (N x 3 x S x S in [0, 1]) of scaled latents, a few at a time."""
        self.vae.use_tiling = self.tiled_decoder
        unscaled = (latents / self.vae.config.scaling_factor).to(self.vae.dtype)
        # The decoder works at full resolution, where a row needs some ten times the UNet's memory.
        few = unscaled.split(max(1, len(unscaled) // 8))
        decoded = torch.cat([self.vae.decode(part, return_dict=False)[0] for part in few])
        return ((decoded + 1) / 2).clamp(0, 1)

    def _noise(self, samples: int, steps: int, generator: torch.Generator | None) -> Tensor:
        """Unit Gaussians, steps x samples x 4 x h x w, the same on every device."""
        side = self.unet.config.sample_size
        shape = (steps, samples, self.unet.config.out_channels, side, side)
        device = "cpu" if generator is None else generator.device
        return torch.randn(shape, generator=generator, device=device)


def _check_arguments(output_type: str, num_samples: int, cache_interval: int) -> None:
    if output_type not in OUTPUT_TYPES:
        raise EngineError(ErrorCode.BAD_INPUT, f"unknown output type {output_type!r}",
                          f"choose from {', '.join(OUTPUT_TYPES)}")
    if num_samples < 1:
        raise EngineError(ErrorCode.BAD_INPUT, f"can't take {num_samples} samples")
    if cache_interval < 1:
        raise EngineError(ErrorCode.BAD_INPUT, f"can't keep features for {cache_interval} steps")


def _to_output(images: Tensor, output_type: str) -> Any:
    """N x C x H x W to what `output_type` asks for."""
    if output_type in ("pt", "latent"):
        return images
    array = images.permute(0, 2, 3, 1).float().cpu().numpy()
    if output_type == "np":
        return array
    return [PIL.Image.fromarray((picture * 255).round().astype(np.uint8)) for picture in array]
