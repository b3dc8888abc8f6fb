# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of all jobs that sample views: the prepared image, the model, the views.

Fast to import: libraries are imported with the first image.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..core.errors import EngineError
from ..core.garbage_collector import paused_collector
from ..core.image_requests import DiffusionRequest, FramedRequest, PosedRequest
from ..core.reporting import Reporter
from ..models.catalogue import known_model
from ..models.installed_models import usable_folder
from ..models.model_cache import model_cache
from ..setup.segmentation_model import bundled_model

if TYPE_CHECKING:
    import numpy as np
    import torch

    from ..camera import PoseEncoding
    from ..diffusion import Zero123Output, Zero123Pipeline
    from ..diffusion.fused import ViewSampling
    from ..imaging import FramedImage, PreparedImage
    from ..imaging.view_set import ViewSet
    from ..models.families import ModelFamily

INPUT_SIZE = 256
"""Side in pixels to which the input image is prepared, as in the original; a pipeline of another
size resizes it."""
RADIUS_TOLERANCE = 0.005
"""Largest difference of distances without a warning, scene units."""
SEGMENTATION_MODEL = "u2netp"
"""Name in the catalogue."""


@dataclass
class Stages:
    """How long the parts of a job took."""

    seconds: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.seconds.append({"name": name, "seconds": round(time.monotonic() - start, 3)})


@dataclass(frozen=True)
class Sampled:
    """Sampled views, and their cost."""

    views: ViewSet
    unet_evaluations: int


def prepare(request: FramedRequest, reporter: Reporter, stages: Stages,
            radius: float = 0.0) -> FramedImage:
    """The input image, decoded, cut out and framed: once per job, for every size that it needs.

    `radius`: distance of the camera, in scene units, if given views record it; 0 uses the
    request's.
    """
    from ..imaging import ObjectShare, frame_image
    from ..models.families import NANO

    family = family_for(request) if isinstance(request, DiffusionRequest) else NANO
    with stages.measure("prepare"):
        reporter.progress("prepare", 0, 1)
        framed = frame_image(Path(request.image), framing=request.framing, alpha=request.alpha,
                             radius=radius or request.input_radius,
                             segmentation_model=segmentation_model(),
                             model=ObjectShare(family.framing.share,
                                               family.framing.trained_share))
        reporter.progress("prepare", 1, 1)
    for note in framed.report["notes"]:
        reporter.log("warning", note)
    return framed


def segmentation_model() -> Path | None:
    """The file of the network that cuts objects out, if it is on this computer: a downloaded or
    imported one, else the one that came with the program."""
    file = known_model(SEGMENTATION_MODEL).file
    return file if file.is_file() else bundled_model()


def save_input(folder: Path, image: PreparedImage) -> None:
    """The input image as the network saw it, in the frame of the input camera."""
    save_prepared(folder / "input.png", image)


def save_prepared(path: Path, image: PreparedImage) -> None:
    """The prepared image as a PNG file with straight alpha."""
    from ..imaging import save_png, straight

    save_png(path, straight(image.premultiplied))


def load_model(request: DiffusionRequest, reporter: Reporter, stages: Stages,
               loader: Callable[[str, str, str], Zero123Pipeline] | None = None) -> Zero123Pipeline:
    """The pipeline that a request names. `loader`: instead of `models.load_pipeline`."""
    with stages.measure("load model"):
        reporter.progress("load model", 0, 1)
        pipeline = (
            model_cache.load(loader, request.model, request.device, request.dtype) if loader
            else model_cache.get(request.model, request.device, request.dtype,
                                 chosen_encoding(request)))
        reporter.progress("load model", 1, 1)
    return pipeline


def chosen_encoding(request: DiffusionRequest) -> PoseEncoding | None:
    """The pose encoding that the person has chosen; None leaves it to the evidence."""
    from ..camera import PoseEncoding as Known

    return next((known for known in get_args(Known) if known == request.pose_encoding), None)


def family_for(request: DiffusionRequest) -> ModelFamily:
    """The family of the model that a request names; nano's where no model is needed or none is
    found (the error is raised when the model is loaded)."""
    from ..models.families import NANO, family_in

    if not request.needs_model:
        return NANO
    try:
        encoding = chosen_encoding(request)
        return family_in(usable_folder(request.model, encoding), encoding)
    except EngineError:
        return NANO


def report_smaller_batches(views: int, reporter: Reporter) -> None:
    """Log that memory ran out and how many views are sampled together from now on."""
    reporter.log("warning", f"memory is short: continuing with {views} views at a time")


def report_memory_fallbacks(applied: Sequence[str], reporter: Reporter) -> None:
    """Log the memory fallbacks that were applied because memory ran out."""
    for measure in applied:
        reporter.log("warning", f"memory is short: {measure}, which takes longer")


def dtype_name(pipeline: Zero123Pipeline) -> str:
    """The number format that the UNet computes in, such as "float32"."""
    return str(pipeline.unet.dtype).removeprefix("torch.")


