# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts jobs for operators, and imports the results of finished jobs into the scene."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import bpy

from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.requests import Request, load_request
from .. import scene as results
from ..scene import images
from ..scene.destination import describe_destination
from ..scene.image_files import image_file
from ..scene.replace_view import show_sample
from ..scene.result_files import views_to_fit
from . import preferences as addon
from .jobs import Job, ReplacedView
from .state import session
from .window import redraw_areas


def start_engine(context: bpy.types.Context) -> None:
    """Start the engine with the settings of the preferences, unless it is running.

    Raises:
        EngineError: `ENVIRONMENT` if it cannot be started.
    """
    chosen = addon.preferences(context)
    idle_s = chosen.idle_minutes * 60 or None
    session.runner.start_engine(
        chosen.engine_python, chosen.model_folder, addon.engine_log(context),
        addon.engine_folder(), idle_s, chosen.host)
    session.timer.start()


def preload_engine(context: bpy.types.Context) -> None:
    """Start the engine while the user is still choosing settings, if the set-up is complete.

    Without a window this does nothing.
    """
    checklist = session.checklist
    if not bpy.app.background and not checklist.incomplete and checklist.has_engine:
        with suppress(EngineError):  # the job that needs the engine reports the error
            start_engine(context)


def launch(context: bpy.types.Context, kind: type[Request], values: dict[str, Any],
           image: str, filepath: str, title: str = "", **plans: Any) -> Job:
    """Start a job from an image. Without a window this waits for the result and imports it.

    `values` are the request's fields except `image`; an empty `out` means a new folder. The title
    is the image's name unless given; `plans` are the job's fields about its result.

    Raises:
        EngineError: The job cannot be started, or without a window fails.
    """
    views = values.get("views", "")
    # A mesh can be fitted to existing views without their input image.
    found = images.find_image(context, image) if image or not (filepath or views) else None
    if not title:
        title = Path(found.name).stem if found else Path(filepath).stem or Path(views).parent.name
    with job_folder(context, kind, title, values) as folder:
        path = image_file(found, folder) if found else _full_path(filepath)
        return launch_in(context, folder, kind, {**values, "image": str(path)}, title, **plans)


def _full_path(filepath: str) -> str:
    """The absolute path of a file, because the engine runs in another folder; empty stays empty."""
    return str(Path(bpy.path.abspath(filepath)).expanduser().absolute()) if filepath else ""


def launch_alone(context: bpy.types.Context, kind: type[Request], values: dict[str, Any],
                 title: str) -> Job:
    """Like `launch`, for a job without an input image."""
    with job_folder(context, kind, title, values) as folder:
        return launch_in(context, folder, kind, values, title)


def launch_in(context: bpy.types.Context, folder: Path, kind: type[Request],
              values: dict[str, Any], title: str, **plans: Any) -> Job:
    """Like `launch_request`, with the result in a folder."""
    request = kind(**{**values, "out": str(kind.out_in(folder))})
    return launch_request(context, request, title, **plans)


def launch_request(context: bpy.types.Context, request: Request, title: str,
                   **plans: Any) -> Job:
    """Like `launch`, with a complete request."""
    start_engine(context)
    # No handler was called for the file that was open when the add-on was enabled.
    session.open_file.current.path = bpy.data.filepath
    job = session.runner.submit(request, title, context.scene.session_uid, **plans,
                                scene_name=context.scene.name, file=session.open_file.current,
                                elsewhere=addon.preferences(context).host is not None)
    session.job_store.save(context, job)
    if bpy.app.background:
        session.runner.wait(job)
        if job.import_pending and (note := describe_destination(import_job(context, job))):
            print(f"Zero123: {note}")
    else:
        session.timer.start()
        redraw_areas()
    return job


