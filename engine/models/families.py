# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that suit each family of models: nano, Zero-1-to-3 and Stable Zero123.

These are the default values of all settings. Every value has its source: a file of the original
(cvlab-columbia/zero123 at f426883, threestudio at 28d9d80), or the experiment that chose it.
Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import EngineError
from ..core.files import UNREADABLE_JSON, read_json_object
from .catalogue import INDEX_FILE
from .hub_cache import hub_id_of
from .identity import encoding_of_folder

if TYPE_CHECKING:
    from ..camera import PoseEncoding


@dataclass(frozen=True)
class SamplingSettings:
    """Default settings for sampling views."""

    steps: int
    """Denoising steps."""
    guidance: float
    """Scale of classifier-free guidance; 1 turns it off."""
    sampler: str = "dpm++"
    """DPM-Solver++(2M) (Lu et al. 2022) converges in fewer steps than DDIM, which the originals
    use; the default of the requests."""
    eta: float = 0.0
    """Noise added in a DDIM step: the original's demo uses 1, diffusers' and threestudio's code 0.
    The default of the requests."""


@dataclass(frozen=True)
class FramingSettings:
    """Size of the object in a model's training images, as a fraction of the image's side."""

    share: float = 0.625
    """Size at a distance of 1.85 of an object whose longest side is 1."""
    trained_share: tuple[float, float] = (0.52, 0.77)
    """Sizes at the largest and the smallest training distance, 2.2 and 1.5."""
    source: str = "the original's rendering script: distances 1.5 to 2.2, 35 mm on a 32 mm sensor"


@dataclass(frozen=True)
class FitSettings:
    """Default settings for fitting a radiance field to sampled views."""

    view_count: int = 16
    """Number of views, on two rings of elevation; the default of the requests, chosen with nano."""
    resolution: int = 96
    """Voxels along each side on a CPU, chosen with nano's 128 px views."""
    iterations: int = 300
    """Optimisation steps on a CPU, chosen in the same way."""
    gpu_resolution: int = 96
    gpu_iterations: int = 300
    shape_prior: bool = False
    """Whether the shape network's prediction is used with the model's views: on for nano, whose
    views determine the shape no better (docs/reconstruction.md)."""
    continuation: float = 0.0
    """Share, in [0, 1], of the photo's continued colours on the hidden side; the rest is from the
    views."""

    def on(self, gpu: bool) -> tuple[int, int]:
        """(resolution, iterations) for a field that is optimised on a GPU or on a CPU."""
        return ((self.gpu_resolution, self.gpu_iterations) if gpu
                else (self.resolution, self.iterations))


@dataclass(frozen=True)
class Schedule:
    """A value that changes during an optimisation: linear between points, constant outside them."""

    points: tuple[tuple[float, float], ...]
    """(share of the iterations in [0, 1], value), in the order of the shares."""

    def at(self, share: float) -> float:
        """The value after this share of the iterations."""
        before, value = self.points[0]
        for point, target in self.points:
            if share < point:
                return value + (target - value) * (share - before) / (point - before) if (
                    share > before) else value
            before, value = point, target
        return value


def constant(value: float) -> Schedule:
    """A schedule with a constant value."""
    return Schedule(((0.0, value),))


@dataclass(frozen=True)
class SDSParameters:
    """Score distillation as threestudio does it. The defaults are those for Zero123-XL
    (configs/zero123.yaml)."""

    source: str = "threestudio, configs/zero123.yaml"
    guidance_scale: float = 3.0
    min_noise: Schedule = Schedule(((0.0, 0.4), (200 / 600, 0.2)))
    """Lowest timestep, as a fraction of the training timesteps."""
    max_noise: Schedule = Schedule(((0.0, 0.85), (200 / 600, 0.5)))
    """Highest timestep, as a fraction of the training timesteps."""
    stages: tuple[tuple[float, int, int], ...] = (
        (0.0, 12, 64), (200 / 600, 4, 128), (300 / 600, 2, 256))
    """Batches of novel views: (share of the iterations from which it is used, views in a step,
    their side in pixels)."""
    score_weight: float = 0.1
    rgb_weight: Schedule = Schedule(((0.0, 500.0),))
    mask_weight: float = 50.0
    normal_weight: Schedule = Schedule(((0.0, 8.0),))
    sparsity_weight: float = 0.1
    opaque_weight: float = 0.1
    iterations: int = 600


@dataclass(frozen=True)
class SJCParameters:
    """Score Jacobian Chaining as the original does it for every model (3drec/run_zero123.py).

    Its world is scaled so that the input camera's distance is `input_radius`.
    """

    guidance_scale: float = 100.0
    iterations: int = 10_000
    learning_rate: float = 0.05
    """Learning rate of the grid; the optimiser is Adamax."""
    background_rate: float = 1e-4
    """Learning rate of the background, a pattern of latents initialised with those of white."""
    scored_latents: int = 4 * 32 * 32
    """Number of latents of the original: its score is a sum over them, its other losses means."""
    timesteps: tuple[int, int] = (10, 970)
    """Range of training timesteps from which the noise level is drawn; the end is excluded."""
    input_radius: float = 2.0
    """Distance of the input camera."""
    radius_range: tuple[float, float] = (1.8, 2.2)
    """Distances of the other cameras."""
    height_range: tuple[float, float] = (-0.5, 2.2)
    """Heights of the other cameras."""
    background_depth: float = 10.0
    photo_weight: float = 1e4
    """Weight of the mean square error of the decoded input view, with images in [-1, 1]."""
    photo_depth_weight: float = 0.1 * 1e4
    near_view_weight: float = 1e4
    near_view_distance: float = 0.05
    """Distance between a camera and its neighbour."""
    depth_smoothness_weight: float = 1e4
    depth_smoothness_from: float = 0.5
    """Share of the iterations after which the depths of novel views are smoothed."""


