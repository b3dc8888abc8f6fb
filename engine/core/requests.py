# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be asked of the engine: one dataclass per kind of job.

A request is at once the CLI's options, the wire message, the operator's properties and the record
in a result's history, so each field is defined once, here: name, default, limits and help.
Standard library only: this module is imported by Blender's own Python.
"""

# ruff: noqa: RUF009 - `option` is `dataclasses.field` by another name

from __future__ import annotations

import json
import os
import reprlib
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from .errors import EngineError, ErrorCode

SAMPLERS = ("dpm++", "ddim", "unipc")
DEVICES = ("auto", "cpu", "cuda", "mps")
METHODS = ("views", "sds", "sjc")
BASELINES = ("sjc-i", "dietnerf")
"""Methods of the paper's comparison, which nobody would take for work."""
FIELDS = ("voxels", "hash")
PRECISIONS = ("auto", "fp32", "bf16")
DTYPES = ("auto", "float32", "float16", "bfloat16")
GOES_ON = "the same command goes on from here"
"""The hint when a person has stopped work that is kept."""
RESUME_GOES_ON = "the same command with --resume goes on from here"
"""Likewise, where it is asked for."""
REQUEST_FILE = "request.json"
"""The file of a result that tells how it was made; it appears after all others."""
SCHEMA = "zero123.request/1"


def option(default: Any, help: str, **metadata: Any) -> Any:
    """A request field. `metadata` may hold `min`, `max` (numbers), `choices` (strings) and `shown`:
    those of the choices that the interface offers."""
    metadata["help"] = help
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(kw_only=True)
class Request:
    """Base: what every job needs."""

    KIND: ClassVar[str] = ""
    SUBJECT: ClassVar[str] = "image"
    """The field that says what to start from: the command line takes it without an option."""
    UNDER: ClassVar[str] = ""
    """The verb of the command line that this job's verb stands under, if there is one."""
    STOPPED: ClassVar[str] = "nothing was written"
    """What to tell a person who has stopped the job on the command line."""

    out: str = option("", "folder that receives the results")

    def __post_init__(self) -> None:
        for f in fields(self):
            _check(f, getattr(self, f.name))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Request:
        """The request with these fields.

        Raises:
            EngineError: `BAD_INPUT` for an unknown field or a value out of its range.
        """
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise EngineError(
                ErrorCode.BAD_INPUT,
                f"unknown settings for {cls.KIND}: {reprlib.repr(sorted(unknown))}",
                f"known are {', '.join(f.name for f in fields(cls))}",
            )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain JSON."""
        return asdict(self)


@dataclass(kw_only=True)
class PictureRequest(Request):
    """What every job needs that starts from a picture."""

    image: str = option("", "picture to start from")


@dataclass(kw_only=True)
class NetworkRequest(Request):
    """What every job needs that runs networks and draws random numbers."""

    seed: int = option(0, "same seed, same result", min=0, max=2**31 - 1)
    device: str = option("auto", "where to compute", choices=DEVICES)


@dataclass(kw_only=True)
class InferenceRequest(NetworkRequest):
    """What every job needs that runs networks as they are."""

    dtype: str = option(
        "auto", "number format of the networks; auto takes bfloat16 or float16 on a GPU, float32 "
        "on the CPU", choices=DTYPES)


@dataclass(kw_only=True)
class FramedRequest(PictureRequest):
    """What every job needs that cuts the picture out and frames it as the network wants it."""

    input_radius: float = option(
        1.85, "distance of the camera that took the picture to the object's centre",
        min=0.5, max=10.0)
    recentre: bool = option(False, "cut out and recentre even a square picture with alpha")


@dataclass(kw_only=True)
class DiffusionRequest(FramedRequest, InferenceRequest):
    """What every job that samples novel views needs. Angles in degrees, radius in scene units."""

    model: str = option("nano", "name from the catalogue, or a folder in diffusers layout")
    steps: int = option(0, "denoising steps; 0 takes the model's own default", min=0, max=1000)
    guidance: float = option(
        0.0, "classifier-free guidance scale; 0 takes the model's or the method's own",
        min=0.0, max=100.0)
    sampler: str = option("dpm++", "how noise is removed", choices=SAMPLERS)
    eta: float = option(0.0, "fresh noise per step, 0 to 1 (ddim only)", min=0.0, max=1.0)
    cache_interval: int = option(
        1, "denoising steps that share the UNet's deep features; 2 or 3 is faster and nearly the "
        "same where steps are many, such as 50; 1 shares none", min=1, max=100)

    @property
    def needs_model(self) -> bool:
        """Whether the model is used at all."""
        return True


@dataclass(kw_only=True)
class PosedRequest(DiffusionRequest):
    """What every job needs that has to know where the picture was taken from."""

    input_elevation: float = option(
        0.0, "elevation of the camera that took the picture, degrees above the horizon",
        min=-90.0, max=90.0)


@dataclass(kw_only=True)
class ViewsRequest(PosedRequest):
    """Novel views of the object in a picture. The lists pair up; one value is repeated."""

    KIND = "views"

    azimuth: list[float] = option(
        [], "relative to the picture, degrees; positive = camera moves to its right")
    elevation: list[float] = option(
        [], "absolute, degrees above the horizon; default: the picture's")
    radius: list[float] = option([], "absolute distance; default: the picture's")
    orbit: int = option(0, "this many views around the object instead of a list", min=0, max=360)
    samples: int = option(1, "different samples of every view", min=1, max=64)

    def poses(self) -> list[tuple[float, float, float]]:
        """(azimuth, elevation, radius) of every view asked for.

        Raises:
            EngineError: `BAD_INPUT` if the lists don't pair up.
        """
        azimuth = self.azimuth
        if self.orbit:
            azimuth = [360.0 * i / self.orbit for i in range(self.orbit)]
        lists = [azimuth or [90.0], self.elevation or [self.input_elevation],
                 self.radius or [self.input_radius]]
        count = max(map(len, lists))
        if any(len(values) not in (1, count) for values in lists):
            raise EngineError(
                ErrorCode.BAD_INPUT,
                "azimuth, elevation and radius have different lengths: "
                + ", ".join(str(len(values)) for values in lists),
                "give one value, or as many as views")
        azimuths, elevations, radii = (v * count if len(v) == 1 else v for v in lists)
        return list(zip(azimuths, elevations, radii, strict=True))


@dataclass(kw_only=True)
class ReconstructRequest(PosedRequest):
    """A textured mesh of the object in a picture."""

    KIND = "reconstruct"
    STOPPED = RESUME_GOES_ON

    method: str = option(
        "views", "how the shape is found: fitted to sampled views, or by score distillation (sds) "
        "or Score Jacobian Chaining (sjc, for original models) from the picture alone",
        choices=METHODS + BASELINES, shown=METHODS)
    views: str = option("", "a views.json to fit instead of sampling new views")
    view_count: int = option(16, "views to sample, on two rings of elevation", min=4, max=64)
    field: str = option(
        "voxels", "what holds density and colour: a voxel grid, or a hash grid with a network "
        "(slower)", choices=FIELDS)
    resolution: int = option(96, "voxels along each side of the field", min=32, max=256)
    iterations: int = option(
        0, "optimisation steps; 0 takes the method's own number (views 300, sds 600, sjc 10000)",
        min=0, max=100000)
    refine: int = option(
        0, "steps of score distillation at small noise after the fit to views", min=0, max=10000)
    faces: int = option(20000, "triangles of the mesh", min=100, max=1000000)
    texture_size: int = option(1024, "side of the square texture in pixels", min=64, max=8192)
    obj: bool = option(False, "write mesh.obj, with material and texture, beside mesh.glb")
    ply: bool = option(False, "write mesh.ply, with colours at its vertices, beside mesh.glb")
    resume: bool = option(False, "go on where the same reconstruction was stopped")

    @property
    def needs_model(self) -> bool:
        """Given views are fitted without."""
        return self.method != "views" or bool(self.refine) or not self.views


@dataclass(kw_only=True)
class SegmentRequest(PictureRequest):
    """The picture's object cut out of its background, as an RGBA file named by `out`."""

    KIND = "segment"


