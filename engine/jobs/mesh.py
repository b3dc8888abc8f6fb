# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that makes a textured mesh of an image, or of existing views."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..camera import FOV_DEG, two_ring_orbit
from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter
from ..core.requests import BASELINES, ReconstructRequest, save_request
from ..core.resume import WorkInProgress, work_in_progress
from ..core.staging import staged_folder
from .input_camera import with_elevation
from .mesh_views import MESH, SOURCE, Pose, fitted_beside, poses_of, render_views, save_views
from .sampling import (
    INPUT_SIZE,
    Sampled,
    Stages,
    dtype_name,
    family_for,
    input_camera,
    load_model,
    prepare,
    report_memory_fallbacks,
    sample,
)
from .views import announce_views

if TYPE_CHECKING:
    import numpy as np

    from ..diffusion import Zero123Pipeline
    from ..fields.device_selection import FieldDevice
    from ..imaging import FramedImage
    from ..imaging.view_set import ViewSet
    from ..models.families import FitSettings, ModelFamily
    from ..reconstruction import Reconstruction, ReconstructionSettings, RunContext

PHOTO_SIZE = 512, 1024
"""Smallest and largest side in pixels of the image for the texture, which uses more detail than the
network sees. Between them it is that of the image."""
TEXTURE_SIZE = {800: 1024, PHOTO_SIZE[1]: 2048}
"""Side of the photo in pixels, up to which a texture has the size beside it. A surface of 2.5
square units on 60 % of the texture needs 1.26 texels along a side for each pixel of the photo."""
MIN_TEXTURE_SIZE = 64
"""Minimum side of a texture in pixels, whatever is requested: charts need room."""
DIRECT_AZIMUTHS_DEG = (0.0, 90.0, 180.0, 270.0)
"""Number of images of the mesh that the direct method renders: few, because it should be fast."""
SHAPE_MODEL = "shape"
"""Name in reports of the network that the direct method uses."""
NO_SHAPE_HINT = ("use an image of one whole object or another seed, or run `prepare` to see what "
                 "was taken for the object")


