# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a request: finds the function that its kind declares, and calls it.

The server, the command line and batches all start jobs here. Importing this module loads nothing
heavy; each job imports what it needs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.failures import as_engine_error, is_out_of_memory, unfinished
from ..core.garbage_collector import paused_collector
from ..core.locks import hold_job_folder
from ..core.reporting import Reporter
from ..core.request import Request
from ..core.result_place import check_result_place
from ..core.resume import work_folder
from ..setup.environment import remote_jobs_folder

ENGINE = __package__.rpartition(".")[0]
"""The package that the handlers' module names are relative to."""


def run(request: Request, reporter: Reporter) -> dict[str, Any]:
    """Do the job that is requested. Returns its report as plain JSON.

    Raises:
        EngineError: an error that a person can act on.
        JobCancelled: if the reporter cancels the job.
    """
    request.require_input()
    check_result_place(request)
    with hold_job_folder(Path(request.out), remote_jobs_folder()):
        try:
            return handler_of(type(request))(request, reporter)
        except Exception as error:
            if is_out_of_memory(error) and request.RESUMABLE and work_folder(request).is_dir():
                raise unfinished(as_engine_error(error)) from error
            raise


def handler_of(kind: type[Request]) -> Callable[[Any, Reporter], dict[str, Any]]:
    """The function that does jobs of this kind, as declared by `Request.HANDLER`."""
    module, _, function = kind.HANDLER.partition(":")
    with paused_collector():
        return getattr(importlib.import_module(module, ENGINE), function)