@dataclass(kw_only=True)
class ElevationRequest(DiffusionRequest):
    """How high the camera of a picture stood, as a JSON file named by `out`."""

    KIND = "elevation"


@dataclass(kw_only=True)
class PrepareRequest(FramedRequest):
    """The square picture that the network would see, as an RGBA file named by `out`."""

    KIND = "prepare"


@dataclass(kw_only=True)
class TextRequest(InferenceRequest):
    """A picture of what a text describes, cut out, as an RGBA file named by `out`."""

    KIND = "text"
    SUBJECT = "prompt"

    prompt: str = option("", "what the picture is to show: one object")
    style: str = option(
        "a single whole object, centred, plain white background",
        "words added to the prompt, so that the object can be cut out; may be empty")
    negative_prompt: str = option("", "what the picture is not to show")
    model: str = option(
        "stabilityai/stable-diffusion-xl-base-1.0", "text-to-image model: a folder in diffusers "
        "layout, or the name of one in the Hugging Face cache")
    size: int = option(
        0, "width and height in pixels, rounded to a multiple of 8; 0 takes the model's own",
        min=0, max=4096)
    steps: int = option(0, "denoising steps; 0 takes the pipeline's own number", min=0, max=1000)
    guidance: float = option(
        0.0, "how closely to follow the text; 0 takes the pipeline's own scale, 1 is none, as for "
        "turbo models", min=0.0, max=100.0)
    keep_background: bool = option(False, "leave the picture as it is instead of cutting it out")


