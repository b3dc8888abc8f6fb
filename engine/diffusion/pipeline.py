# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zero-1-to-3 as a diffusers pipeline: one image and relative camera poses to novel views.

Source: Liu et al. 2023, "Zero-1-to-3: Zero-shot One Image to 3D Object", section 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, get_args

import numpy as np
import PIL.Image
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DiffusionPipeline, SchedulerMixin, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from ..camera import DEFAULT_RADIUS, PoseEncoding, relative_pose
from ..core.errors import EngineError, ErrorCode
from .conditioning import CCProjection, Condition, clip_pixel_values
from .cuda_graphs import CudaGraphs, drop_graphs, why_unsupported
from .memory_fallbacks import (
    MemoryFallbacks,
    in_batches,
    max_batch_size,
    offload,
    slice_attention,
)
from .onednn_prepack import prepack
from .output import OUTPUT_TYPES, Zero123Output, to_output
from .samplers import Sampler, make_sampler
from .single_token_cross_attention import use_single_token_cross_attention

Angles = float | Sequence[float]
StepCallback = Callable[["Zero123Pipeline", int, int, dict[str, Tensor]], dict[str, Tensor] | None]
OnStep = Callable[[int, int, Tensor], Tensor]
"""(index of the step, timestep, latents) to the latents with which the next step continues."""

DECODER_BATCHES = 8
"""The decoder works at full resolution, where an item needs about ten times the UNet's memory: it
gets an eighth of a batch at a time."""
UNET_MAPS, DECODER_MAPS = 40, 12
"""Upper bounds of the memory of one batch item, in feature maps of the network's first level.
Measured for nano and for a network of the original's size: on a GPU the latter's UNet takes 25 maps
an item in batches of 8 or more, but its decoder then needs as much as 40 of the UNet's."""