def import_job(context: bpy.types.Context, job: Job,
               options: results.ImportOptions | None = None) -> list[bpy.types.ID]:
    """Import a finished job's result into its scene, or into the current one if that is gone.

    In another .blend file than the job's it goes to the current scene, at the place that the
    options choose.

    Raises:
        EngineError: The files cannot be used; the scene is unchanged.
    """
    job.import_pending = False
    own_file = session.open_file.is_open(job.file)
    scene = (_scene_of(job) if own_file else None) or context.scene
    job.error = None
    options = options or job.options
    try:
        if job.replaces_view is not None:
            _add_samples(scene, job.replaces_view, job.result)
            return []
        return import_files(job.result, scene, job.title, job.request, options,
                            job.place if own_file else None)
    except EngineError as error:
        job.error = error
        raise


def _scene_of(job: Job) -> bpy.types.Scene | None:
    """The job's scene in its open file; its `session_uid` changes if the file is opened again."""
    scenes = {scene.session_uid: scene for scene in bpy.data.scenes}
    return scenes.get(job.scene_uid) or bpy.data.scenes.get(job.scene_name)


def import_files(path: Path, scene: bpy.types.Scene, title: str = "",
             request: Request | None = None, options: results.ImportOptions | None = None,
             place: results.Place | None = None) -> list[bpy.types.ID]:
    """Import a result and list its views for selection, with the selection that was saved.

    A model's folder becomes the scene's model instead. The arguments are those of
    `scene.import_result`. Returns the new data-blocks.

    Raises:
        EngineError: `BAD_INPUT` if it cannot be read; the file is unchanged.
    """
    if (path / "model_index.json").is_file():  # a trained model
        scene.zero123.model = addon.model_name(bpy.context, path)
        return []
    created = results.import_result(path, scene, title, request, options, place)
    if path.name == "views.json" and not (place and place.collection):
        session.view_selection.load(views_to_fit(path), title)
        for index, view in enumerate(session.view_selection.views):
            if view.chosen:
                show_chosen_sample(scene, index)
    return created


def show_chosen_sample(scene: bpy.types.Scene, index: int) -> None:
    """Show the chosen sample of a listed view on its plane, if the result is in the scene.

    Raises:
        EngineError: `BAD_INPUT` if the image cannot be read.
    """
    selection = session.view_selection
    assert selection.path is not None  # else there would be no view
    view = selection.views[index]
    file = Path(view.sample.file)
    made = load_request(file.parent) if view.chosen >= view.made else None
    show_sample(scene, selection.path, view.facts, file, view.sample.seed,
                made.to_dict() if made else None)


def _add_samples(scene: bpy.types.Scene, view: ReplacedView, result: Path) -> None:
    """Add a job's result to a view as new samples, and show the first of them."""
    selection = session.view_selection
    if selection.path != view.path:
        selection.load(view.path)
    index = selection.find(view.pose)
    if index < 0:
        raise EngineError(ErrorCode.BAD_INPUT, f"{view.path} no longer contains this view",
                          "generate the views again")
    selection.add(index, result)
    show_chosen_sample(scene, index)


@contextmanager
def job_folder(context: bpy.types.Context, kind: type[Request], title: str,
               values: dict[str, Any]) -> Iterator[Path]:
    """The job's folder. A new one is removed if the job cannot be started or fails without files.
    """
    out = values.get("out", "")
    folder = result_folder(context, kind.KIND, title, out)
    try:
        yield folder
    except EngineError:
        with suppress(OSError):  # raised for a folder that is not empty
            if not out:
                folder.rmdir()
        raise


def result_folder(context: bpy.types.Context, kind: str, title: str, out: str) -> Path:
    """The job's folder: the given one, or a new one in the results folder.

    Raises:
        EngineError: `DISK` if it cannot be created.
    """
    try:
        if not out:
            return addon.new_job_folder(context, kind, Path(title).stem)
        folder = Path(bpy.path.abspath(out)).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"cannot create a folder for the results: {error}",
                          "choose another results folder in the preferences") from error