def sample(request: DiffusionRequest, image: PreparedImage, input_elevation: float,
           poses: Sequence[tuple[float, float, float]], samples: int, reporter: Reporter,
           stages: Stages) -> Sampled:
    """Views of the object in the image at (azimuth, elevation, radius) poses."""
    import numpy as np
    import torch

    from ..imaging import foreground_alpha, from_white

    with paused_collector():  # the first job imports diffusers here
        from ..diffusion.fused import ViewSampling, sample_fused

    pipeline = load_model(request, reporter, stages)
    steps = request.steps or pipeline.config.default_num_inference_steps
    guidance = request.guidance or pipeline.config.default_guidance_scale

    poses = _followed(pipeline, poses, image.radius, reporter)
    sampling = ViewSampling(steps, guidance, request.sampler, request.eta, samples)
    generator = torch.Generator("cpu").manual_seed(request.seed)
    consistency = request.consistency if isinstance(request, PosedRequest) else "independent"
    with stages.measure("sample"):
        if consistency == "fused":
            output = sample_fused(
                pipeline, image.rgb, poses, (0.0, input_elevation, image.radius), sampling,
                generator, partial(reporter.progress, "sample"))
        else:
            output = _independent(pipeline, image, poses, input_elevation, sampling, generator,
                                  reporter)
    report_memory_fallbacks(pipeline.memory_fallbacks, reporter)
    if pipeline.graphs.problem:
        reporter.log("info", f"the UNet runs without CUDA graphs: {pipeline.graphs.problem}")
    meta = {"image": request.image, "model": request.model, "seed": request.seed, "steps": steps,
            "guidance": guidance, "sampler": request.sampler, "eta": request.eta,
            "consistency": consistency, "dtype": dtype_name(pipeline)}
    assert isinstance(output.images, np.ndarray)
    rgba = np.stack([from_white(rgb, foreground_alpha(rgb)) for rgb in output.images])
    views = view_set(image, input_elevation, rgba, poses, samples, meta)
    return Sampled(views, output.unet_evaluations)


def _independent(pipeline: Zero123Pipeline, image: PreparedImage,
                 poses: Sequence[tuple[float, float, float]], input_elevation: float,
                 sampling: ViewSampling, generator: torch.Generator,
                 reporter: Reporter) -> Zero123Output:
    """Views that are sampled from the image alone, many at a time."""
    def report_step(pipeline: Zero123Pipeline, index: int, timestep: int, tensors: dict) -> dict:
        reporter.progress("sample", index + 1, pipeline.num_timesteps)
        return tensors

    azimuth, elevation, radius = map(list, zip(*poses, strict=True))
    return pipeline(
        image.rgb, azimuth=azimuth, elevation=elevation, radius=radius,
        input_elevation=input_elevation, input_radius=image.radius,
        num_samples=sampling.num_samples, num_inference_steps=sampling.steps,
        guidance_scale=sampling.guidance_scale, sampler=sampling.sampler, eta=sampling.eta,
        generator=generator, output_type="np", callback_on_step_end=report_step,
        on_halved=lambda rows: report_smaller_batches(rows, reporter))


def _followed(pipeline: Zero123Pipeline, poses: Sequence[tuple[float, float, float]],
              radius: float, reporter: Reporter) -> list[tuple[float, float, float]]:
    """The poses at which the model generates the views: some models support only the input's
    distance.
    """
    from ..models.families import family_of

    if family_of(pipeline.config.pose_encoding, pipeline.image_size).follows_radius:
        return list(poses)
    if any(abs(wanted - radius) > RADIUS_TOLERANCE for *_, wanted in poses):
        reporter.log("warning", "this model makes all views at the input image's distance, "
                     f"{radius:.2f}; the requested radii are ignored")
    return [(azimuth, elevation, radius) for azimuth, elevation, _ in poses]


def view_set(image: PreparedImage, input_elevation: float, images: np.ndarray,
             poses: Sequence[tuple[float, float, float]], samples: int,
             meta: dict[str, Any]) -> ViewSet:
    """Premultiplied images (views x samples, view-major) with their cameras, and the input's."""
    import numpy as np

    from ..imaging.view_set import ViewSet

    azimuth, elevation, radius = np.repeat(np.array(poses, float), samples, axis=0).T
    return ViewSet(images=images, azimuth_deg=azimuth, elevation_deg=elevation, radius=radius,
                   sample=np.tile(np.arange(samples), len(poses)),
                   meta={**meta, "input": input_camera(image, input_elevation)})


def input_camera(image: PreparedImage, elevation_deg: float) -> dict[str, Any]:
    """The camera of the input image, and its processing, for `views.json`."""
    from ..camera import FOV_DEG

    return {"elevation_deg": elevation_deg, "radius": image.radius, "fov_deg": FOV_DEG,
            **image.report}
