# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of jobs that the engine does: one dataclass for each.

A request is at once the options of the command line, the message to the engine, the properties of
Blender's operators and the record in a result's history, so each field is defined once, here: name,
default, limits and help. Standard library only: Blender's own Python imports this module.
"""

# ruff: noqa: RUF009 - `option` is `dataclasses.field` by another name

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import EngineError, ErrorCode
from .files import UNREADABLE_JSON
from .image_requests import (
    DiffusionRequest,
    FramedRequest,
    ImageRequest,
    InferenceRequest,
    NetworkRequest,
    PosedRequest,
)
from .request import (
    REQUEST_FILE,
    RESUMES_HINT,
    Request,
    ResumableRequest,
    SceneImport,
    option,
)

METHODS = ("views", "direct", "sds", "sjc")
BASELINES = ("sjc-i", "dietnerf")
"""Methods of the paper's comparison. They serve evaluation and are not offered in Blender."""
FIELDS = ("voxels", "hash")
DETAILS = ("auto", "off")
PRECISIONS = ("auto", "fp32", "bf16")
MIN_RESOLUTION = 32
"""Fewest voxels along each side of a field."""
SCHEMA = "zero123.request/1"
VIEW_FILES = ("views.json", "view_[0-9][0-9][0-9].png", "view_[0-9][0-9][0-9][0-9].png",
              "input.png", REQUEST_FILE)
"""Files of a folder of views."""
MESH_VIEWS, FITTED_VIEWS = "views", "fitted"
"""Folders of a mesh's result with images of the mesh, and with the views to which it was fitted.
Results of earlier versions have the fitted views in the first one."""
OBJ_FILES = ("mesh.obj", "mesh.mtl", "object.png")
PLY_FILES = ("mesh.ply",)


@dataclass(kw_only=True)
class ViewsRequest(PosedRequest):
    """Novel views of the object in an image.

    The lists of azimuths, elevations and radii pair up; a single value holds for all views.
    """

    KIND = "views"
    TITLE = "Views"
    HANDLER = ".jobs.views:make_views"
    RESULT_FILE = "views.json"
    OWN_FILES = VIEW_FILES
    IN_BATCHES = True
    SCENE_IMPORT = SceneImport.VIEWS

    azimuth: list[float] = option(
        [], "relative to the image, degrees; positive = camera moves to its right")
    elevation: list[float] = option(
        [], "absolute, degrees above the horizon; default: the image's")
    radius: list[float] = option([], "absolute distance; default: the image's")
    orbit: int = option(0, "number of views around the object, instead of a list of angles",
                        min=0, max=360)
    samples: int = option(1, "number of samples of every view", min=1, max=64)
    detail: str = option(
        "auto", "auto copies print and edges of the image into the views near its camera, off "
                "leaves the views as the model generates them", choices=DETAILS)

    def poses(self, estimated_deg: float = 0.0) -> list[tuple[float, float, float]]:
        """(azimuth, elevation, radius) of every requested view; `estimated_deg` is the elevation of
        the image's camera where the request gives none.

        Raises:
            EngineError: `BAD_INPUT` if the lists have different lengths.
        """
        azimuth = self.azimuth
        if self.orbit:
            azimuth = [360.0 * i / self.orbit for i in range(self.orbit)]
        given = self.given_elevation
        lists = [azimuth or [90.0], self.elevation or [estimated_deg if given is None else given],
                 self.radius or [self.input_radius]]
        count = max(map(len, lists))
        if any(len(values) not in (1, count) for values in lists):
            raise EngineError(
                ErrorCode.BAD_INPUT,
                "azimuth, elevation and radius have different lengths: "
                + ", ".join(str(len(values)) for values in lists),
                "give one value, or one value per view")
        azimuths, elevations, radii = (v * count if len(v) == 1 else v for v in lists)
        return list(zip(azimuths, elevations, radii, strict=True))


