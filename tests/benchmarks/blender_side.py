# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's side and the engine's start.

Where the reference is a limit and no program, the row says so. Run as a script it is the part
inside Blender: the module bpy, in a process of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import statistics
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

    from engine.mesh.textured import TexturedMesh

PACKAGE = "bl_ext.user_default.zero123"
RUNS = 7
QUADS, CHART = 224, 14
"""The sphere has so many quads either way, in charts of so many: 100,352 triangles."""
REGISTER_S, TICK_S, READY_S = 0.020, 0.005, 0.300
"""What switching on, a look at a running job and the engine's start may take."""
CHOOSING_S = 15.0
"""How long a person chooses, at least, before a first job."""


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
    """What the module bpy measures, in a process of its own."""
    from build_extension import build

    archive = build(folder / "zero123.zip")
    mesh = sphere().save_glb(folder / "sphere" / "mesh.glb")
    out = folder / "rows.json"
    subprocess.run([sys.executable, __file__, str(archive), str(mesh), str(picture), str(out)],
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
    """From a view's submission to its first step: at once, and after a person has chosen."""
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


def sphere() -> TexturedMesh:
    """A textured sphere in charts, whose seams double a seventh of the vertices."""
    import numpy as np

    from engine.mesh.textured import TexturedMesh

    polar = np.linspace(0.01, np.pi - 0.01, QUADS + 1)
    azimuth = np.arange(QUADS) * 2 * np.pi / QUADS
    polar, azimuth = (grid.ravel() for grid in np.meshgrid(polar, azimuth, indexing="ij"))
    vertices = 0.5 * np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth),
                               np.cos(polar)], axis=-1)
    i, j = (grid.ravel() for grid in np.mgrid[:QUADS, :QUADS])
    corners = [(0, 0), (1, 0), (1, 1), (0, 0), (1, 1), (0, 1)]
    charts, side = QUADS // CHART, CHART + 1
    chart = (i // CHART * charts + j // CHART) * side * side
    faces = np.stack([(i + a) * QUADS + (j + b) % QUADS for a, b in corners], axis=-1)
    uv_faces = np.stack([chart + (i % CHART + a) * side + j % CHART + b for a, b in corners], -1)
    row, column, y, x = (grid.ravel() for grid in np.mgrid[:charts, :charts, :side, :side])
    uv = np.stack([column + 0.05 + 0.9 * x / CHART, row + 0.05 + 0.9 * y / CHART], -1) / charts
    v, u = np.mgrid[0:1:1024j, 0:1:1024j]
    texture = np.stack([u, v, 0.5 + 0.5 * np.sin(40 * u * v)], -1).astype(np.float32)
    return TexturedMesh(vertices=vertices, faces=faces.reshape(-1, 3), uv=uv,
                        uv_faces=uv_faces.reshape(-1, 3), texture=texture)


def ball_picture(path: Path) -> Path:
    """An orange ball on nothing."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    inside = x**2 + y**2 < 0.6
    shade = np.clip(0.6 - 0.4 * x - 0.4 * y, 0, 1)
    rgba = np.stack([255 * shade, 140 * shade, 40 * shade, 255 * inside], axis=-1)
    Image.fromarray((rgba * inside[..., None]).astype(np.uint8)).save(path)
    return path


# Inside Blender.


def main(archive: str, mesh: str, picture: str, out: str) -> None:
    import bpy

    bpy.ops.extensions.package_install_files(
        repo="user_default", filepath=archive, enable_on_install=True, overwrite=True)
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    preferences.engine_python, preferences.results_folder = sys.executable, str(Path(out).parent)
    rows = [registration(), importing(mesh), looks(picture, out)]
    Path(out).write_text(json.dumps(rows), encoding="utf-8")
    os._exit(0)  # Blender as a module may crash while it is torn down


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        function()
    return time.perf_counter() - start


def registration() -> Row:
    """Switching the extension on."""
    package = importlib.import_module(PACKAGE)
    times = []
    for _ in range(RUNS):
        package.unregister()
        times.append(timed(package.register))
    return row(f"Blender: register() against {1000 * REGISTER_S:.0f} ms", REGISTER_S, min(times))


def importing(mesh: str) -> Row:
    """A textured mesh, in turn by Blender's glTF importer as it is by default and by ours."""
    import bpy

    def theirs() -> None:
        bpy.ops.import_scene.gltf(filepath=mesh)

    def ours() -> None:
        bpy.ops.zero123.import_result(filepath=mesh)

    pairs = []
    for _ in range(RUNS + 1):
        pair = []
        for function in (theirs, ours):
            bpy.data.batch_remove([*bpy.data.objects, *bpy.data.meshes, *bpy.data.materials,
                                   *bpy.data.images, *bpy.data.collections])
            pair.append(timed(function))
        pairs.append(pair)
    reference, own = zip(*pairs[1:], strict=True)  # the first run warms up
    return {"what": "Blender: import of 100,000 faces against glTF's",
            "reference s": statistics.median(reference), "ours s": statistics.median(own),
            "share of time": statistics.median(b / a for a, b in pairs[1:])}


def looks(picture: str, out: str) -> Row:
    """What the timer does while a mesh is fitted, and the reading of its previews, which is only
    done with a window: the 99th percentile of the thread's own time.
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
