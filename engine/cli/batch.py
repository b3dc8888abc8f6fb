# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb `batch`: the same job for many images."""

from __future__ import annotations

import argparse
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter
from ..core.request import RESUMES_HINT
from ..core.requests import REQUESTS
from .options import request_option, user_path

if TYPE_CHECKING:
    from ..batch.run import Distribute

KINDS = sorted(kind for kind, cls in REQUESTS.items() if cls.IN_BATCHES)


def add_parsers(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb `batch`. Its options are the settings of all kinds of jobs that it offers."""
    batch = subparsers.add_parser(
        "batch", help="generate views or meshes of many images",
        description="Make a result folder for each image. Finished results are kept, so the same "
        "command resumes after a stop, and several processes may work in the same folder at once.")
    batch.add_argument("inputs", type=user_path, nargs="+", metavar="INPUT",
                       help="images, folders of images, .txt lists with one image per line, or "
                            ".csv tables with the column image and further columns named like the "
                            "options below")
    batch.add_argument("--out", type=user_path, required=True, metavar="DIR",
                       help="folder for the results, status.json and index.html")
    batch.add_argument("--kind", choices=KINDS, default=KINDS[0],
                       help=f"what to make from each image (default: {KINDS[0]})")
    batch.add_argument("--workers", type=int, metavar="N",
                       help="number of processes, each of which loads the model (default: 1; on a "
                            "Ray cluster, one per GPU, or one per core if there is no GPU)")
    batch.add_argument("--ray", default="", metavar="ADDRESS",
                       help="compute on a Ray cluster: auto on one of its computers, "
                            "ray://HEAD:10001 from another computer; model folders are sent there")
    batch.add_argument("--part", default="1/1", metavar="N/COUNT",
                       help="process only every COUNT-th image, starting with the N-th; for "
                            "render farms, whose tasks share the folder (see engine/batch/farms)")
    kinds_of: dict[str, list[str]] = {}
    options = {}
    for kind in KINDS:
        for f in fields(REQUESTS[kind]):
            if not (f.metadata.get("reads") or f.metadata.get("managed")):
                options[f.name] = f
                kinds_of.setdefault(f.name, []).append(kind)
    groups: dict[tuple[str, ...], Any] = {}
    for name, f in options.items():
        kinds = tuple(kinds_of[name])
        if kinds not in groups:
            groups[kinds] = batch.add_argument_group(f"options of {' and '.join(kinds)}")
        groups[kinds].add_argument(f"--{name.replace('_', '-')}",
                                   **{**request_option(f), "default": argparse.SUPPRESS})
    batch.set_defaults(run=_batch, stopped=RESUMES_HINT, names=tuple(options))


def _batch(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from ..batch.inputs import Part, read_items
    from ..batch.run import run_batch

    workers = arguments.workers
    if workers is None:
        workers = 0 if arguments.ray else 1
    elif workers < 1:
        raise EngineError(ErrorCode.BAD_INPUT, f"workers can't be {workers}",
                          "give at least 1")
    options = {name: getattr(arguments, name) for name in arguments.names
               if hasattr(arguments, name)}
    part = Part.parse(arguments.part)
    REQUESTS[arguments.kind].from_dict(options)  # settings that are wrong for all items
    items = read_items(arguments.inputs, arguments.out, arguments.kind, options)
    return run_batch(arguments.out, items, reporter, part, _distribution(arguments.ray, workers),
                     models_here=not arguments.ray)


def _distribution(ray_address: str, workers: int) -> Distribute:
    """The function that distributes the items; modules for some ways only are imported here."""
    if ray_address:
        from ..batch.cluster import run_on_ray

        return partial(run_on_ray, address=ray_address, limit=workers)
    if workers > 1:
        from ..batch.pool import run_in_processes

        return partial(run_in_processes, workers=workers)
    from ..batch.item import run_items

    return run_items