@dataclass(kw_only=True)
class ReconstructRequest(PosedRequest, ResumableRequest):
    """A textured mesh of the object in an image."""

    KIND = "reconstruct"
    TITLE = "Mesh"
    HANDLER = ".jobs.mesh:make_mesh"
    RESULT_FILE = "mesh.glb"
    OWN_FILES = ("mesh.glb", "report.json", "turn.png", REQUEST_FILE, *OBJ_FILES, *PLY_FILES,
                 *(f"{folder}/{name}" for folder in (MESH_VIEWS, FITTED_VIEWS)
                   for name in VIEW_FILES))
    IN_BATCHES = True
    SCENE_IMPORT = SceneImport.MESH

    method: str = option(
        "views", "how the shape is found: fitted to sampled views; predicted from the image in a "
        "few seconds, without a diffusion model (direct); or by score distillation (sds) or Score "
        "Jacobian Chaining (sjc, for original models) from the image alone",
        choices=METHODS + BASELINES, shown=METHODS)
    views: str = option("", "a views.json to fit instead of sampling new views", path="file",
                        reads=True, beside="*.png")
    view_count: int = option(16, "views to sample, on two rings of elevation", min=4, max=64)
    field: str = option(
        "voxels", "representation of density and colour: a voxel grid, or a hash grid with a "
                  "network (slower)", choices=FIELDS)
    resolution: int = option(
        0, "voxels along each side of the field, from 32; 0 uses the model's default (96, for "
        "original models on a GPU 160)", min=0, max=256)
    iterations: int = option(
        0, "optimisation steps; 0 uses the method's default (views 150 for nano, 300 for original "
        "models and for given views, for original models on a GPU 900; sds 600, sjc 10000)",
        min=0, max=100000)
    rounds: int = option(
        0, "rounds after the fit to views in which the model improves renderings of the fitted "
        "shape, which are then fitted again", min=0, max=10)
    resample: bool = option(
        False, "sample the views that agree least with the others once more with another seed, "
        "and keep the better ones")
    refine: int = option(
        0, "steps of score distillation at small noise after the fit to views", min=0, max=10000)
    faces: int = option(20000, "triangles of the mesh", min=100, max=1000000)
    texture_size: int = option(
        0, "side of the square texture in pixels; 0 follows the image", min=0, max=8192)
    obj: bool = option(False, "write mesh.obj, with material and texture, beside mesh.glb")
    ply: bool = option(False, "write mesh.ply, with colours at its vertices, beside mesh.glb")

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.resolution < MIN_RESOLUTION:
            raise EngineError(ErrorCode.BAD_INPUT, f"resolution can't be {self.resolution}",
                              "give 32 to 256, or 0 for the model's default")

    @property
    def needs_model(self) -> bool:
        """Whether the model is used: the direct method and the fit to existing views need none."""
        if self.method == "direct":
            return False
        return self.method != "views" or bool(self.refine or self.rounds) or not self.views

    def written_files(self) -> tuple[str, ...]:
        unused = (() if self.obj else OBJ_FILES) + (() if self.ply else PLY_FILES)
        return tuple(name for name in self.OWN_FILES if name not in unused)

    def _names_input(self) -> bool:
        return bool(self.views) or super()._names_input()


@dataclass(kw_only=True)
class SegmentRequest(ImageRequest):
    """The object of an image, cut out of its background, as an RGBA file named by `out`."""

    KIND = "segment"
    TITLE = "Cut-Out"
    HANDLER = ".jobs.image:segment"
    OUT_IS_FOLDER = False
    RESULT_FILE = "cut-out.png"
    SCENE_IMPORT = SceneImport.IMAGE


@dataclass(kw_only=True)
class ElevationRequest(DiffusionRequest):
    """The elevation of the camera of an image, as a JSON file named by `out`."""

    KIND = "elevation"
    TITLE = "Elevation"
    HANDLER = ".jobs.image:elevation"
    OUT_IS_FOLDER = False
    RESULT_FILE = "elevation.json"
    SCENE_IMPORT = SceneImport.ELEVATION

    evidence: str = option(
        "image", "basis of the estimate: the image, from which a small network estimates it, or "
                 "how well views sampled from the model fit together", choices=("image", "views"))


@dataclass(kw_only=True)
class PrepareRequest(FramedRequest):
    """The square image that the network sees, as an RGBA file named by `out`."""

    KIND = "prepare"
    TITLE = "Input"
    HANDLER = ".jobs.image:show_prepared"
    OUT_IS_FOLDER = False
    RESULT_FILE = "prepared.png"


@dataclass(kw_only=True)
class TextRequest(InferenceRequest):
    """An image of what a text describes, cut out, as an RGBA file named by `out`."""

    KIND = "text"
    TITLE = "Image"
    HANDLER = ".jobs.text_to_image:text_to_image"
    POSITIONAL = "prompt"
    OUT_IS_FOLDER = False
    RESULT_FILE = "image.png"
    SCENE_IMPORT = SceneImport.IMAGE

    prompt: str = option("", "what the image should show: one object")
    style: str = option(
        "a single whole object, centred, plain white background",
        "words added to the prompt, so that the object can be cut out; may be empty")
    negative_prompt: str = option("", "what the image should not show")
    model: str = option(
        "stabilityai/stable-diffusion-xl-base-1.0", "text-to-image model: a folder in diffusers "
        "layout, or the name of one in the Hugging Face cache")
    size: int = option(
        0, "width and height in pixels, rounded to a multiple of 8; 0 uses the model's default",
        min=0, max=4096)
    steps: int = option(0, "denoising steps; 0 uses the pipeline's default", min=0, max=1000)
    guidance: float = option(
        0.0, "how closely to follow the text; 0 uses the pipeline's default, 1 switches guidance "
             "off, as turbo models need", min=0.0, max=100.0)
    keep_background: bool = option(False, "keep the background instead of cutting the object out")


