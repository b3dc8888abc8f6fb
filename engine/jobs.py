# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine does: one function for each kind of request.

The same code runs in the server and in the command line. Importing this module loads nothing heavy;
each job loads what it needs. Results are built out of sight and appear when they are complete.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import outputs
from .loaded_model import loaded_model
from .protocol import EngineError, ErrorCode
from .reporting import Reporter
from .requests import (
    DiffusionRequest,
    ElevationRequest,
    FramedRequest,
    PrepareRequest,
    ReconstructRequest,
    RenderRequest,
    Request,
    SegmentRequest,
    TextRequest,
    TrainRequest,
    ViewsRequest,
    save_request,
)
from .resuming import WorkInProgress, work_in_progress

if TYPE_CHECKING:
    import numpy as np

    from .diffusion import Zero123Pipeline
    from .imaging import PreparedImage
    from .reconstruction import Reconstruction
    from .viewset import ViewSet

INPUT_SIZE = 256
"""Side in pixels to which the input picture is prepared, as in the original; a pipeline of another
size resizes it."""
PHOTO_SIZE = 512
"""Side for the texture, which can use more detail than the network sees."""
OLD_VIEWS = "view_[0-9][0-9][0-9].png"
"""The pictures of an earlier result in the same folder."""
_SUBJECTS = {"image": "picture"}
"""Fields that are told of by another word."""


def run(request: Request, reporter: Reporter) -> dict[str, Any]:
    """Do what is asked. Returns the job's report as plain JSON.

    Raises:
        EngineError: whatever a person can mend; `JobCancelled` if the reporter asks for the end.
    """
    if not request.out:
        raise EngineError(ErrorCode.BAD_INPUT, "there is no name for the result", "give `out`")
    if not getattr(request, request.SUBJECT).strip() and not (
            isinstance(request, ReconstructRequest) and request.views):
        subject = _SUBJECTS.get(request.SUBJECT, request.SUBJECT)
        raise EngineError(ErrorCode.BAD_INPUT, f"there is no {subject} to start from",
                          f"give `{request.SUBJECT}`")
    return _job(request)(request, reporter)


def _job(request: Request) -> Callable[[Any, Reporter], dict[str, Any]]:
    """The function for this kind of request. What few jobs need is imported by those."""
    jobs: dict[type[Request], Callable[[Any, Reporter], dict[str, Any]]] = {
        ViewsRequest: _views, ReconstructRequest: _reconstruct, SegmentRequest: _segment,
        PrepareRequest: _show_prepared, ElevationRequest: _elevation}
    if isinstance(request, TextRequest):
        from .text_to_image import text_to_image

        return text_to_image
    if isinstance(request, RenderRequest):
        from .training.rendering.dataset import render_job

        return render_job
    if isinstance(request, TrainRequest):
        from .training.job import train_job

        return train_job
    return jobs[type(request)]


@dataclass
class _Stages:
    """How long the parts of a job took."""

    seconds: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.seconds.append({"name": name, "seconds": round(time.monotonic() - start, 3)})


@dataclass(frozen=True)
class _Sampled:
    """What diffusion made."""

    views: ViewSet
    unet_evaluations: int


def _views(request: ViewsRequest, reporter: Reporter) -> dict[str, Any]:
    """Sample novel views into the folder `out`."""
    out = Path(request.out)
    poses = request.poses()
    stages = _Stages()
    with outputs.staged_folder(out, replaces=(OLD_VIEWS,)) as stage:
        picture = _prepare(request, INPUT_SIZE, reporter, stages)
        sampled = _sample(request, picture, poses, request.samples, reporter, stages)
        sampled.views.save(stage)
        save_request(request, stage)
        _save_input(stage, picture)
    _announce_views(out, len(sampled.views), reporter)
    return {"views": str(out / "views.json"), "count": len(sampled.views),
            "unet_evaluations": sampled.unet_evaluations, "stages": stages.seconds}


