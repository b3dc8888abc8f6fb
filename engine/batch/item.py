# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work on the items of a batch: one item at a time, in this process."""

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
from .html_report import TURN, Page
from .inputs import Item
from .manifest import Board, Entry, State

POLL_S = 0.5
"""Seconds between two looks at what other processes have done."""
PAGE_S = 10.0
"""Seconds between two versions of the page while items end."""
TURN_SIZE = 160
"""Side in pixels of the images of a mesh on the page."""
TURN_VIEWS = ((0.0, 20.0), (90.0, 20.0), (180.0, 20.0), (270.0, 20.0))
"""Azimuth and elevation of these images, degrees."""
GENERAL = (ErrorCode.DISK, ErrorCode.ENVIRONMENT)
"""Errors that the other items would meet, too: the batch stops."""
OF_THE_MODEL = (ErrorCode.MODEL_MISSING, ErrorCode.MODEL_DAMAGED, ErrorCode.MODEL_INCOMPATIBLE)
"""Errors that all items with the same model would meet."""


def work(board: Board, reporter: Reporter, page: Page | None = None) -> None:
    """Do whatever nobody else does; return when every item is done or has failed.

    Raises:
        EngineError: what is wrong in general, see `GENERAL` and `OF_THE_MODEL`.
        JobCancelled: from the reporter.
    """
    waiting, written = board.todo, time.monotonic()
    while waiting:
        left = []
        for item in waiting:
            if not _settle(item, board, reporter):
                left.append(item)
            elif page and time.monotonic() - written > PAGE_S:
                page.write(list(board.entries().values()))
                written = time.monotonic()
        if len(left) == len(waiting):
            total = len(board.todo)
            reporter.progress("wait for others", total - len(left), total)
            time.sleep(POLL_S)
        waiting = left


def announce(entry: Entry, reporter: Reporter) -> None:
    """Tell how an item has ended."""
    if entry.error:
        reporter.log("error", f"{entry.source}: {entry.error['message']}; {entry.error['hint']}")
    else:
        request = load_request(Path(entry.out))
        assert request is not None  # it was written with the result
        reporter.artifact("result", request.result)


def _settle(item: Item, board: Board, reporter: Reporter) -> bool:
    """Do an item that is still to be done. False if somebody else is at it."""
    if board.is_settled(item):
        return True
    with board.claim(item) as ours:
        if not ours:
            return False
        if not board.is_settled(item):
            _do(item, board, reporter)
            announce(board.entries()[item.name], reporter)
        return True


def _do(item: Item, board: Board, reporter: Reporter) -> None:
    start = time.monotonic()
    try:
        if item.request is None:
            raise item.error
        board.enter(item, State.RUNNING)
        _make(item, item.request, board, _ItemReporter(item, board, reporter))
        board.enter(item, State.DONE, time.monotonic() - start)
    except (KeyboardInterrupt, JobCancelled):
        board.enter(item, State.WAITING)
        raise
    except Exception as error:
        fail(item, board, error, time.monotonic() - start)


def fail(item: Item, board: Board, error: Exception, seconds: float) -> None:
    """Note that an item has failed. Raises the failure if it makes no sense to try another one."""
    failure = as_engine_error(error)
    board.enter(item, State.FAILED, seconds, failure)
    if _befalls_all(failure, board):
        raise failure from error


def _befalls_all(failure: EngineError, board: Board) -> bool:
    """Whether it makes no sense to try another item."""
    if failure.code in OF_THE_MODEL:
        return len({getattr(item.request, "model", "") for item in board.items
                    if item.request is not None}) == 1
    return failure.code in GENERAL


def _make(item: Item, request: Request, board: Board, reporter: Reporter) -> None:
    """The item's result, complete, in its folder, or nothing new there."""
    start = time.monotonic()
    unfinished = board.hidden / item.name
    result = unfinished / "result"
    tidy(unfinished)
    check_result_place(request)
    try:
        job = replace(request, out=str(result))
        if isinstance(job, ResumableRequest):
            job.resume = True
        run_job(job, reporter)
        keep(item, board, result, time.monotonic() - start)
    finally:
        tidy(unfinished)


def run_job(request: Request, reporter: Reporter) -> None:
    """Make a result in the folder `out`, with what the page shows of it."""
    jobs.run(request, reporter)
    if (Path(request.out) / "mesh.glb").is_file():
        _save_turn(Path(request.out))


def keep(item: Item, board: Board, result: Path, seconds: float) -> None:
    """Move a finished result, in a folder on the same disk, to where it belongs."""
    out = board.folder / item.name
    board.record(item, seconds, result)
    assert item.request is not None
    publish(result, out, item.request.OWN_FILES)


def tidy(unfinished: Path) -> None:
    """Remove what a job has left but what it can go on from."""
    if unfinished.is_dir():
        for path in unfinished.iterdir():
            if not path.name.endswith(".resume"):
                shutil.rmtree(path, ignore_errors=True)
        if not any(unfinished.iterdir()):
            unfinished.rmdir()


def _save_turn(result: Path) -> None:
    """Pictures of the mesh from all sides, in a row."""
    import numpy as np

    from ..camera import DEFAULT_RADIUS
    from ..imaging import save_png
    from ..mesh.rendering import load_textured

    mesh = load_textured(result / "mesh.glb")
    pictures = [mesh.picture(*angles, DEFAULT_RADIUS, TURN_SIZE) for angles in TURN_VIEWS]
    save_png(result / TURN, np.hstack(pictures) / np.float32(255))


class _ItemReporter(SilentReporter):
    """Passes a job's progress on, with its picture's name; its files are not where they will be."""

    def __init__(self, item: Item, board: Board, reporter: Reporter) -> None:
        self._name, self._reporter = item.name, reporter
        self._number = f"{board.items.index(item) + 1}/{len(board.items)}"

    def progress(self, stage: str, done: int, total: int) -> None:
        self._reporter.progress(f"{self._number} {self._name}: {stage}", done, total)

    def log(self, level: str, text: str) -> None:
        self._reporter.log(level, f"{self._name}: {text}")
