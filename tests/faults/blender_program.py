# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that runs in Blender with the extension and executes the orders of `blender_process`.

In Blender as a module nothing calls the timers, and operators wait for their jobs. This program
makes it behave as with a window: an operator starts a job and returns, and the extension's timer
function is called repeatedly.

Arguments: the extension's zip, the results folder. Orders arrive as JSON lines on stdin; answers
and events of the jobs are written as JSON lines to stdout.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import queue
import sys
import threading
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy

PACKAGE = "bl_ext.user_default.zero123"
INTERVAL_S = 0.02
_answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # Blender prints there, too


def main(archive: str, results: str) -> None:
    enable(archive)
    bpy.context.preferences.addons[PACKAGE].preferences.results_folder = results
    bpy.context.preferences.edit.use_global_undo = False  # its steps would count as growth
    runner = module("operators.session").session.runner
    tick = module("operators.session").session.timer.tick
    behave_as_with_a_window()
    report_ends()
    orders: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=listen, args=(orders,), daemon=True).start()
    settled: set[str] = set()
    tell(ready=True)
    while True:
        try:
            order = orders.get(timeout=INTERVAL_S)
            if order is None:
                return
            tell(answer=ORDERS[order.pop("order")](**order), engine=runner.engine_pid)
        except queue.Empty:
            pass
        except RuntimeError as error:  # an operator's report
            tell(answer=None, error=str(error).strip())
        tick()
        for job in runner.jobs:
            if job.state.ended and not job.import_pending and job.id not in settled:
                settled.add(job.id)
                tell(settled=job.id, state=job.state.value,
                     error=job.error and f"{job.error.code.value}: {job.error}")


def enable(archive: str) -> None:
    """Install the extension, unless an earlier Blender of this user has installed it."""
    if os.path.isdir(os.path.join(os.environ["BLENDER_USER_RESOURCES"], "extensions",
                                  "user_default", "zero123")):
        bpy.ops.preferences.addon_enable(module=PACKAGE)
    else:
        bpy.ops.extensions.package_install_files(
            repo="user_default", filepath=archive, enable_on_install=True, overwrite=True)


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}")


def behave_as_with_a_window() -> None:
    """Behave as with a window. Killed engines may also be started again without a pause."""
    on_screen = ModuleType("bpy")
    vars(on_screen).update(vars(bpy), app=SimpleNamespace(background=False))
    module("operators.session.launch").bpy = on_screen
    module("engine.transport.client").START_WINDOW_S = 0.0


def report_ends() -> None:
    """Report every terminal message that reaches a job, also one that the job would ignore."""
    jobs, protocol = module("operators.session.jobs"), module("engine.core.protocol")
    apply = jobs.Job.apply

    def noting(job: Any, message: Any) -> bool:
        if isinstance(message, protocol.TERMINAL):
            tell(end=job.id, kind=type(message).__name__, code=getattr(message, "code", None))
        elif isinstance(message, protocol.Progress):
            tell(progress=job.id, stage=message.stage)
        return apply(job, message)

    jobs.Job.apply = noting


def listen(orders: queue.Queue[dict[str, Any] | None]) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    orders.put(None)


def tell(**facts: Any) -> None:
    _answers.write(json.dumps(facts) + "\n")


def operate(operator: str, settings: dict[str, Any]) -> list[str]:
    """Call an operator of the extension. Returns the new jobs in the list."""
    jobs = module("operators.session").session.runner.jobs
    before = {job.id for job in jobs}
    getattr(bpy.ops.zero123, operator)(**settings)
    return [job.id for job in jobs if job.id not in before]


def scene() -> dict[str, str]:
    """The data-blocks of the file by name, with a digest of images and meshes."""
    found = {f"object {item.name}": item.type for item in bpy.data.objects}
    found |= {f"collection {item.name}": " ".join(sorted(item.objects.keys()))
              for item in bpy.data.collections}
    found |= {f"image {item.name}": digest(bytes(item.packed_file.data)) if item.packed_file
              else item.filepath for item in bpy.data.images}
    for mesh in bpy.data.meshes:
        vertices = [0.0] * (3 * len(mesh.vertices))
        mesh.vertices.foreach_get("co", vertices)
        found[f"mesh {mesh.name}"] = digest(repr(vertices).encode())
    return found


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tidy() -> int:
    """Delete the results as a user does: objects, collections, and then unused data. Returns the
    number of objects before.
    """
    count = len(bpy.data.objects)
    bpy.context.scene.zero123.image = None
    bpy.ops.object.select_all(action='SELECT')
    bpy.ops.object.delete()
    bpy.data.batch_remove(list(bpy.data.collections))
    bpy.ops.outliner.orphans_purge(do_recursive=True)
    return count


ORDERS = {"operate": operate, "scene": scene, "tidy": tidy}


if __name__ == "__main__":
    main(*sys.argv[1:])
    module("operators.session").session.runner.stop_engine()
    os._exit(0)  # Blender as a module may crash when Python unloads it
