# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks of Blender's side and of the engine's start.

Where the reference is a limit instead of a program, the row says so. As a script this file is the
part inside Blender, with the module bpy in a separate process.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

if TYPE_CHECKING:
    from timing import Row

PACKAGE = "bl_ext.user_default.zero123"
RUNS = 7
REGISTER_S, TICK_S, READY_S = 0.020, 0.005, 0.300
"""Time limits in seconds for enabling the extension, a poll of a running job and the engine's
start."""
CHOOSING_S = 15.0
"""Minimum time in seconds for which a user chooses settings before a first job."""


def row(what: str, reference: float, ours: float) -> Row:
    return {"what": what, "reference s": reference, "ours s": ours,
            "share of time": ours / reference}


def blender_side() -> Iterator[Row]:
    """All rows of this file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = ball_picture(folder / "ball.png")
        yield from inside_blender(folder, picture)
        yield engine_start()
        yield first_job(folder, picture)


def inside_blender(folder: Path, picture: Path) -> list[Row]:
    """The measurements with the module bpy, in a separate process."""
    from build_extension import build

    archive = build(folder / "zero123.zip")
    out = folder / "rows.json"
    subprocess.run([sys.executable, __file__, str(archive), str(picture), str(out)],
                   env={**os.environ, "BLENDER_USER_RESOURCES": str(folder)}, check=True,
                   stdout=sys.stderr)
    return json.loads(out.read_text(encoding="utf-8"))


def engine_start() -> Row:
    """From the start of the process to its greeting."""
    from engine.transport.client import EngineClient, engine_command

    times = []
    for _ in range(RUNS):
        with EngineClient(engine_command(sys.executable)) as client:
            start = time.perf_counter()
            client.wait_ready()
            times.append(time.perf_counter() - start)
    return row(f"engine: start to ready against {1000 * READY_S:.0f} ms", READY_S, min(times))


def first_job(folder: Path, picture: Path) -> Row:
    """From a view's submission to its first step: at once, and after the user has chosen
    settings.
    """
    times = {wait: min(first_step(folder / f"{wait}-{run}", picture, wait) for run in range(2))
             for wait in (0.0, CHOOSING_S)}
    return row("engine: first step of the first job, loaded ahead", times[0.0], times[CHOOSING_S])


def first_step(out: Path, picture: Path, wait: float) -> float:
    """Seconds from a job's submission to the first step of its sampling."""
    from engine.core.protocol import Message, Progress
    from engine.core.requests import ViewsRequest
    from engine.transport.client import EngineClient, engine_command

    request = ViewsRequest(image=str(picture), out=str(out), azimuth=[30.0], steps=4)
    steps: list[float] = []

    def note(message: Message) -> None:
        if isinstance(message, Progress) and message.stage == "sample":
            steps.append(time.perf_counter())

    with EngineClient(engine_command(sys.executable)) as client:
        client.wait_ready()
        time.sleep(wait)
        start = time.perf_counter()
        client.wait(client.submit(request.KIND, request), on_message=note)
    return steps[0] - start


def ball_picture(path: Path) -> Path:
    """An orange ball on a transparent background."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    inside = x**2 + y**2 < 0.6
    shade = np.clip(0.6 - 0.4 * x - 0.4 * y, 0, 1)
    rgba = np.stack([255 * shade, 140 * shade, 40 * shade, 255 * inside], axis=-1)
    Image.fromarray((rgba * inside[..., None]).astype(np.uint8)).save(path)
    return path


# Inside Blender.


def main(archive: str, picture: str, out: str) -> None:
    import bpy

    bpy.ops.extensions.package_install_files(
        repo="user_default", filepath=archive, enable_on_install=True, overwrite=True)
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    preferences.engine_python, preferences.results_folder = sys.executable, str(Path(out).parent)
    rows = [registration(), looks(picture, out)]
    Path(out).write_text(json.dumps(rows), encoding="utf-8")
    os._exit(0)  # Blender as a module may crash while it is torn down


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        function()
    return time.perf_counter() - start


def registration() -> Row:
    """The time of enabling the extension."""
    package = importlib.import_module(PACKAGE)
    times = []
    for _ in range(RUNS):
        package.unregister()
        times.append(timed(package.register))
    return row(f"Blender: register() against {1000 * REGISTER_S:.0f} ms", REGISTER_S, min(times))


def looks(picture: str, out: str) -> Row:
    """The timer while a mesh is fitted, and the reading of its previews, which needs a window: the
    99th percentile of the thread's own time.
    """
    import bpy

    def module(name: str) -> Any:
        return importlib.import_module(f"{PACKAGE}.operators.{name}")

    request = importlib.import_module(f"{PACKAGE}.engine.core.requests").ReconstructRequest(
        image=picture, out=str(Path(out).with_name("mesh")), iterations=600)
    runner = module("session").session.runner
    module("session.launch").start_engine(bpy.context)
    job = runner.submit(request, "ball", bpy.context.scene.session_uid)
    times, previews = [], 0
    while not job.state.ended:
        time.sleep(0.02)
        start = time.thread_time()
        module("session").session.timer.tick()
        if job.preview_count > previews:
            previews = job.preview_count
            module("session.preview_mesh").read_preview(job.preview)
        times.append(time.thread_time() - start)
    runner.stop_engine()
    if job.error is not None:
        raise job.error
    return row(f"Blender: look at a running job against {1000 * TICK_S:.0f} ms", TICK_S,
               sorted(times)[int(0.99 * len(times))])


if __name__ == "__main__":
    main(*sys.argv[1:])