@dataclass(kw_only=True)
class RenderRequest(NetworkRequest):
    """Training views of 3D models, rendered by Blender with Cycles as in the paper."""

    KIND = "render"
    TITLE = "Training Views"
    HANDLER = ".training.rendering.dataset:render_job"
    POSITIONAL = "models"
    CLI_PARENT = "dataset"
    CANCELLED_HINT = RESUMES_HINT
    OWN_FILES = ("*.tar",)
    ADDS_TO_RESULT = True

    models: str = option("", "folder of .glb, .gltf, .obj, .fbx or .blend files, or one of them",
                         path="folder", reads=True)
    view_count: int = option(12, "images of each object", min=2, max=999)
    size: int = option(512, "width and height of an image in pixels", min=16, max=4096)
    samples: int = option(128, "samples of every pixel", min=1, max=65536)
    workers: int = option(
        1, "number of objects rendered at once, each in its own process", min=1, max=256)
    time_limit: int = option(
        3600, "time limit for an object in seconds; an object that takes longer is left out",
        min=1, max=10**6)
    folders: bool = option(
        False, "also keep the images and cameras as files, in Objaverse's layout")
    blender: str = option(
        "", "Blender, or a Python with bpy, used for rendering; empty searches for one",
        path="file")


@dataclass(kw_only=True)
class TrainRequest(NetworkRequest, ResumableRequest):
    """A model fine-tuned on rendered views, as a folder in diffusers layout named by `out`."""

    KIND = "train"
    TITLE = "Training"
    HANDLER = ".training.job:train_job"
    POSITIONAL = "data"
    CLI_PARENT = "train"
    OWN_FILES = ("model_index.json", "training.png", "log.jsonl", REQUEST_FILE,
                 *(f"{part}/*" for part in ("unet", "vae", "image_encoder", "cc_projection",
                                            "scheduler", "feature_extractor")))
    SCENE_IMPORT = SceneImport.MODEL

    data: str = option(
        "", "folder of rendered views, or of 3D models, which are rendered first",
        path="folder", reads=True)
    model: str = option("nano", "model to start from, as for views")
    steps: int = option(500, "optimiser steps", min=1, max=10**7)
    batch_size: int = option(
        8, "pairs of views per step, summed over all processes", min=1, max=65536)
    learning_rate: float = option(
        1e-4, "learning rate of the UNet; the projection's is ten times as high", min=0.0, max=1.0)
    gradient_checkpointing: bool = option(
        False, "recompute parts of the UNet in the backward pass, which needs less memory and "
               "more time")
    lora: int = option(
        0, "rank of a LoRA of the attention layers, for cards with little memory; 0 trains all "
        "weights", min=0, max=1024)
    precision: str = option(
        "auto", "number format of the computation; auto uses bf16 if the device supports it in "
                "hardware",
        choices=PRECISIONS)
    preview_every: int = option(
        50, "steps between two preview images of the training", min=1, max=10**7)
    view_count: int = option(12, "images of each 3D model", min=2, max=999)
    samples: int = option(64, "samples of every pixel of these images", min=1, max=65536)
    blender: str = option(
        "", "Blender, or a Python with bpy, used for rendering; empty searches for one",
        path="file")


REQUESTS: dict[str, type[Request]] = {
    cls.KIND: cls for cls in (ViewsRequest, ReconstructRequest, SegmentRequest, PrepareRequest,
                              ElevationRequest, TextRequest, RenderRequest, TrainRequest)
}


def save_request(request: Request, folder: Path, **facts: Any) -> None:
    """Keep the request with its result, as `request.json`, without `out`: the folder may be moved.

    `facts`: further fields of the document, plain JSON.
    """
    values = {name: value for name, value in request.to_dict().items() if name != "out"}
    document = {"schema": SCHEMA, "kind": request.KIND, "request": values, **facts}
    (folder / REQUEST_FILE).write_text(json.dumps(document, indent=1), encoding="utf-8")


def load_request(folder: Path) -> Request | None:
    """The request that made the result in a folder; None if it is not recorded."""
    try:
        document = json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            return None
        return REQUESTS[document["kind"]].from_dict({**document["request"], "out": str(folder)})
    except (*UNREADABLE_JSON, EngineError):
        return None