@dataclass(frozen=True)
class ModelFamily:
    """All settings that depend on the family of a model."""

    name: str
    source: str
    """Source of the settings for sampling."""
    sampling: SamplingSettings
    fit: FitSettings
    sds: SDSParameters
    sjc: SJCParameters
    framing: FramingSettings = FramingSettings()
    follows_radius: bool = True
    """Whether the target's distance is an input of the model, which it is not for Stable Zero123
    (threestudio's stable_zero123_guidance.py)."""

    def iterations(self, method: str, gpu: bool) -> int:
        """Optimisation steps of a method; 0 if the family has no setting for the method."""
        own = {"views": self.fit.on(gpu)[1], "sds": self.sds.iterations,
               "sjc": self.sjc.iterations}
        return own.get(method, 0)

    def parameters(self, method: str) -> dict[str, Any]:
        """The parameters of a score method, as plain JSON for a report; {} for other methods."""
        if method == "sds":
            return {method: asdict(self.sds)}
        return {method: asdict(self.sjc)} if method == "sjc" else {}


@dataclass(frozen=True)
class TextSettings:
    """Settings for a text-to-image model for which its pipeline's defaults are unsuitable."""

    steps: int
    guidance: float
    """Scale of classifier-free guidance; 0 turns it off."""
    size: int
    """Width and height in pixels."""


SDXL_TURBO = TextSettings(steps=1, guidance=0.0, size=512)
"""Its model card (stabilityai/sdxl-turbo): distilled to one step, without guidance, for 512 px."""


def text_settings(folder: Path) -> TextSettings | None:
    """The settings of a text-to-image model by the name of its folder or of its repository in the
    Hugging Face cache; None if its pipeline's defaults are suitable.
    """
    name = hub_id_of(folder) or folder.name
    return SDXL_TURBO if re.search(r"sdxl[-_]?turbo", name.lower()) else None


_XL_SDS = SDSParameters()
_STABLE_SDS = SDSParameters(
    source="threestudio, configs/stable-zero123.yaml",
    min_noise=Schedule(((50 / 600, 0.7), (200 / 600, 0.3))),
    max_noise=Schedule(((50 / 600, 0.98), (200 / 600, 0.8))),
    stages=((0.0, 12, 64), (200 / 600, 8, 128), (300 / 600, 4, 256)),
    rgb_weight=Schedule(((100 / 600, 500.0), (400 / 600, 1000.0))),
    normal_weight=Schedule(((100 / 600, 7.0), (150 / 600, 5.0), (200 / 600, 10.0))),
    sparsity_weight=0.5, opaque_weight=0.5)
_ORIGINAL_FIT = FitSettings(gpu_resolution=160, gpu_iterations=900)
"""With these values, true 256 px views are fitted with 27.9 dB; with nano's, 26.4 dB."""

_NANO_FIT = FitSettings(iterations=150, gpu_iterations=150, shape_prior=True, continuation=0.5)
"""The prior determines most of the shape: half of the steps suffice (docs/reconstruction.md). On
the hidden side of 28 held-out objects, the mean of views and continued colours has 16.96 dB inside
the silhouette, the views 15.70 and the continuation 16.44 (docs/shape-network.md)."""
GIVEN_FIT = FitSettings()
"""For given views, such as renderings, whose details all the steps bring out."""

NANO = ModelFamily(
    "nano", "engine/models/nano/README.md: distilled to one step without guidance",
    SamplingSettings(steps=1, guidance=1.0), _NANO_FIT, _XL_SDS, SJCParameters())
ZERO123 = ModelFamily(
    "zero123", "diffusers, examples/community/pipeline_zero1to3.py: 50 steps, eta 0, guidance 3",
    SamplingSettings(steps=50, guidance=3.0), _ORIGINAL_FIT, _XL_SDS, SJCParameters())
STABLE = ModelFamily(
    "stable", "threestudio, stable_zero123_guidance.py: 50 steps, eta 0, guidance 3",
    SamplingSettings(steps=50, guidance=3.0), _ORIGINAL_FIT, _STABLE_SDS, SJCParameters(),
    follows_radius=False)
ORIGINAL_SIZE = 256
"""Side in pixels of the original models' images; models with smaller ones are like nano."""


def family_of(pose_encoding: PoseEncoding, image_size: int) -> ModelFamily:
    """The family of a model by its pose encoding and the side of its images in pixels."""
    if pose_encoding == "stable":
        return STABLE
    return ZERO123 if image_size >= ORIGINAL_SIZE else NANO


def family_in(folder: Path, pose_encoding: PoseEncoding | None = None) -> ModelFamily:
    """The family of a model folder, by its configuration files alone; by default that of nano.

    `pose_encoding`: chosen by the user for a folder that states none.
    """
    try:
        index = read_json_object(folder / INDEX_FILE)
        encoding = encoding_of_folder(folder, index, pose_encoding, "")
        latent = read_json_object(folder / "unet" / "config.json")["sample_size"]
        blocks = read_json_object(folder / "vae" / "config.json")["block_out_channels"]
        return family_of(encoding, latent * 2 ** (len(blocks) - 1))
    except (*UNREADABLE_JSON, EngineError):
        return NANO
