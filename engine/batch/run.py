# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a batch until every item is done or has failed, and summarises how it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.image_requests import DiffusionRequest
from ..core.own_documents import check_page
from ..core.reporting import Reporter
from ..models.installed_models import usable_folder
from .html_report import TITLE, HtmlReport
from .inputs import WHOLE, Item, Part
from .item import run_items
from .manifest import Manifest

SEVERITY = (ErrorCode.BAD_INPUT, ErrorCode.MODEL_MISSING, ErrorCode.MODEL_DAMAGED,
            ErrorCode.MODEL_INCOMPATIBLE, ErrorCode.OUT_OF_MEMORY, ErrorCode.DISK,
            ErrorCode.ENVIRONMENT, ErrorCode.ENGINE_DIED, ErrorCode.INTERNAL)
"""Errors from the mildest to the worst."""

Distribute = Callable[[Manifest, Reporter, HtmlReport], None]
"""Runs all items of a batch: in this process, in several processes, or on a cluster."""


def run_batch(folder: Path, items: Sequence[Item], reporter: Reporter, part: Part = WHOLE,
              distribute: Distribute = run_items, models_here: bool = True) -> dict[str, Any]:
    """Make a result for every item in a folder of its own. Returns counts and paths as plain JSON.

    A result that exists and was made by the same request from the same image is kept. Other
    processes may work in the same folder at the same time; no item is done twice. `status.json` is
    written after every item, `index.html` every few seconds and at the end.

    `part`: only these items are done. `models_here`: the models have to be on this computer.

    Raises:
        EngineError: the worst failure, once all is done; at once if the disk is full or the
            engine broken, and before the first item if none has a model that can be used.
        JobCancelled: from the reporter; unfinished work is kept for the next time.
    """
    manifest, html_report = Manifest(folder, items, part), HtmlReport(folder)
    check_page(html_report.path, TITLE)
    manifest.open()
    try:
        if models_here:
            _require_models(manifest)
        distribute(manifest, reporter, html_report)
    finally:
        html_report.write(list(manifest.entries().values()))
    return _summary(manifest, html_report, reporter)


def _require_models(manifest: Manifest) -> None:
    """Raise an error if the model of all remaining items is missing, or its licence was not
    accepted. If a table also names other models, only the items of the missing one fail.

    Raises:
        EngineError: as `usable_folder`.
    """
    needed = {item.request.model for item in manifest.todo
              if isinstance(item.request, DiffusionRequest) and item.request.needs_model
              and not manifest.is_settled(item)}
    problems = []
    for model in sorted(needed):
        try:
            usable_folder(model)
        except EngineError as error:
            problems.append(error)
    if problems and len(problems) == len(needed):
        raise problems[0]


def _summary(manifest: Manifest, html_report: HtmlReport, reporter: Reporter) -> dict[str, Any]:
    """How the batch ended. Raises the worst failure."""
    entries = manifest.entries()
    ours = [entries[item.name] for item in manifest.todo]
    codes = [EngineError.from_dict(entry.error).code for entry in ours if entry.error]
    reporter.artifact("status", manifest.path)
    reporter.artifact("page", html_report.path)
    if codes:
        raise EngineError(max(codes, key=SEVERITY.index),
                          f"{len(codes)} of {len(ours)} images failed",
                          f"{html_report.path} lists the reasons; the same command tries them "
                          "again")
    kept = sum(entry.ended < manifest.opened for entry in ours)
    return {"done": len(ours) - kept, "kept": kept, "status": str(manifest.path),
            "page": str(html_report.path)}
