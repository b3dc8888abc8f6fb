# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the items of a batch one after the other, in this process."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

from ..core.errors import EngineError, ErrorCode, JobCancelled
from ..core.failures import as_engine_error
from ..core.reporting import Reporter, SilentReporter
from ..core.request import Request
from ..core.requests import ResumableRequest, load_request
from ..core.result_place import check_result_place
from ..core.staging import publish
from ..jobs import run as jobs
from .html_report import TURN, HtmlReport
from .inputs import Item
from .manifest import ItemStatus, Manifest, State

POLL_S = 0.5
"""Seconds between two looks at what other processes have done."""
TURN_SIZE = 160
"""Side in pixels of the images of a mesh in index.html."""
TURN_VIEWS = ((0.0, 20.0), (90.0, 20.0), (180.0, 20.0), (270.0, 20.0))
"""Azimuth and elevation of these images, degrees."""
GENERAL = (ErrorCode.DISK, ErrorCode.ENVIRONMENT)
"""Errors that the other items would meet, too: the batch stops."""
OF_THE_MODEL = (ErrorCode.MODEL_MISSING, ErrorCode.MODEL_DAMAGED, ErrorCode.MODEL_INCOMPATIBLE)
"""Errors that all items with the same model would meet."""


def run_items(manifest: Manifest, reporter: Reporter,
              html_report: HtmlReport | None = None) -> None:
    """Run the items that no other process runs; return when every item is done or has failed.

    Raises:
        EngineError: errors that stop the whole batch, see `GENERAL` and `OF_THE_MODEL`.
        JobCancelled: from the reporter.
    """
    waiting = manifest.todo
    while waiting:
        left = []
        for item in waiting:
            if not _settle(item, manifest, reporter):
                left.append(item)
            elif html_report:
                html_report.update(manifest)
        if len(left) == len(waiting):
            total = len(manifest.todo)
            reporter.progress("wait for others", total - len(left), total)
            time.sleep(POLL_S)
        waiting = left


def report_item(entry: ItemStatus, reporter: Reporter) -> None:
    """Report how an item has ended."""
    if entry.error:
        reporter.log("error", f"{entry.source}: {EngineError.from_dict(entry.error)}")
    else:
        request = load_request(Path(entry.out))
        assert request is not None  # it was written with the result
        reporter.artifact("result", request.result)


def _settle(item: Item, manifest: Manifest, reporter: Reporter) -> bool:
    """Run an item unless it is settled. Returns False if another process is running it."""
    if manifest.is_settled(item):
        return True
    with manifest.claim(item) as ours:
        if not ours:
            return False
        if not manifest.is_settled(item):
            _run_item(item, manifest, reporter)
            report_item(manifest.entries()[item.name], reporter)
        return True


def _run_item(item: Item, manifest: Manifest, reporter: Reporter) -> None:
    start = time.monotonic()
    try:
        if item.request is None:
            raise item.error
        manifest.set_state(item, State.RUNNING)
        _make_result(item, item.request, manifest, _ItemReporter(item, manifest, reporter))
        manifest.set_state(item, State.DONE, time.monotonic() - start)
    except (KeyboardInterrupt, JobCancelled):
        manifest.set_state(item, State.WAITING)
        raise
    except Exception as error:
        record_failure(item, manifest, error, time.monotonic() - start)


def record_failure(item: Item, manifest: Manifest, error: Exception, seconds: float) -> None:
    """Record that an item has failed. Raises the error if every other item would meet it, too."""
    failure = as_engine_error(error)
    manifest.set_state(item, State.FAILED, seconds, failure)
    if _stops_batch(failure, manifest):
        raise failure from error


def _stops_batch(failure: EngineError, manifest: Manifest) -> bool:
    """Whether every other item would meet this error, too."""
    if failure.code in OF_THE_MODEL:
        return len({getattr(item.request, "model", "") for item in manifest.items
                    if item.request is not None}) == 1
    return failure.code in GENERAL


def _make_result(item: Item, request: Request, manifest: Manifest, reporter: Reporter) -> None:
    """Make an item's result and publish it in the item's folder when it is complete."""
    start = time.monotonic()
    unfinished = manifest.hidden / item.name
    result = unfinished / "result"
    clean_up(unfinished)
    check_result_place(request)
    try:
        job = replace(request, out=str(result))
        if isinstance(job, ResumableRequest):
            job.resume = True
        run_job(job, reporter)
        publish_result(item, manifest, result, time.monotonic() - start)
    finally:
        clean_up(unfinished)


def run_job(request: Request, reporter: Reporter) -> None:
    """Make a result in the folder `out`, with the images for index.html."""
    jobs.run(request, reporter)
    if (Path(request.out) / "mesh.glb").is_file():
        _save_turn_images(Path(request.out))


def publish_result(item: Item, manifest: Manifest, result: Path, seconds: float) -> None:
    """Move a finished result from a folder on the same disk into the item's folder."""
    out = manifest.folder / item.name
    manifest.record(item, seconds, result)
    assert item.request is not None
    publish(result, out, item.request.OWN_FILES)


def clean_up(unfinished: Path) -> None:
    """Remove the files of a job that has ended, except those from which it can be resumed."""
    if unfinished.is_dir():
        for path in unfinished.iterdir():
            if not path.name.endswith(".resume"):
                shutil.rmtree(path, ignore_errors=True)
        if not any(unfinished.iterdir()):
            unfinished.rmdir()


def _save_turn_images(result: Path) -> None:
    """Write the images of a mesh from all sides, side by side, into one file."""
    import numpy as np

    from ..camera import DEFAULT_RADIUS
    from ..imaging import save_png
    from ..mesh.rendering import load_textured

    mesh = load_textured(result / "mesh.glb")
    images = [mesh.render(*angles, DEFAULT_RADIUS, TURN_SIZE) for angles in TURN_VIEWS]
    save_png(result / TURN, np.hstack(images) / np.float32(255))


class _ItemReporter(SilentReporter):
    """Passes on a job's progress and log with the item's name, but not its files, which move."""

    def __init__(self, item: Item, manifest: Manifest, reporter: Reporter) -> None:
        self._name, self._reporter = item.name, reporter
        self._number = f"{manifest.items.index(item) + 1}/{len(manifest.items)}"

    def progress(self, stage: str, done: int, total: int) -> None:
        self._reporter.progress(f"{self._number} {self._name}: {stage}", done, total)

    def log(self, level: str, text: str) -> None:
        self._reporter.log(level, f"{self._name}: {text}")
