# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders a folder of 3D models to shards of training views.

The output folder holds the shards and `dataset.json`, their index. Objects that are rendered but
not yet in a shard are kept in a hidden folder, so that an interrupted run resumes.
"""

from __future__ import annotations

import hashlib
import os
import queue
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...camera import FOV_DEG, camera_to_world, spherical_from_position
from ...core.errors import EngineError, ErrorCode
from ...core.files import free_name
from ...core.locks import try_lock
from ...core.reporting import Reporter
from ...core.requests import RenderRequest
from ..folders import read_folder
from ..shards import write_shard
from .index import HIDDEN, INDEX, Index, open_index
from .program import ModelFailed, RenderProcess, RenderTask, find_blender

SUFFIXES = (".glb", ".gltf", ".obj", ".fbx", ".blend")
DECISIVE = ("view_count", "size", "samples", "seed")
"""Settings of the request that all objects of a data set share."""
PER_SHARD = 100
"""Objects in a shard."""
POLL_S = 0.5
"""Seconds between two checks for cancellation while objects are rendered."""
RADIUS = (1.5, 2.2)
"""Range of the cameras' distance, world units. As the lights, from the original's
blender_script.py."""
AREA_WATTS = (300.0, 600.0)
"""Range of the area light's power, watts."""
AREA_SIZE = 100.0
"""Side of the area light, world units."""


def render_job(request: RenderRequest, reporter: Reporter) -> dict[str, Any]:
    """Render the models of a request. Returns the job's report.

    Raises:
        EngineError: as `render_dataset`; `BAD_INPUT` at the end if any model was left out.
    """
    out = Path(request.out)
    index = render_dataset(request, reporter)
    reporter.artifact("dataset", out / INDEX)
    if index.skipped:
        count = len(index.skipped) + len(index.done)
        raise EngineError(ErrorCode.BAD_INPUT,
                          f"{len(index.skipped)} of {count} models were left out",
                          f"{out / INDEX} lists the reasons; the same command tries them again")
    return {"dataset": str(out), "objects": len(index.done), "views": request.view_count,
            "shards": sorted(index.shards)}


def render_dataset(request: RenderRequest, reporter: Reporter) -> Index:
    """Render every model that is not in the data set yet, and add new shards.

    The cameras and the light of an object depend on (seed, its file name) alone. Models that cannot
    be rendered are left out, logged as errors, and tried again by the next run.

    Raises:
        EngineError: `BAD_INPUT` if there are no models, or the data set in `out` was made with
            other settings; `ENVIRONMENT` if Blender cannot be started; `DISK`.
        JobCancelled: from the reporter; finished objects are kept.
    """
    models = find_models(Path(request.models))
    out = Path(request.out)
    program = find_blender(request.blender)
    make_folder(out)
    with _alone(out):
        index = open_index(out, {name: getattr(request, name) for name in DECISIVE})
        _render_missing(request, models, program, index, reporter)
    return index


def _render_missing(request: RenderRequest, models: dict[str, Path], program: str, index: Index,
                    reporter: Reporter) -> None:
    """Render and add the models that are not in the data set yet."""
    index.skipped.clear()
    done = index.done
    todo = _name_keys([name for name in models if name not in done], set(done.values()))
    out = Path(request.out)
    hidden = out / HIDDEN
    hidden.mkdir(exist_ok=True)
    processes = [RenderProcess(program, out / "blender.log", request.time_limit)
                 for _ in range(request.workers)]
    try:
        progress = _Progress(reporter, len(models), len(models) - len(todo))
        keys = list(todo)
        for start in range(0, len(keys), PER_SHARD):
            block = {key: todo[key] for key in keys[start:start + PER_SHARD]}
            _render_block(block, models, request, hidden, processes, index, progress)
            _pack(block, hidden, out, index, request.folders)
    finally:
        for process in processes:
            process.stop()
        index.save(out)
        if not any(hidden.iterdir()):
            hidden.rmdir()


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the lock of the output folder, so that no other process renders into it."""
    with try_lock(out / ".lock") as held:
        if not held:
            raise EngineError(ErrorCode.BAD_INPUT, f"another process renders into {out}",
                              "wait for it, or choose another folder")
        yield


def make_folder(out: Path) -> None:
    """Create the data set's folder if it does not exist.

    Raises:
        EngineError: `DISK` if it cannot be created.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write to {out}: {error.strerror}",
                          "choose a folder that you may write to") from error


