# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an operator to a job, and from a finished job into the scene."""

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
from . import preferences as addon
from . import timer as background
from .checklist import checklist
from .job_store import journal
from .jobs import Job, Mend
from .runner import runner
from .view_selection import picks


def start_engine(context: bpy.types.Context) -> None:
    """Start the engine with the preferences' settings, unless it runs.

    Raises:
        EngineError: `ENVIRONMENT` if it can't be started.
    """
    chosen = addon.preferences(context)
    log = addon.results_folder(context) / "engine.log"
    idle_s = chosen.idle_minutes * 60 or None
    runner.start_engine(chosen.engine_python, chosen.model_folder, log, addon.engine_folder(),
                        idle_s, chosen.host)
    background.watch()


def start_ahead(context: bpy.types.Context) -> None:
    """With a window: start the engine, if all is there, while a person still chooses settings."""
    if not bpy.app.background and not checklist.incomplete and checklist.has_engine:
        with suppress(EngineError):  # the job that needs it tells
            start_engine(context)


def launch(context: bpy.types.Context, kind: type[Request], values: dict[str, Any],
           image: str, filepath: str, title: str = "", **plans: Any) -> Job:
    """Send a request to the engine. Without a window this waits for the result and imports it.

    `values` are the request's fields but `image`; an empty `out` stands for a new folder. The
    title is the picture's unless given; `plans` are the job's fields about its result.

    Raises:
        EngineError: Whatever the engine or the import says.
    """
    views = values.get("views", "")
    # Existing views can be fitted without the picture they were made from.
    found = images.find_image(context, image) if image or not (filepath or views) else None
    if not title:
        title = Path(found.name).stem if found else Path(filepath).stem or Path(views).parent.name
    with job_folder(context, kind, title, values) as folder:
        path = image_file(found, folder) if found else bpy.path.abspath(filepath)
        return launch_in(context, folder, kind, {**values, "image": str(path)}, title, **plans)


def launch_alone(context: bpy.types.Context, kind: type[Request], values: dict[str, Any],
                 title: str) -> Job:
    """As `launch`, for a job that starts from no picture."""
    with job_folder(context, kind, title, values) as folder:
        return launch_in(context, folder, kind, values, title)


def launch_in(context: bpy.types.Context, folder: Path, kind: type[Request],
              values: dict[str, Any], title: str, **plans: Any) -> Job:
    """As `launch_request`, with the result in a folder."""
    request = kind(**{**values, "out": str(kind.out_in(folder))})
    return launch_request(context, request, title, **plans)


def launch_request(context: bpy.types.Context, request: Request, title: str,
                   **plans: Any) -> Job:
    """As `launch`, with a complete request."""
    start_engine(context)
    job = runner.submit(request, title, context.scene.session_uid, **plans,
                        elsewhere=addon.preferences(context).host is not None)
    journal.note(context, job)
    if bpy.app.background:
        runner.wait(job)
        if job.import_pending and (note := describe_destination(import_job(context, job))):
            print(f"Zero123: {note}")
    else:
        background.watch()
        background.redraw()
    return job


def import_job(context: bpy.types.Context, job: Job,
               options: results.ImportOptions | None = None) -> list[bpy.types.ID]:
    """Bring a finished job's result into its scene, or the current one if that is gone.

    Raises:
        EngineError: If the files can't be used; the scene is as before.
    """
    job.import_pending = False
    scenes = {scene.session_uid: scene for scene in bpy.data.scenes}
    scene = scenes.get(job.scene_uid, context.scene)
    job.error = None
    options = options or job.options
    try:
        if job.mends is not None:
            _mend(scene, job.mends, job.result)
            return []
        return bring_in(job.result, scene, job.title, job.request, options, job.place)
    except EngineError as error:
        job.error = error
        raise


def bring_in(path: Path, scene: bpy.types.Scene, title: str = "",
             request: Request | None = None, options: results.ImportOptions | None = None,
             place: results.Place | None = None) -> list[bpy.types.ID]:
    """Import a result; its views are listed to be picked, and show what was picked of them before.

    Arguments as for `results.import_result`.

    Raises:
        EngineError: `BAD_INPUT` if it can't be read; nothing has changed then.
    """
    created = results.import_result(path, scene, title, request, options, place)
    if path.name == "views.json" and not (place and place.collection):
        picks.load(path, title)
        for index, view in enumerate(picks.views):
            if view.chosen:
                show_pick(scene, index)
    return created


def show_pick(scene: bpy.types.Scene, index: int) -> None:
    """Show the chosen sample of a listed view at its plane, if the result is in the scene.

    Raises:
        EngineError: `BAD_INPUT` if the picture can't be read.
    """
    assert picks.path is not None  # else there is no view
    view = picks.views[index]
    file = Path(view.sample.file)
    made = load_request(file.parent) if view.chosen >= view.made else None
    show_sample(scene, picks.path, view.facts, file, view.sample.seed,
                made.to_dict() if made else None)


def _mend(scene: bpy.types.Scene, mend: Mend, result: Path) -> None:
    """Take a job's result as further samples of a view, and show the first."""
    if picks.path != mend.path:
        picks.load(mend.path)
    index = picks.find(mend.pose)
    if index < 0:
        raise EngineError(ErrorCode.BAD_INPUT, f"{mend.path} has no such view any more",
                          "generate the views again")
    picks.add(index, result)
    show_pick(scene, index)


@contextmanager
def job_folder(context: bpy.types.Context, kind: type[Request], title: str,
                values: dict[str, Any]) -> Iterator[Path]:
    """The job's folder; a new one goes away again if the job can't be started or fails empty."""
    out = values.get("out", "")
    folder = result_folder(context, kind.KIND, title, out)
    try:
        yield folder
    except EngineError:
        with suppress(OSError):  # raised, and rightly, if there is anything in it
            if not out:
                folder.rmdir()
        raise


def result_folder(context: bpy.types.Context, kind: str, title: str, out: str) -> Path:
    """The job's folder: the given one, or a new one among the results.

    Raises:
        EngineError: `DISK` if it can't be made.
    """
    try:
        if not out:
            return addon.new_job_folder(context, kind, Path(title).stem)
        folder = Path(bpy.path.abspath(out)).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't make a folder for the results: {error}",
                          "choose another results folder in the preferences") from error
