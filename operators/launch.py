# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an operator to a job, and from a finished job into the scene."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy

from ..engine.protocol import EngineError, ErrorCode
from ..engine.requests import PrepareRequest, Request, SegmentRequest
from . import addon, background, images, results
from .jobs import Job
from .runner import runner

FILES: dict[type[Request], str] = {SegmentRequest: "cut-out.png", PrepareRequest: "prepared.png"}
"""Names of results that are a single file."""


def start_engine(context: bpy.types.Context) -> None:
    """Start the engine with the preferences' settings, unless it runs.

    Raises:
        EngineError: `ENVIRONMENT` if it can't be started.
    """
    chosen = addon.preferences(context)
    log = addon.results_folder(context) / "engine.log"
    idle_s = chosen.idle_minutes * 60 or None
    runner.start_engine(chosen.engine_python, chosen.model_folder, log, addon.engine_folder(),
                        idle_s)
    background.watch()


def launch(context: bpy.types.Context, kind: type[Request], values: dict[str, Any],
           image: str, filepath: str) -> Job:
    """Send a request to the engine. Without a window this waits for the result and imports it.

    `values` are the request's fields but `image`; an empty `out` stands for a new folder.

    Raises:
        EngineError: Whatever the engine or the import says.
    """
    views = values.get("views", "")
    # Existing views can be fitted without the picture they were made from.
    found = images.find_image(context, image) if image or not (filepath or views) else None
    title = Path(found.name).stem if found else Path(filepath).stem or Path(views).parent.name
    folder = _folder(context, kind.KIND, title, values.get("out", ""))
    try:
        path = images.image_file(found, folder) if found else bpy.path.abspath(filepath)
        out = folder / FILES.get(kind, "")
        request = kind(**{**values, "image": str(path), "out": str(out)})
        return launch_request(context, request, title)
    except EngineError:
        with suppress(OSError):  # raised, and rightly, if there is anything in it
            if not values.get("out"):
                folder.rmdir()
        raise


def launch_request(context: bpy.types.Context, request: Request, title: str) -> Job:
    """As `launch`, with a complete request."""
    start_engine(context)
    job = runner.submit(request, title, context.scene.session_uid)
    if bpy.app.background:
        runner.wait(job)
        if job.import_pending:
            import_job(context, job)
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
    try:
        return results.import_result(job.result, scene, job.title, job.request, options)
    except EngineError as error:
        job.error = error
        raise


def _folder(context: bpy.types.Context, kind: str, title: str, out: str) -> Path:
    """The job's folder: the given one, or a new one among the results."""
    try:
        if not out:
            return addon.new_job_folder(context, kind, Path(title).stem)
        folder = Path(bpy.path.abspath(out))
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't make a folder for the results: {error}",
                          "choose another results folder in the preferences") from error