def find_models(source: Path) -> dict[str, Path]:
    """The model files below a folder (or the one file), by their relative names, in order.

    Raises:
        EngineError: `BAD_INPUT` if there are none.
    """
    if source.is_file() and source.suffix.lower() in SUFFIXES:
        return {source.name: source}
    found = sorted(path for path in source.rglob("*")
                   if path.suffix.lower() in SUFFIXES and path.is_file()
                   and not path.name.startswith("."))
    if not found:
        raise EngineError(ErrorCode.BAD_INPUT, f"{source} contains no 3D models",
                          f"give a folder of files that end in {', '.join(SUFFIXES)}")
    return {path.relative_to(source).as_posix(): path for path in found}


def random_cameras(seed: int, name: str, count: int) -> tuple[np.ndarray, dict[str, Any]]:
    """The cameras, (count, 4, 4) camera to world, and the area light of an object.

    As in the original, directions are those of uniform points in a cube, which makes its corners
    more likely, distances are uniform in `RADIUS`, and one large light is above the object.
    """
    digest = hashlib.sha256(name.encode()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
    direction = rng.uniform(-1, 1, (count, 3))
    azimuth, elevation, _ = spherical_from_position(direction)
    matrices = camera_to_world(azimuth, elevation, rng.uniform(*RADIUS, count))
    light = {"watts": rng.uniform(*AREA_WATTS), "size": AREA_SIZE,
             "location": [*rng.uniform(-1, 1, 2), rng.uniform(0.5, 1.5)]}
    return matrices, light


@dataclass
class _Progress:
    reporter: Reporter
    total: int
    ended: int

    def step(self, by: int = 1) -> None:
        self.ended += by
        self.reporter.progress("render", self.ended, self.total)


def _name_keys(models: Sequence[str], taken: set[str]) -> dict[str, str]:
    """Unused keys for new objects, each with its model."""
    taken = {key.casefold() for key in taken}
    stems = [re.sub(r"[^\w-]+", "_", model.rpartition(".")[0]).strip("_") for model in models]
    return {free_name(stem or "object", taken): model
            for stem, model in zip(stems, models, strict=True)}


def _render_block(block: dict[str, str], models: dict[str, Path], request: RenderRequest,
                  hidden: Path, processes: Sequence[RenderProcess], index: Index,
                  progress: _Progress) -> None:
    """Render each object of a block into a folder; models that cannot be rendered are skipped."""
    free: queue.SimpleQueue[RenderProcess] = queue.SimpleQueue()
    for process in processes:
        free.put(process)

    def render(key: str) -> None:
        process = free.get()
        try:
            _render_object(process, models[block[key]], block[key], hidden / key, request)
        finally:
            free.put(process)

    waiting = [key for key in block if not (hidden / key).is_dir()]
    progress.step(len(block) - len(waiting))
    pool = ThreadPoolExecutor(len(processes))
    try:
        futures = {pool.submit(render, key): key for key in waiting}
        pending = set(futures)
        while pending:
            ended, pending = wait(pending, POLL_S, FIRST_COMPLETED)
            for future in ended:
                model = block[futures[future]]
                try:
                    future.result()
                    progress.reporter.preview(hidden / futures[future] / "000.png")
                except ModelFailed as reason:
                    index.skipped[model] = str(reason)
                    progress.reporter.log("error", f"{models[model]}: {reason}; it is left out")
            progress.step(len(ended))  # also without a finished object: it raises on cancellation
    except BaseException:
        for process in processes:  # otherwise the pool would wait for the objects in work
            process.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _render_object(process: RenderProcess, model: Path, name: str, folder: Path,
                   request: RenderRequest) -> None:
    """Render an object's views into a folder, which appears when it is complete."""
    matrices, light = random_cameras(request.seed, name, request.view_count)
    partial = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        process.render(RenderTask(
            model=str(model.resolve()), folder=str(partial.resolve()), cameras=matrices.tolist(),
            light=light, size=request.size, samples=request.samples, device=request.device,
            threads=max((os.cpu_count() or 1) // request.workers, 1)))
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _pack(block: dict[str, str], hidden: Path, out: Path, index: Index, folders: bool) -> None:
    """Write a block's objects as the next shard, and add it to the index."""
    keys = [key for key in block if (hidden / key).is_dir()]
    if not keys:
        return
    number = len(index.shards)
    while (out / f"{number:06d}.tar").exists():
        number += 1
    name = f"{number:06d}.tar"

    def objects() -> Iterator[Any]:
        for key in keys:
            rendered = read_folder(hidden / key)
            rendered.info.update(name=key, source=block[key], licence="",
                                 fov_deg=round(FOV_DEG, 2))
            yield rendered

    write_shard(out / name, objects())
    index.shards[name] = {key: block[key] for key in keys}
    index.save(out)
    for key in keys:
        if folders:
            (out / "objects").mkdir(exist_ok=True)
            shutil.rmtree(out / "objects" / key, ignore_errors=True)
            (hidden / key).rename(out / "objects" / key)
        else:
            shutil.rmtree(hidden / key)