def _reconstruct(request: ReconstructRequest, reporter: Reporter) -> dict[str, Any]:
    """A textured mesh, with the views it was fitted to or pictures of it, in the folder `out`."""
    out = Path(request.out)
    stages = _Stages()
    with (outputs.staged_folder(out, replaces=(f"views/{OLD_VIEWS}",)) as stage,
          work_in_progress(request) as work):
        prepared = photo = None
        if request.image:
            prepared = _prepare(request, PHOTO_SIZE, reporter, stages)
            photo = _straight_alpha(prepared.rgb, prepared.alpha)
        if request.method == "views":
            views, result, evaluations = _fit_views(request, photo, work, reporter, stages)
        else:
            views, result, evaluations = _fit_by_score(request, photo, work, reporter, stages)
        views.save(stage / "views")
        if prepared is not None:
            _save_input(stage / "views", prepared)
        result.mesh.save_glb(stage / "mesh.glb")
        if request.obj:
            result.mesh.save_obj(stage / "mesh.obj")
        if request.ply:
            result.mesh.save_ply(stage / "mesh.ply")
        from .reconstruction.memory import peak_memory_mb

        report = {
            "schema": "zero123.mesh/1", "method": request.method,
            "model": views.meta.get("model", request.model), "seed": request.seed,
            "vertices": len(result.mesh.vertices), "faces": len(result.mesh.faces),
            "watertight": bool(result.mesh.is_watertight), "unet_evaluations": evaluations,
            "peak_memory_mb": peak_memory_mb(),
            "stages": [*stages.seconds, *result.stages]}
        save_request(request, stage)
        (stage / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    _announce_views(out / "views", len(views), reporter)
    for name in ["mesh.glb"] + ["mesh.obj"] * request.obj + ["mesh.ply"] * request.ply:
        reporter.artifact("mesh", out / name)
    reporter.artifact("report", out / "report.json")
    return {"mesh": str(out / "mesh.glb"), "views": str(out / "views" / "views.json"),
            "report": str(out / "report.json"), **report}


def _fit_views(request: ReconstructRequest, photo: np.ndarray | None, work: WorkInProgress,
               reporter: Reporter, stages: _Stages) -> tuple[ViewSet, Reconstruction, int]:
    """(views, mesh, UNet evaluations) of the fit to sampled or given views."""
    from .reconstruction import reconstruct

    sampled = _given_or_sampled_views(request, work, reporter, stages)
    pipeline = _load_model(request, reporter, stages) if request.refine else None
    result = reconstruct(
        sampled.views, photo=photo, refine=request.refine, pipeline=pipeline,
        **_companions(work, reporter), **_input_camera(request, sampled.views),
        **_mesh_options(request))
    return sampled.views, result, sampled.unet_evaluations + result.unet_evaluations


def _fit_by_score(request: ReconstructRequest, photo: np.ndarray | None, work: WorkInProgress,
                  reporter: Reporter, stages: _Stages) -> tuple[ViewSet, Reconstruction, int]:
    """(pictures of the mesh, mesh, UNet evaluations) of a method that needs no views."""
    import numpy as np

    from .camera import two_ring_orbit
    from .mesh.picture import of_mesh
    from .reconstruction import reconstruct_by_score

    if photo is None:
        raise EngineError(ErrorCode.BAD_INPUT, f"{request.method} starts from a picture",
                          "give `image`, or use the method views")
    pipeline = _load_model(request, reporter, stages)
    result = reconstruct_by_score(
        pipeline, photo, method=request.method, input_elevation_deg=request.input_elevation,
        input_radius=request.input_radius, **_companions(work, reporter),
        **_mesh_options(request))
    poses = [(azimuth, elevation, request.input_radius)
             for azimuth, elevation in two_ring_orbit(request.view_count)]
    thing = of_mesh(result.mesh)
    images = np.stack([thing.picture(*pose, INPUT_SIZE) for pose in poses]) / np.float32(255)
    meta = {"image": request.image, "model": request.model, "seed": request.seed}
    return _view_set(request, images, poses, 1, meta), result, result.unet_evaluations


def _companions(work: WorkInProgress, reporter: Reporter) -> dict[str, Any]:
    """What goes along with every method: where it is kept, shown and told of."""
    from .reconstruction.checkpoint import Checkpoints
    from .reconstruction.preview import Previews

    return {"checkpoints": Checkpoints(work.folder, work.key,
                                       warn=lambda text: reporter.log("warning", text)),
            "previews": (Previews(work.folder, reporter.preview) if reporter.shows_previews
                         else None),
            "reporter": reporter}


def _mesh_options(request: ReconstructRequest) -> dict[str, Any]:
    """What every method is told of the mesh."""
    return {"resolution": request.resolution, "iterations": request.iterations,
            "faces": request.faces, "texture_size": request.texture_size, "seed": request.seed,
            "guidance_scale": request.guidance, "representation": request.field}


def _segment(request: SegmentRequest, reporter: Reporter) -> dict[str, Any]:
    """Cut the object out of its background into the file `out`."""
    from .imaging import cut_out, save_png

    out = Path(request.out)
    with outputs.staged_file(out) as stage:
        reporter.progress("segment", 0, 1)
        rgba = cut_out(Path(request.image))
        reporter.progress("segment", 1, 1)
        save_png(stage, rgba.astype("float32") / 255)
    reporter.artifact("image", out)
    return {"image": str(out), "width": rgba.shape[1], "height": rgba.shape[0]}


def _show_prepared(request: PrepareRequest, reporter: Reporter) -> dict[str, Any]:
    """The input picture as the other jobs prepare it, into the file `out`."""
    out = Path(request.out)
    with outputs.staged_file(out) as stage:
        _save_prepared(stage, _prepare(request, INPUT_SIZE, reporter, _Stages()))
    reporter.artifact("image", out)
    return {"image": str(out), "width": INPUT_SIZE, "height": INPUT_SIZE}


def _elevation(request: ElevationRequest, reporter: Reporter) -> dict[str, Any]:
    """Estimate the elevation of the input picture's camera, into the file `out`.

    `input_elevation` doesn't count: the model only knows by how much a camera moves.
    """
    import numpy as np

    from .reconstruction.elevation import estimate_elevation, relative_poses

    out, stages = Path(request.out), _Stages()
    with outputs.staged_file(out) as stage:
        picture = _prepare(request, INPUT_SIZE, reporter, stages)
        base = dataclasses.replace(request, input_elevation=0.0)
        poses = [(azimuth, higher, request.input_radius) for azimuth, higher in relative_poses()]
        sampled = _sample(base, picture, poses, 1, reporter, stages)
        reporter.progress("estimate", 0, 1)
        silhouettes = sampled.views.images[..., 3]
        own = _shrunk(picture.alpha, silhouettes.shape[1])
        with stages.measure("estimate"):
            estimate = estimate_elevation(np.concatenate([silhouettes, own[None]]),
                                          [*relative_poses(), (0.0, 0.0)], request.input_radius)
        reporter.progress("estimate", 1, 1)
        stage.write_text(json.dumps(estimate.to_dict(), indent=1), encoding="utf-8")
    reporter.artifact("elevation", out)
    return {"elevation": str(out), "elevation_deg": estimate.elevation_deg,
            "unet_evaluations": sampled.unet_evaluations, "stages": stages.seconds}


def _shrunk(alpha: np.ndarray, size: int) -> np.ndarray:
    """H x W opacities in [0, 1] at size x size pixels."""
    import numpy as np
    from PIL import Image

    return np.asarray(Image.fromarray(np.asarray(alpha, np.float32)).resize(
        (size, size), Image.Resampling.BOX))


def _prepare(request: FramedRequest, size: int, reporter: Reporter,
             stages: _Stages) -> PreparedImage:
    """The input picture, cut out and `size` pixels square."""
    from .camera import DEFAULT_RADIUS
    from .imaging import OBJECT_FRACTION, load_input

    with stages.measure("prepare"):
        reporter.progress("prepare", 0, 1)
        # The closer the camera, the more of the frame an object of the same size fills.
        fraction = min(OBJECT_FRACTION * DEFAULT_RADIUS / request.input_radius, 1.0)
        prepared = load_input(Path(request.image), size=size, recentre=request.recentre,
                              object_fraction=fraction)
        reporter.progress("prepare", 1, 1)
    return prepared


def _save_input(folder: Path, picture: PreparedImage) -> None:
    """The input picture as the network saw it, in the frame of the input camera."""
    _save_prepared(folder / "input.png", picture)


def _save_prepared(path: Path, picture: PreparedImage) -> None:
    from .imaging import save_png

    save_png(path, _straight_alpha(picture.rgb, picture.alpha))


def _load_model(request: DiffusionRequest, reporter: Reporter, stages: _Stages) -> Zero123Pipeline:
    """The pipeline that a request names."""
    with stages.measure("load model"):
        reporter.progress("load model", 0, 1)
        pipeline = loaded_model.get(request.model, request.device)
        reporter.progress("load model", 1, 1)
    return pipeline


def _sample(request: DiffusionRequest, picture: PreparedImage,
            poses: Sequence[tuple[float, float, float]], samples: int, reporter: Reporter,
            stages: _Stages) -> _Sampled:
    """Views of the picture at (azimuth, elevation, radius) poses."""
    import numpy as np
    import torch

    from .imaging import foreground_alpha

    pipeline = _load_model(request, reporter, stages)
    steps = request.steps or pipeline.config.default_num_inference_steps
    guidance = request.guidance or pipeline.config.default_guidance_scale

    def report_step(pipeline: Zero123Pipeline, index: int, timestep: int, tensors: dict) -> dict:
        reporter.progress("sample", index + 1, pipeline.num_timesteps)
        return tensors

    azimuth, elevation, radius = map(list, zip(*poses, strict=True))
    with stages.measure("sample"):
        output = pipeline(
            picture.rgb, azimuth=azimuth, elevation=elevation, radius=radius,
            input_elevation=request.input_elevation, input_radius=request.input_radius,
            num_samples=samples, num_inference_steps=steps, guidance_scale=guidance,
            sampler=request.sampler, eta=request.eta,
            generator=torch.Generator("cpu").manual_seed(request.seed), output_type="np",
            callback_on_step_end=report_step)
    for saving in pipeline.savings:
        reporter.log("warning", f"memory is short: {saving}, which takes longer")
    meta = {"image": request.image, "model": request.model, "seed": request.seed, "steps": steps,
            "guidance": guidance, "sampler": request.sampler}
    assert isinstance(output.images, np.ndarray)
    rgba = np.stack([_straight_alpha(rgb, foreground_alpha(rgb)) for rgb in output.images])
    return _Sampled(_view_set(request, rgba, poses, samples, meta), output.unet_evaluations)


def _view_set(request: DiffusionRequest, images: np.ndarray,
              poses: Sequence[tuple[float, float, float]], samples: int,
              meta: dict[str, Any]) -> ViewSet:
    """RGBA pictures (views x samples, view-major) with their cameras."""
    import numpy as np

    from .camera import FOV_DEG
    from .viewset import ViewSet

    azimuth, elevation, radius = np.repeat(np.array(poses, float), samples, axis=0).T
    camera = {"elevation_deg": request.input_elevation, "radius": request.input_radius,
              "fov_deg": FOV_DEG}
    return ViewSet(images=images, azimuth_deg=azimuth, elevation_deg=elevation, radius=radius,
                   sample=np.tile(np.arange(samples), len(poses)), meta={**meta, "input": camera})


def _straight_alpha(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """H x W x 4 that gives `rgb` (H x W x 3) again when it is composited on white."""
    import numpy as np

    covered = alpha[..., None] > 0
    colour = 1 - np.divide(1 - rgb, alpha[..., None], out=np.zeros_like(rgb), where=covered)
    return np.dstack([np.clip(colour, 0, 1), alpha])


def _given_or_sampled_views(request: ReconstructRequest, work: WorkInProgress,
                            reporter: Reporter, stages: _Stages) -> _Sampled:
    """The views to fit. Sampled ones are kept as files, which a resumed job starts from."""
    from .camera import two_ring_orbit
    from .viewset import ViewSet

    if request.views:
        return _Sampled(ViewSet.load(request.views), unet_evaluations=0)
    if not work.views.is_file():
        poses = [(azimuth, elevation, request.input_radius)
                 for azimuth, elevation in two_ring_orbit(request.view_count)]
        picture = _prepare(request, INPUT_SIZE, reporter, stages)
        sampled = _sample(request, picture, poses, 1, reporter, stages)
        sampled.views.meta["unet_evaluations"] = sampled.unet_evaluations
        sampled.views.save(work.views.parent)
    views = ViewSet.load(work.views)
    return _Sampled(views, int(views.meta["unet_evaluations"]))


def _input_camera(request: ReconstructRequest, views: ViewSet) -> dict[str, Any]:
    """Where the photo was taken from: as recorded with the views, else as asked for."""
    recorded = views.meta.get("input")
    camera = recorded if isinstance(recorded, dict) else {}
    values = {"input_elevation_deg": camera.get("elevation_deg", request.input_elevation),
              "input_radius": camera.get("radius", request.input_radius)}
    return {name: float(value) for name, value in values.items()}


def _announce_views(folder: Path, count: int, reporter: Reporter) -> None:
    for i in range(count):
        reporter.artifact("view", folder / f"view_{i:03d}.png")
    reporter.artifact("views", folder / "views.json")