def make_mesh(request: ReconstructRequest, reporter: Reporter) -> dict[str, Any]:
    """A textured mesh, with images of it and the views to which it was fitted, in `out`."""
    out = Path(request.out)
    stages = Stages()
    family, asked = family_for(request), request
    request = with_family_settings(asked, family)
    with (staged_folder(out, replaces=request.OWN_FILES) as stage,
          work_in_progress(request) as work):
        fit = {"views": _fit_views, "direct": _predict}.get(request.method, _fit_by_score)
        field_device = _field_device(request)
        with field_device.libraries_used(lambda text: reporter.log("warning", text)) as use:
            fitted = fit(request, field_device, work, reporter, stages)
        result, meta, rendering = fitted.reconstruction, fitted.meta, Stages()
        with rendering.measure("render views"):
            views = render_views(result.mesh, fitted.poses, fitted.fov_deg, meta, reporter)
        image = fitted.image.at(PHOTO_SIZE[0]) if fitted.image else None
        save_views(stage, views, fitted.views, image)
        result.mesh.save_glb(stage / "mesh.glb")
        if request.obj:
            result.mesh.save_obj(stage / "mesh.obj")
        if request.ply:
            result.mesh.save_ply(stage / "mesh.ply")
        from ..mesh.axes import FRONT
        from ..reconstruction.memory import peak_memory_mb

        report = {
            "schema": "zero123.mesh/2", "front": FRONT, "method": request.method,
            "model": meta.get("model", request.model), "seed": request.seed,
            "dtype": meta.get("dtype"),
            "vertices": len(result.mesh.vertices), "faces": len(result.mesh.faces),
            "watertight": bool(result.mesh.is_watertight),
            "unet_evaluations": fitted.unet_evaluations, "input": meta.get("input"),
            "settings": _settings_used(request, family, fitted),
            "fields": field_device.without(use.failures).report(),
            "peak_memory_mb": peak_memory_mb(),
            "stages": [*stages.seconds, *result.stages, *rendering.seconds]}
        save_request(asked, stage)
        (stage / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    announce_views(out / "views", len(views), reporter)
    for name in ["mesh.glb"] + ["mesh.obj"] * request.obj + ["mesh.ply"] * request.ply:
        reporter.artifact("mesh", out / name)
    reporter.artifact("report", out / "report.json")
    return {"mesh": str(out / "mesh.glb"), "views": str(out / "views" / "views.json"),
            "report": str(out / "report.json"), **report}


def with_family_settings(request: ReconstructRequest, family: ModelFamily) -> ReconstructRequest:
    """The request with the family's numbers in place of those that were not given."""
    if request.method == "direct":
        return request  # it has neither
    from ..models import resolve_device
    from ..models.families import GIVEN_FIT

    if request.views:
        family = replace(family, fit=GIVEN_FIT)
    gpu = resolve_device(request.device).type != "cpu"
    return replace(request, resolution=request.resolution or family.fit.on(gpu)[0],
                   iterations=request.iterations or family.iterations(request.method, gpu))


def _settings_used(request: ReconstructRequest, family: ModelFamily,
                   fitted: _Fitted) -> dict[str, Any]:
    """The numbers with which the mesh was made, including those that the program chose."""
    names = ("steps", "guidance", "sampler", "eta", "consistency", "resampled")
    settings: dict[str, Any] = {"family": family.name}
    settings |= {name: fitted.meta[name] for name in names if name in fitted.meta}
    count = len(fitted.poses if fitted.views is None else fitted.views)
    settings |= {"view_count": count, "resolution": request.resolution,
                 "iterations": request.iterations, "rounds": request.rounds,
                 "field": request.field,
                 "texture_size": len(fitted.reconstruction.mesh.texture)}
    return settings | family.parameters(request.method)


@dataclass(frozen=True)
class _Fitted:
    """The result of a reconstruction method."""

    reconstruction: Reconstruction
    image: FramedImage | None
    """The input image; None where views were given without it."""
    unet_evaluations: int
    poses: list[Pose]
    """The cameras of the images that come with the mesh."""
    meta: dict[str, Any]
    """Origin of those images, as in `views.json`."""
    views: ViewSet | None = None
    """The views to which the mesh was fitted; None for methods without views."""

    @property
    def fov_deg(self) -> float:
        """The field of view of the images that come with the mesh."""
        return self.views.fov_deg if self.views else FOV_DEG


def _fit_views(request: ReconstructRequest, field_device: FieldDevice, work: WorkInProgress,
               reporter: Reporter, stages: Stages) -> _Fitted:
    """The fit to sampled or given views."""
    from ..imaging.view_set import ViewSet
    from ..reconstruction import preview_directly, reconstruct

    given = ViewSet.load(request.views) if request.views else None
    recorded = given.meta.get("input", {}) if given else {}
    image = (prepare(request, reporter, stages, float(recorded.get("radius", 0.0)))
             if request.image else None)
    if image is not None and "elevation_deg" not in recorded:
        image = with_elevation(request, image, reporter, stages)
    if given is not None:
        if fitted := fitted_beside(request.views):
            reporter.log("warning", "the given views are images of a mesh; the views to which that "
                                    f"mesh was fitted are in {fitted}")
        sampled = Sampled(given, unet_evaluations=0)
    else:
        assert image is not None  # `require_input` has checked that there is one
        if not work.views.is_file():  # sampling takes long
            preview_directly(
                _photo(image), _settings(request, image.elevation_deg, image.radius, image),
                _context(field_device, work, reporter, None))
        sampled = _sampled_views(request, image, work, reporter, stages)
    pipeline = (load_model(request, reporter, stages) if request.refine or request.rounds
                else None)
    settings = _settings(request, *_input_camera(request, sampled.views, image), image)
    fit = fit_settings_of(sampled.views)
    settings = replace(settings, shape_prior=fit.shape_prior, continuation=fit.continuation)
    try:
        result = reconstruct(
            sampled.views, settings, _context(field_device, work, reporter, pipeline),
            _photo(image) if image else None)
    except EngineError as error:
        if given is not None or error.code is not ErrorCode.BAD_INPUT:
            raise
        raise EngineError(ErrorCode.BAD_INPUT, f"no shape was found for the object in "
                          f"{request.image}", NO_SHAPE_HINT) from error
    if pipeline is not None:
        report_memory_fallbacks(pipeline.memory_fallbacks, reporter)
    views = result.views or sampled.views
    return _Fitted(result, image, sampled.unet_evaluations + result.unet_evaluations,
                   poses_of(views), views.meta, views)


def fit_settings_of(views: ViewSet) -> FitSettings:
    """The settings of a fit to views by the family of their model; `GIVEN_FIT` for renderings, of
    a mesh or without a known model.
    """
    from ..models.families import GIVEN_FIT, family_in
    from ..models.installed_models import usable_folder

    model = views.meta.get("model")
    if not isinstance(model, str) or not model or views.meta.get(SOURCE) == MESH:
        return GIVEN_FIT
    try:
        return family_in(usable_folder(model)).fit
    except EngineError:
        return GIVEN_FIT


def _fit_by_score(request: ReconstructRequest, field_device: FieldDevice, work: WorkInProgress,
                  reporter: Reporter, stages: Stages) -> _Fitted:
    """The mesh of a method that needs no views."""
    from ..reconstruction import reconstruct_by_score

    if not request.image:
        raise EngineError(ErrorCode.BAD_INPUT, f"the method {request.method} needs an image",
                          "give `image`, or use the method views")
    image = with_elevation(request, prepare(request, reporter, stages), reporter, stages)
    loader: Callable[[str, str, str], Zero123Pipeline] | None = None
    if request.method in BASELINES:
        from ..models.variations import load_any

        loader = load_any
    pipeline = load_model(request, reporter, stages, loader)
    result = reconstruct_by_score(
        request.method, _photo(image),
        _settings(request, image.elevation_deg, image.radius, image),
        _context(field_device, work, reporter, pipeline))
    report_memory_fallbacks(pipeline.memory_fallbacks, reporter)
    poses = [(*direction, image.radius) for direction in two_ring_orbit(request.view_count)]
    meta = _origin(request, image) | {"model": request.model, "dtype": dtype_name(pipeline)}
    return _Fitted(result, image, result.unet_evaluations, poses, meta)


def _predict(request: ReconstructRequest, field_device: FieldDevice, work: WorkInProgress,
             reporter: Reporter, stages: Stages) -> _Fitted:
    """The shape network's mesh."""
    from ..reconstruction import RunContext, reconstruct_directly

    image = with_elevation(request, prepare(request, reporter, stages), reporter, stages)
    result = reconstruct_directly(
        _photo(image), _settings(request, image.elevation_deg, image.radius, image),
        RunContext(reporter=reporter))
    poses = [(azimuth, image.elevation_deg, image.radius) for azimuth in DIRECT_AZIMUTHS_DEG]
    return _Fitted(result, image, 0, poses, _origin(request, image) | {"model": SHAPE_MODEL})


def _origin(request: ReconstructRequest, image: FramedImage) -> dict[str, Any]:
    """What `views.json` says about the input of images of a mesh."""
    return {"image": request.image, "seed": request.seed,
            "input": input_camera(image.at(INPUT_SIZE), image.elevation_deg)}


def _photo(image: FramedImage) -> np.ndarray:
    """The input image for the fit and the texture: S x S x 4 float32, premultiplied."""
    return image.at(_photo_size(image)).premultiplied


def _photo_size(image: FramedImage) -> int:
    return min(max(len(image.rgba), PHOTO_SIZE[0]), PHOTO_SIZE[1])


def _texture_size(request: ReconstructRequest, image: FramedImage | None) -> int:
    """The requested size of the texture, or the size that the photo resolves."""
    if request.texture_size or image is None:
        return max(request.texture_size or min(TEXTURE_SIZE.values()), MIN_TEXTURE_SIZE)
    if request.method == "direct":  # a larger texture would take as long as all the rest
        return min(TEXTURE_SIZE.values())
    return next(size for side, size in TEXTURE_SIZE.items() if _photo_size(image) <= side)


def _settings(request: ReconstructRequest, elevation_deg: float, radius: float,
              image: FramedImage | None) -> ReconstructionSettings:
    """The request's settings of a reconstruction; elevation and radius are the input camera's."""
    from ..reconstruction import ReconstructionSettings

    return ReconstructionSettings(
        elevation_deg, radius, request.resolution, request.iterations, rounds=request.rounds,
        refine=request.refine, guidance_scale=request.guidance, representation=request.field,
        faces=request.faces, texture_size=_texture_size(request, image), seed=request.seed)


def _context(field_device: FieldDevice, work: WorkInProgress, reporter: Reporter,
             pipeline: Zero123Pipeline | None) -> RunContext:
    """The device, the model, and where progress, previews and checkpoints go."""
    from ..reconstruction import RunContext
    from ..reconstruction.checkpoint import Checkpoints
    from ..reconstruction.preview import Previews

    return RunContext(
        pipeline, field_device.device, reporter,
        Checkpoints(work.folder, work.key, warn=lambda text: reporter.log("warning", text)),
        Previews(work.folder, reporter.preview) if reporter.shows_previews else None)


def _field_device(request: ReconstructRequest) -> FieldDevice:
    """Where the field is optimised."""
    import torch

    from ..fields.device_selection import select_field_device

    if request.method == "direct":
        return select_field_device(torch.device("cpu"))
    from ..models import resolve_device

    return select_field_device(resolve_device(request.device))


def _sampled_views(request: ReconstructRequest, image: FramedImage, work: WorkInProgress,
                   reporter: Reporter, stages: Stages) -> Sampled:
    """The views to fit, kept as files, which a resumed job starts from."""
    from ..imaging.view_set import ViewSet

    if not work.views.is_file():
        sampled = sample_views(request, image, reporter, stages)
        sampled.views.meta["unet_evaluations"] = sampled.unet_evaluations
        sampled.views.save(work.views.parent)
    views = ViewSet.load(work.views)
    return Sampled(views, int(views.meta["unet_evaluations"]))


def sample_views(request: ReconstructRequest, image: FramedImage, reporter: Reporter,
                 stages: Stages) -> Sampled:
    """The views to fit, around the object at the distance of the image's camera."""
    from ..camera import two_ring_orbit

    poses = [(azimuth, elevation, image.radius)
             for azimuth, elevation in two_ring_orbit(request.view_count)]
    sampled = sample(request, image.at(INPUT_SIZE), image.elevation_deg, poses, 1, reporter,
                     stages)
    if not request.resample:
        return sampled
    return _with_better_samples(request, image, sampled, poses, reporter, stages)


def _with_better_samples(request: ReconstructRequest, image: FramedImage, sampled: Sampled,
                         poses: list[tuple[float, float, float]], reporter: Reporter,
                         stages: Stages) -> Sampled:
    """The views, of which those that agree least with the others are sampled once more."""
    from ..camera import FOV_DEG
    from ..reconstruction.posed_images import input_photo
    from ..reconstruction.resampling import better_views, doubtful_views, weights_of_views

    photo = input_photo(image.at(INPUT_SIZE).premultiplied, FOV_DEG, image.elevation_deg,
                        image.radius)
    with stages.measure("rate views"):
        weights = weights_of_views(sampled.views, photo, request.seed)
    doubtful = doubtful_views(weights)
    if not len(doubtful):
        return sampled
    other_seed = (request.seed + 1) % 2**31
    again = sample(replace(request, seed=other_seed), image.at(INPUT_SIZE), image.elevation_deg,
                   [poses[index] for index in doubtful], 1, reporter, stages)
    with stages.measure("rate views"):
        views = better_views(sampled.views, weights, again.views, doubtful, photo, request.seed)
    return Sampled(views, sampled.unet_evaluations + again.unet_evaluations)


def _input_camera(request: ReconstructRequest, views: ViewSet,
                  image: FramedImage | None) -> tuple[float, float]:
    """Elevation and radius of the input camera: as recorded with the views, else as asked for and
    framed."""
    recorded = views.meta.get("input")
    camera = recorded if isinstance(recorded, dict) else {}
    elevation = image.elevation_deg if image else request.given_elevation or 0.0
    radius = image.radius if image else request.input_radius
    return (float(camera.get("elevation_deg", elevation)), float(camera.get("radius", radius)))