class Zero123Pipeline(DiffusionPipeline):
    """Novel views of the object in one image.

    Latents, guidance and samplers are float32 in whatever format the networks compute.

    Args:
        unet: 8 input channels: the noisy latent and the input image's latent.
        vae: the autoencoder between images and latents.
        image_encoder: CLIP's image tower with projection.
        cc_projection: maps the image embedding and the relative pose to one context token.
        scheduler: holds the betas and the prediction type; samplers are made from its config.
        pose_encoding: "zero123", or "stable" for Stable Zero123.
        default_num_inference_steps: the number of steps of calls that give none.
        default_guidance_scale: the guidance scale of calls that give none.
    """

    model_cpu_offload_seq = "image_encoder->cc_projection->unet"
    # Score methods differentiate through the autoencoder, whose parameters must not be moved.
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
                              f"choose from {', '.join(get_args(PoseEncoding))}")
        super().__init__()
        self.register_modules(unet=unet, vae=vae, image_encoder=image_encoder,
                              cc_projection=cc_projection, scheduler=scheduler)
        self.register_to_config(pose_encoding=pose_encoding,
                                default_num_inference_steps=default_num_inference_steps,
                                default_guidance_scale=default_guidance_scale)
        self.tiled_decoder = False
        """Whether images are decoded in tiles."""
        self.graphs = CudaGraphs()
        """CUDA graphs of the UNet; used once the pipeline is prepared for inference on a GPU."""
        self._num_timesteps = 0
        self._fallbacks = MemoryFallbacks(MEMORY_FALLBACKS)

    @property
    def image_size(self) -> int:
        """Side of the images in pixels."""
        return self.unet.config.sample_size * 2 ** (len(self.vae.config.block_out_channels) - 1)

    @property
    def execution_device(self) -> torch.device:
        """The device on which the networks compute; offloaded networks are stored elsewhere."""
        return self._execution_device

    def prepare_for_inference(self) -> None:
        """Make the UNet faster. Afterwards it cannot be trained or saved, nor, on a CPU, moved to
        another device.
        """
        use_single_token_cross_attention(self.unet)
        prepack(self.unet)
        self.graphs.enabled = not why_unsupported(self.execution_device)

    def max_batch_size(self, guidance_scale: float) -> int:
        """The number of views that a step evaluates together: enough to keep the device busy, and
        no more than fit into its free memory.
        """
        passes = 1 if guidance_scale == 1 else 2
        pixels = self.unet.config.sample_size**2
        work = sum(p.numel() for p in self.unet.parameters()) * pixels * passes
        in_unet = UNET_MAPS * self.unet.config.block_out_channels[0] * pixels * passes
        in_decoder = DECODER_MAPS * self.vae.config.block_out_channels[0] * self.image_size**2
        item_bytes = max(in_unet * self.unet.dtype.itemsize,
                         in_decoder * self.vae.dtype.itemsize / DECODER_BATCHES)
        return max_batch_size(self.execution_device, work, item_bytes)

    def save_memory(self) -> bool:
        """Apply one more memory fallback, at the cost of speed. False if none is left."""
        return self._fallbacks.apply_next(self)

    @property
    def memory_fallbacks(self) -> list[str]:
        """The memory fallbacks that were applied, as phrases."""
        return self._fallbacks.applied

    @property
    def num_timesteps(self) -> int:
        """Number of callbacks of the running or last call: denoising steps x batches."""
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
        generator: torch.Generator | None = None,
        latents: Tensor | None = None,
        batch_size: int | None = None,
        output_type: str = "pil",
        callback_on_step_end: StepCallback | None = None,
        on_halved: Callable[[int], None] = lambda batch_size: None,
    ) -> Zero123Output:
        """Sample every view `num_samples` times.

        Noise is drawn on the generator's device (the CPU without one), once per sample index: all
        views of a sample share it. Neighbouring views then agree better with each other, and
        neither the number of views nor the batch size changes a view.

        Args:
            image: square, on white; (h, w, 3) float in [0, 1] if an array.
            azimuth: degrees from the input view, positive = the camera moves to its right.
            elevation: degrees above the horizon; None: the input view's.
            radius: distance to the object's centre in scene units; None: the input view's.
                The three lists pair up; a single value is repeated.
            input_elevation: elevation of the camera that took the image, degrees.
            input_radius: distance of that camera, scene units.
            num_inference_steps: None: the model's own default.
            guidance_scale: of classifier-free guidance; 1 turns it off and halves the work; None:
                the model's own default.
            sampler: "dpm++", "unipc", or "ddim" (for original models their exact schedule).
            eta: noise added per step, 0 to 1, "ddim" only.
            latents: (views * samples, 4, h, w), initial unit Gaussian noise.
            batch_size: views evaluated together; None: see `max_batch_size`. It is halved whenever
                memory runs out.
            output_type: "pil", "np", "pt" or "latent".
            callback_on_step_end: called after each step of each batch with (pipeline, step index
                over all batches, timestep, {"latents": the batch}). It may return replaced latents,
                and raise to stop. `num_timesteps` is the total number of steps.
            on_halved: called with the new `batch_size` when memory has run out.

        Raises:
            EngineError: `BAD_INPUT` for invalid arguments; `MODEL_DAMAGED` if the network's output
                contains NaN or infinity.
        """
        _check_arguments(output_type, num_samples)
        if num_inference_steps is None:
            num_inference_steps = self.config.default_num_inference_steps
        if guidance_scale is None:
            guidance_scale = self.config.default_guidance_scale
        poses = self.poses(azimuth, elevation, radius, input_elevation, input_radius)
        condition = self.encode_image(self.image_tensor(image))
        contexts = self.contexts(condition, poses).repeat_interleave(num_samples, dim=0)

        def new_sampler() -> Sampler:
            return make_sampler(sampler, self.scheduler.config, num_inference_steps, eta)

        steps = len(new_sampler().timesteps)
        if latents is None:
            latents = self.noise(num_samples, 1, generator)[0].repeat(len(poses), 1, 1, 1)
        step_noise = self.noise(num_samples, steps, generator) if eta > 0 else None

        def sample(items: Tensor, number: int, count: int) -> Tensor:
            self._num_timesteps = steps * count

            def on_step(index: int, timestep: int, current: Tensor) -> Tensor:
                if callback_on_step_end is None:
                    return current
                changed = callback_on_step_end(self, number * steps + index, timestep,
                                               {"latents": current})
                return (changed or {}).get("latents", current)

            final = self.denoise(
                latents[items].to(self.execution_device, torch.float32), contexts[items],
                condition, new_sampler(), guidance_scale, on_step=on_step,
                step_noise=None if step_noise is None else step_noise[:, items % num_samples])
            return final if output_type == "latent" else self.decode(final)

        results = in_batches(torch.arange(len(contexts)),
                             batch_size or self.max_batch_size(guidance_scale),
                             sample, self.save_memory, on_halved)
        evaluations = steps * len(contexts) * (1 if guidance_scale == 1 else 2)
        return Zero123Output(images=to_output(torch.cat(results), output_type),
                             unet_evaluations=evaluations)

    def poses(self, azimuth: Angles, elevation: Angles | None, radius: Angles | None,
              input_elevation: float, input_radius: float) -> Tensor:
        """Relative poses in the model's encoding, (views, 4); arguments as in `__call__`."""
        elevation = input_elevation if elevation is None else elevation
        radius = input_radius if radius is None else radius
        lists = [np.atleast_1d(np.asarray(v, dtype=float)) for v in (azimuth, elevation, radius)]
        count = max(map(len, lists))
        if not all(len(v) in (1, count) and np.isfinite(v).all() for v in lists) or not count:
            raise EngineError(
                ErrorCode.BAD_INPUT,
                "azimuth, elevation and radius must be finite numbers of the same count",
                "give one value, or one value per view")
        return torch.from_numpy(np.atleast_2d(relative_pose(
            *lists, input_elevation_deg=input_elevation, input_radius=input_radius,
            encoding=self.config.pose_encoding))).to(self.execution_device)

    def image_tensor(self, image: PIL.Image.Image | np.ndarray) -> Tensor:
        """The input image as (1, 3, s, s) in [0, 1], resized to the model's size.

        Raises:
            EngineError: `BAD_INPUT` if it is not a square RGB image.
        """
        if isinstance(image, PIL.Image.Image):
            image = np.asarray(image.convert("RGB"), dtype=np.float32) / 255
        array = np.ascontiguousarray(image, dtype=np.float32)
        if array.ndim != 3 or array.shape[0] != array.shape[1] or array.shape[2] != 3:
            raise EngineError(
                ErrorCode.BAD_INPUT, f"the pipeline needs a square RGB image, not {array.shape}",
                "prepare it with engine.imaging.load_input")
        tensor = torch.from_numpy(array).permute(2, 0, 1)[None].to(self.execution_device)
        size = (self.image_size, self.image_size)
        if tensor.shape[-2:] == size:
            return tensor
        return F.interpolate(tensor, size, mode="bicubic", antialias=True).clamp(0, 1)

    @torch.no_grad()
    def encode_image(self, image: Tensor) -> Condition:
        """The condition of an image, (1, 3, s, s) in [0, 1]."""
        image = image.to(self.vae.dtype)
        self.vae.use_tiling = False  # all views depend on this one image
        pixels = clip_pixel_values(image, self.image_encoder.config.image_size)
        return Condition(
            embedding=self.image_encoder(pixels.to(self.image_encoder.dtype)).image_embeds,
            latent=self.vae.encode(image * 2 - 1).latent_dist.mode())

    def contexts(self, condition: Condition, poses: Tensor) -> Tensor:
        """Context tokens of relative poses: (n, 4) to (n, 1, c)."""
        return self.cc_projection(condition.embedding.expand(len(poses), -1), poses)

    def predict(self, latents: Tensor, timesteps: int | Tensor, contexts: Tensor,
                condition: Condition, guidance_scale: float) -> Tensor:
        """The UNet's guided output for (n, 4, h, w) latents, in float32.

        Classifier-free guidance as in the original: the null condition is a zero context after
        the projection and a zero latent of the image. `timesteps`: one, or (n,).
        """
        if isinstance(timesteps, Tensor):
            timesteps = timesteps.to(latents.device).expand(len(latents))
        image_latent = condition.latent.to(latents.dtype).expand(len(latents), -1, -1, -1)
        conditional = self.unet_input(latents, image_latent)
        if guidance_scale == 1:
            return self.evaluate(conditional, timesteps, contexts)
        unconditional = self.unet_input(latents, torch.zeros_like(image_latent))
        if isinstance(timesteps, Tensor):
            timesteps = torch.cat([timesteps, timesteps])
        null, guided = self.evaluate(
            torch.cat([unconditional, conditional]), timesteps,
            torch.cat([torch.zeros_like(contexts), contexts])).chunk(2)
        return null + guidance_scale * (guided - null)

    def unet_input(self, latents: Tensor, image_latent: Tensor) -> Tensor:
        """(n, 8, h, w): the noisy latents and the image's latent, concatenated."""
        return torch.cat([latents, image_latent], dim=1)

    def evaluate(self, latents: Tensor, timesteps: int | Tensor, contexts: Tensor) -> Tensor:
        """The UNet's output, computed in the UNet's number format, as float32."""
        dtype = self.unet.dtype
        return self.graphs.run(lambda *inputs: self.unet(*inputs, return_dict=False)[0],
                               latents.to(dtype), timesteps, contexts.to(dtype)).float()

    def denoise(self, latents: Tensor, contexts: Tensor, condition: Condition, sampler: Sampler,
                guidance_scale: float, *, step_noise: Tensor | None = None,
                on_step: OnStep = lambda index, timestep, latents: latents) -> Tensor:
        """Denoise (n, 4, h, w) unit Gaussian noise to scaled latents.

        Args:
            step_noise: (steps, n, 4, h, w) unit Gaussian, for stochastic samplers.
            on_step: called after each step; see `OnStep`.

        Raises:
            EngineError: `MODEL_DAMAGED` if the result contains NaN or infinity.
        """
        for i, timestep in enumerate(sampler.timesteps):
            output = self.predict(latents, timestep, contexts, condition, guidance_scale)
            noise = None if step_noise is None else step_noise[i].to(latents)
            latents = on_step(i, timestep, sampler.step(i, output, latents, noise))
        return require_finite(latents)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Images (n, 3, s, s) in [0, 1] of scaled latents, decoded a few at a time."""
        self.vae.use_tiling = self.tiled_decoder
        unscaled = (latents / self.vae.config.scaling_factor).to(self.vae.dtype)
        few = unscaled.split(max(1, len(unscaled) // DECODER_BATCHES))
        decoded = torch.cat([self.vae.decode(part, return_dict=False)[0] for part in few])
        return ((decoded + 1) / 2).clamp(0, 1)

    def noise(self, samples: int, steps: int, generator: torch.Generator | None) -> Tensor:
        """Unit Gaussians, (steps, samples, 4, h, w), the same on every device."""
        side = self.unet.config.sample_size
        shape = (steps, samples, self.unet.config.out_channels, side, side)
        device = "cpu" if generator is None else generator.device
        return torch.randn(shape, generator=generator, device=device)


def require_finite(latents: Tensor) -> Tensor:
    """The latents themselves.

    Raises:
        EngineError: `MODEL_DAMAGED` if they contain NaN or infinity.
    """
    if not torch.isfinite(latents).all():
        raise EngineError(ErrorCode.MODEL_DAMAGED, "the network's output is not finite",
                          "the model's weights are damaged, or its number format is too small")
    return latents


def _slice_attention(pipeline: Zero123Pipeline) -> str | None:
    """Slice attention like `slice_attention`, except for attention to a single context token."""
    done = slice_attention(pipeline)
    use_single_token_cross_attention(pipeline.unet)
    return done


def _tile_decoder(pipeline: Zero123Pipeline) -> str:
    """Decode images in four overlapping tiles, one after the other."""
    vae = pipeline.vae
    vae.enable_slicing()
    pipeline.tiled_decoder = True
    vae.tile_sample_min_size = pipeline.image_size // 2
    vae.tile_latent_min_size = pipeline.unet.config.sample_size // 2
    return "images are decoded in tiles"


MEMORY_FALLBACKS = (drop_graphs, _slice_attention, _tile_decoder, offload)
"""The memory fallbacks in the order in which they are applied, the cheapest first."""


def _check_arguments(output_type: str, num_samples: int) -> None:
    """Raise `BAD_INPUT` for arguments that have no meaning."""
    if output_type not in OUTPUT_TYPES:
        raise EngineError(ErrorCode.BAD_INPUT, f"unknown output type {output_type!r}",
                          f"choose from {', '.join(OUTPUT_TYPES)}")
    if num_samples < 1:
        raise EngineError(ErrorCode.BAD_INPUT, f"cannot take {num_samples} samples")
