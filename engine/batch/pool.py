# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch in several processes on one machine. Each loads the model; the folder is what they share.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
import warnings
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess

from ..core.errors import EngineError, ErrorCode, JobCancelled
from ..core.failures import as_engine_error
from ..core.reporting import Reporter, SilentReporter
from .html_report import Page
from .item import PAGE_S, POLL_S, announce, work
from .manifest import Board, State

FAREWELL_S = 10.0
"""How long a worker may take to put things right before it is cut off."""


def share(board: Board, reporter: Reporter, page: Page, workers: int) -> None:
    """Have the items done by this many processes; reports what they do.

    Raises:
        EngineError: what is wrong in general; `ENGINE_DIED` if all workers were killed.
        JobCancelled: from the reporter.
    """
    # A forked copy of a process that has used torch's threads can hang.
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_worker, args=(board, workers), daemon=True)
                 for _ in range(workers)]
    told: set[str] = set()
    try:
        for process in processes:
            process.start()
        written = time.monotonic()
        while alive := [process.sentinel for process in processes if process.is_alive()]:
            wait(alive, POLL_S)
            _tell(board, reporter, told)
            if time.monotonic() - written > PAGE_S:
                page.write(list(board.entries().values()))
                written = time.monotonic()
    finally:
        _end(processes)
    _tell(board, reporter, told)
    _check(board, processes)


def _worker(board: Board, workers: int) -> None:
    """A process's whole life."""
    # The parent's decision; Ctrl-C in a terminal reaches all of them anyway.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.simplefilter("ignore")
    try:
        import torch

        torch.set_num_threads(max(torch.get_num_threads() // workers, 1))
        work(board, _WorkerReporter())
    except (Exception, KeyboardInterrupt) as error:
        sys.exit(as_engine_error(error).code.exit_code)


def _tell(board: Board, reporter: Reporter, told: set[str]) -> None:
    """Report what has ended since the last time."""
    entries = board.entries()
    ours = [entries[item.name] for item in board.todo if item.name in entries]
    for entry in ours:
        if (entry.state in (State.DONE, State.FAILED) and entry.ended >= board.opened
                and entry.name not in told):
            told.add(entry.name)
            announce(entry, reporter)
    ended = sum(entry.state in (State.DONE, State.FAILED) for entry in ours)
    reporter.progress("pictures", ended, len(ours))


def _end(processes: list[SpawnProcess]) -> None:
    """Stop those that still run."""
    for process in processes:
        if process.is_alive():
            process.terminate()
    deadline = time.monotonic() + FAREWELL_S
    for process in processes:
        if process.pid is not None:
            process.join(max(deadline - time.monotonic(), 0))
            if process.is_alive():
                process.kill()
                process.join()


def _check(board: Board, processes: list[SpawnProcess]) -> None:
    """Raise if the workers have ended before the work."""
    if all(board.is_settled(item) for item in board.todo):
        return
    codes = [process.exitcode for process in processes]
    for entry in board.entries().values():
        if entry.error and entry.ended >= board.opened:
            failure = EngineError(ErrorCode(entry.error["code"]), entry.error["message"],
                                  entry.error["hint"])
            if failure.code.exit_code in codes:
                raise failure
    raise EngineError(ErrorCode.ENGINE_DIED,
                      f"the workers ended before the work (status {', '.join(map(str, codes))})",
                      "memory may have run out: take fewer workers; the same command goes on")


class _WorkerReporter(SilentReporter):
    """Says nothing, as status.json says it all; stops the work if the parent has ended."""

    def progress(self, stage: str, done: int, total: int) -> None:
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            raise JobCancelled
