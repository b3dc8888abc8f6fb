# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a batch in several processes on one computer. Each loads the model; they share the folder.
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
from ..core.garbage_collector import skip_collection_at_exit
from ..core.reporting import Reporter, SilentReporter
from .html_report import HtmlReport
from .item import POLL_S, report_item, run_items
from .manifest import Manifest, State

EXIT_TIMEOUT_S = 10.0
"""Seconds that a worker may take to clean up before it is killed."""


def run_in_processes(manifest: Manifest, reporter: Reporter, html_report: HtmlReport,
                     workers: int) -> None:
    """Run the items in this many processes and report what they do.

    Raises:
        EngineError: errors that stop the whole batch; `ENGINE_DIED` if all workers were killed.
        JobCancelled: from the reporter.
    """
    # A forked copy of a process that has used torch's threads can hang.
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_worker, args=(manifest, workers), daemon=True)
                 for _ in range(workers)]
    reported: set[str] = set()
    try:
        for process in processes:
            process.start()
        while alive := [process.sentinel for process in processes if process.is_alive()]:
            wait(alive, POLL_S)
            _report(manifest, reporter, reported)
            html_report.update(manifest)
    finally:
        _end(processes)
    _report(manifest, reporter, reported)
    _check(manifest, processes)


def _worker(manifest: Manifest, workers: int) -> None:
    """The main function of a worker process."""
    # How the parent asks a worker to stop; Ctrl-C in a terminal reaches all of them anyway.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.simplefilter("ignore")
    try:
        import torch

        torch.set_num_threads(max(torch.get_num_threads() // workers, 1))
        run_items(manifest, _WorkerReporter())
    except (Exception, KeyboardInterrupt) as error:
        sys.exit(as_engine_error(error).code.exit_code)
    finally:
        skip_collection_at_exit()


def _report(manifest: Manifest, reporter: Reporter, reported: set[str]) -> None:
    """Report the items that have ended since the last call."""
    entries = manifest.entries()
    ours = [entries[item.name] for item in manifest.todo if item.name in entries]
    for entry in ours:
        if (entry.state in (State.DONE, State.FAILED) and entry.ended >= manifest.opened
                and entry.name not in reported):
            reported.add(entry.name)
            report_item(entry, reporter)
    ended = sum(entry.state in (State.DONE, State.FAILED) for entry in ours)
    reporter.progress("images", ended, len(ours))


def _end(processes: list[SpawnProcess]) -> None:
    """Stop the processes that still run."""
    for process in processes:
        if process.is_alive():
            process.terminate()
    deadline = time.monotonic() + EXIT_TIMEOUT_S
    for process in processes:
        if process.pid is not None:
            process.join(max(deadline - time.monotonic(), 0))
            if process.is_alive():
                process.kill()
                process.join()


def _check(manifest: Manifest, processes: list[SpawnProcess]) -> None:
    """Raise an error if the workers have ended before all items were done."""
    if all(manifest.is_settled(item) for item in manifest.todo):
        return
    codes = [process.exitcode for process in processes]
    for entry in manifest.entries().values():
        if entry.error and entry.ended >= manifest.opened:
            failure = EngineError.from_dict(entry.error)
            if failure.code.exit_code in codes:
                raise failure
    raise EngineError(ErrorCode.ENGINE_DIED,
                      "the workers ended before the work was done (status "
                      f"{', '.join(map(str, codes))})",
                      "memory may have run out: use fewer workers; the same command resumes")


class _WorkerReporter(SilentReporter):
    """Reports nothing, because status.json contains it; stops the work if the parent has ended."""

    def progress(self, stage: str, done: int, total: int) -> None:
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            raise JobCancelled
