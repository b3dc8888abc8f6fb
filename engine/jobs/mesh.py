# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that makes a textured mesh of an image, or of existing views."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter
from ..core.requests import BASELINES, ReconstructRequest, save_request
from ..core.resume import WorkInProgress, work_in_progress
from ..core.staging import staged_folder
from .sampling import (
    INPUT_SIZE,
    Sampled,
    Stages,
    dtype_name,
    load_model,
    prepare,
    sample,
    save_input,
    straight_alpha,
    tell_savings,
    view_set,
)
from .views import announce_views

if TYPE_CHECKING:
    import numpy as np

    from ..diffusion import Zero123Pipeline
    from ..fields.device_selection import FieldDevice
    from ..imaging.view_set import ViewSet
    from ..reconstruction import Reconstruction

PHOTO_SIZE = 512
"""Side in pixels of the image for the texture, which uses more detail than the network sees."""


def make_mesh(request: ReconstructRequest, reporter: Reporter) -> dict[str, Any]:
    """A textured mesh, with the views it was fitted to or pictures of it, in the folder `out`."""
    out = Path(request.out)
    stages = Stages()
    with (staged_folder(out, replaces=request.OWN_FILES) as stage,
          work_in_progress(request) as work):
        prepared = photo = None
        if request.image:
            prepared = prepare(request, PHOTO_SIZE, reporter, stages)
            photo = straight_alpha(prepared.rgb, prepared.alpha)
        fit = _fit_views if request.method == "views" else _fit_by_score
        field_device = _field_device(request)
        with field_device.libraries_used(lambda text: reporter.log("warning", text)) as use:
            views, result, evaluations = fit(request, photo, field_device, work, reporter, stages)
        views.save(stage / "views")
        if prepared is not None:
            save_input(stage / "views", prepared)
        result.mesh.save_glb(stage / "mesh.glb")
        if request.obj:
            result.mesh.save_obj(stage / "mesh.obj")
        if request.ply:
            result.mesh.save_ply(stage / "mesh.ply")
        from ..mesh.axes import FRONT
        from ..reconstruction.memory import peak_memory_mb

        report = {
            "schema": "zero123.mesh/2", "front": FRONT, "method": request.method,
            "model": views.meta.get("model", request.model), "seed": request.seed,
            "dtype": views.meta.get("dtype"),
            "vertices": len(result.mesh.vertices), "faces": len(result.mesh.faces),
            "watertight": bool(result.mesh.is_watertight), "unet_evaluations": evaluations,
            "fields": field_device.without(use.failures).report(),
            "peak_memory_mb": peak_memory_mb(),
            "stages": [*stages.seconds, *result.stages]}
        save_request(request, stage)
        (stage / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    announce_views(out / "views", len(views), reporter)
    for name in ["mesh.glb"] + ["mesh.obj"] * request.obj + ["mesh.ply"] * request.ply:
        reporter.artifact("mesh", out / name)
    reporter.artifact("report", out / "report.json")
    return {"mesh": str(out / "mesh.glb"), "views": str(out / "views" / "views.json"),
            "report": str(out / "report.json"), **report}


def _fit_views(request: ReconstructRequest, photo: np.ndarray | None, field_device: FieldDevice,
               work: WorkInProgress, reporter: Reporter,
               stages: Stages) -> tuple[ViewSet, Reconstruction, int]:
    """(views, mesh, UNet evaluations) of the fit to sampled or given views."""
    from ..reconstruction import reconstruct

    sampled = _given_or_sampled_views(request, work, reporter, stages)
    pipeline = load_model(request, reporter, stages) if request.refine else None
    result = reconstruct(
        sampled.views, photo=photo, refine=request.refine, pipeline=pipeline,
        **_companions(work, reporter), **_input_camera(request, sampled.views),
        **_mesh_options(request, field_device))
    if pipeline is not None:
        tell_savings(pipeline.memory_fallbacks, reporter)
    return sampled.views, result, sampled.unet_evaluations + result.unet_evaluations


def _fit_by_score(request: ReconstructRequest, photo: np.ndarray | None, field_device: FieldDevice,
                  work: WorkInProgress, reporter: Reporter,
                  stages: Stages) -> tuple[ViewSet, Reconstruction, int]:
    """(pictures of the mesh, mesh, UNet evaluations) of a method that needs no views."""
    import numpy as np

    from ..camera import two_ring_orbit
    from ..mesh.rendering import of_mesh
    from ..reconstruction import reconstruct_by_score

    if photo is None:
        raise EngineError(ErrorCode.BAD_INPUT, f"{request.method} starts from a picture",
                          "give `image`, or use the method views")
    loader: Callable[[str, str, str], Zero123Pipeline] | None = None
    if request.method in BASELINES:
        from ..models.variations import load_any

        loader = load_any
    pipeline = load_model(request, reporter, stages, loader)
    result = reconstruct_by_score(
        pipeline, photo, method=request.method, input_elevation_deg=request.input_elevation,
        input_radius=request.input_radius, **_companions(work, reporter),
        **_mesh_options(request, field_device))
    tell_savings(pipeline.memory_fallbacks, reporter)
    poses = [(azimuth, elevation, request.input_radius)
             for azimuth, elevation in two_ring_orbit(request.view_count)]
    thing = of_mesh(result.mesh)
    images = np.stack([thing.picture(*pose, INPUT_SIZE) for pose in poses]) / np.float32(255)
    meta = {"image": request.image, "model": request.model, "seed": request.seed,
            "dtype": dtype_name(pipeline)}
    shown = view_set(request, request.input_elevation, images, poses, 1, meta)
    return shown, result, result.unet_evaluations


def _companions(work: WorkInProgress, reporter: Reporter) -> dict[str, Any]:
    """What goes along with every method: where it is kept, shown and told of."""
    from ..reconstruction.checkpoint import Checkpoints
    from ..reconstruction.preview import Previews

    return {"checkpoints": Checkpoints(work.folder, work.key,
                                       warn=lambda text: reporter.log("warning", text)),
            "previews": (Previews(work.folder, reporter.preview) if reporter.shows_previews
                         else None),
            "reporter": reporter}


def _mesh_options(request: ReconstructRequest, field_device: FieldDevice) -> dict[str, Any]:
    """What every method is told of the mesh."""
    return {"resolution": request.resolution, "iterations": request.iterations,
            "faces": request.faces, "texture_size": request.texture_size, "seed": request.seed,
            "guidance_scale": request.guidance, "representation": request.field,
            "device": field_device.device}


def _field_device(request: ReconstructRequest) -> FieldDevice:
    """Where the field is optimised."""
    from ..fields.device_selection import select_field_device
    from ..models import resolve_device

    return select_field_device(resolve_device(request.device))


def _given_or_sampled_views(request: ReconstructRequest, work: WorkInProgress,
                            reporter: Reporter, stages: Stages) -> Sampled:
    """The views to fit. Sampled ones are kept as files, which a resumed job starts from."""
    from ..camera import two_ring_orbit
    from ..imaging.view_set import ViewSet

    if request.views:
        return Sampled(ViewSet.load(request.views), unet_evaluations=0)
    if not work.views.is_file():
        poses = [(azimuth, elevation, request.input_radius)
                 for azimuth, elevation in two_ring_orbit(request.view_count)]
        picture = prepare(request, INPUT_SIZE, reporter, stages)
        sampled = sample(request, picture, request.input_elevation, poses, 1, reporter, stages)
        sampled.views.meta["unet_evaluations"] = sampled.unet_evaluations
        sampled.views.save(work.views.parent)
    views = ViewSet.load(work.views)
    return Sampled(views, int(views.meta["unet_evaluations"]))


def _input_camera(request: ReconstructRequest, views: ViewSet) -> dict[str, Any]:
    """Where the photo was taken from: as recorded with the views, else as asked for."""
    recorded = views.meta.get("input")
    camera = recorded if isinstance(recorded, dict) else {}
    values = {"input_elevation_deg": camera.get("elevation_deg", request.input_elevation),
              "input_radius": camera.get("radius", request.input_radius)}
    return {name: float(value) for name, value in values.items()}
