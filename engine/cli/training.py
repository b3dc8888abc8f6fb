# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs `dataset` and `train`: from rendered views to a model in diffusers layout.

torch is imported when a verb runs, not when its options are shown.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from types import ModuleType

from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter
from ..core.requests import RenderRequest, TrainRequest
from .options import add_request, png_path, user_path


def add_parsers(subparsers: argparse._SubParsersAction) -> None:
    """Add the verbs `dataset` and `train`."""
    _add_dataset(subparsers)
    _add_train(subparsers)


def _scratch() -> ModuleType | None:
    """The verbs that train from random weights; None in the extension, whose zip lacks them."""
    name = f"{__package__}.scratch"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _add_dataset(subparsers: argparse._SubParsersAction) -> None:
    dataset = subparsers.add_parser("dataset", help="prepare rendered views for training")
    verbs = dataset.add_subparsers(dest="dataset_verb", required=True)

    add_request(verbs, RenderRequest, "render")

    info = verbs.add_parser("info", help="count the objects and views of a data set")
    info.add_argument("shards", type=user_path, metavar="SHARDS",
                      help="folder of .tar shards, or of objects in Objaverse's layout")
    info.set_defaults(run=_info)
    scratch = _scratch()
    if scratch is not None:
        scratch.add_dataset(verbs)


def _add_train(subparsers: argparse._SubParsersAction) -> None:
    train = subparsers.add_parser(
        "train", help="fine-tune a model, or train the small one from scratch")
    verbs = train.add_subparsers(dest="train_verb", required=True)
    add_request(verbs, TrainRequest, "model")

    curves = verbs.add_parser("curves", help="draw the log of a training")
    curves.add_argument("log", type=user_path, metavar="LOG",
                        help="log.jsonl that a training wrote")
    curves.add_argument("--out", type=png_path, required=True, help="PNG to write")
    curves.set_defaults(run=_curves)
    scratch = _scratch()
    if scratch is not None:
        scratch.add_train(verbs)


def _info(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..training.shards import read_shards

    problems: list[EngineError] = []
    views = []
    sides = set()
    for rendered in read_shards(args.shards, problems.append):
        views.append(len(rendered.pose))
        sides.add(rendered.rgba.shape[1])
    print(f"{len(views)} objects, {sum(views)} views of "
          f"{' or '.join(map(str, sorted(sides)))} pixels")
    for problem in problems:
        reporter.log("error", problem.message)
    if problems:
        raise EngineError(ErrorCode.BAD_INPUT, f"{len(problems)} files can't be used",
                          "render or copy them again")


def _curves(args: argparse.Namespace, reporter: Reporter) -> None:
    from ..core.own_documents import check_image
    from ..core.result_place import staged_result
    from ..training.curves import draw, read_log

    check_image(args.out)
    with staged_result(args.out) as stage:
        draw(read_log(args.log.read_text(encoding="utf-8").splitlines()), stage)