@dataclass(kw_only=True)
class RenderRequest(NetworkRequest):
    """Training views of 3D models, rendered by Blender with Cycles as the paper's were."""

    KIND = "render"
    SUBJECT = "models"
    UNDER = "dataset"
    STOPPED = GOES_ON

    models: str = option("", "folder of .glb, .gltf, .obj, .fbx or .blend files, or one of them")
    views: int = option(12, "pictures of each object", min=2, max=999)
    size: int = option(512, "width and height of a picture in pixels", min=16, max=4096)
    samples: int = option(128, "samples of every pixel", min=1, max=65536)
    workers: int = option(1, "objects rendered at once, each by a process", min=1, max=256)
    time_limit: int = option(
        3600, "seconds after which an object is given up", min=1, max=10**6)
    folders: bool = option(
        False, "keep the pictures and cameras as files, too, in Objaverse's layout")
    blender: str = option(
        "", "Blender, or a Python that has bpy, to render with; empty looks for one")


@dataclass(kw_only=True)
class TrainRequest(NetworkRequest):
    """A model fine-tuned on rendered views, as a folder in diffusers layout named by `out`."""

    KIND = "train"
    SUBJECT = "data"
    UNDER = "train"
    STOPPED = RESUME_GOES_ON

    data: str = option(
        "", "folder of rendered views, or of 3D models, which are rendered first")
    model: str = option("nano", "model to start from, as for views")
    steps: int = option(500, "optimiser steps", min=1, max=10**7)
    batch_size: int = option(
        8, "pairs of views in a step, of all processes together", min=1, max=65536)
    learning_rate: float = option(
        1e-4, "of the UNet; the projection learns ten times as fast", min=0.0, max=1.0)
    gradient_checkpointing: bool = option(
        False, "compute parts of the UNet twice, which takes less memory and more time")
    lora: int = option(
        0, "rank of a LoRA of the attention layers, for cards with little memory; 0 trains all "
        "weights", min=0, max=1024)
    precision: str = option(
        "auto", "number format of the computation; auto takes bf16 where the device is made for it",
        choices=PRECISIONS)
    preview_every: int = option(50, "steps between two pictures of the training", min=1, max=10**7)
    views: int = option(12, "pictures of each 3D model", min=2, max=999)
    samples: int = option(64, "samples of every pixel of these", min=1, max=65536)
    blender: str = option(
        "", "Blender, or a Python that has bpy, to render with; empty looks for one")
    resume: bool = option(False, "go on where the same training was stopped")


REQUESTS: dict[str, type[Request]] = {
    cls.KIND: cls for cls in (ViewsRequest, ReconstructRequest, SegmentRequest, PrepareRequest,
                              ElevationRequest, TextRequest, RenderRequest, TrainRequest)
}


def save_request(request: Request, folder: Path, **facts: Any) -> None:
    """Keep the request with its result, as `request.json`; not the folder, which may be moved.

    `facts`: what else is to be kept beside it, plain JSON.
    """
    values = {name: value for name, value in request.to_dict().items() if name != "out"}
    document = {"schema": SCHEMA, "kind": request.KIND, "request": values, **facts}
    (folder / REQUEST_FILE).write_text(json.dumps(document, indent=1), encoding="utf-8")


def load_request(folder: Path) -> Request | None:
    """The request that a folder's result was made by; None if that isn't known."""
    try:
        document = json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            return None
        return REQUESTS[document["kind"]].from_dict({**document["request"], "out": str(folder)})
    except (OSError, ValueError, KeyError, TypeError, RecursionError, EngineError):
        return None


def _can_be_a_path(text: str) -> bool:
    """Whether the system could be asked for a file of this name; false of no text of a person."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _check(f: Field[Any], value: Any) -> None:
    """Raise BAD_INPUT unless the value has the default's type and lies within its limits."""
    default = f.default_factory() if f.default_factory is not MISSING else f.default
    expected = (int, float) if isinstance(default, float) else type(default)
    good = isinstance(value, expected) and isinstance(value, bool) == isinstance(default, bool)
    if isinstance(default, list):
        good = isinstance(value, list) and all(
            isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) < 1e6 for v in value)
    # Shortened: a value from outside may be megabytes, or lists within lists.
    problem = f"{f.name.replace('_', '-')} can't be {reprlib.repr(value)}"
    if not good or (isinstance(value, str) and not _can_be_a_path(value)):
        raise EngineError(ErrorCode.BAD_INPUT, problem, f.metadata["help"])
    choices = f.metadata.get("choices")
    if choices and value not in choices:
        raise EngineError(ErrorCode.BAD_INPUT, problem, f"choose from {', '.join(choices)}")
    low, high = f.metadata.get("min"), f.metadata.get("max")
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise EngineError(ErrorCode.BAD_INPUT, problem, f"it goes from {low:g} to {high:g}")
