# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb `models`: lists, downloads, imports, verifies and removes models.

torch is imported when an action needs it, not when the options are shown.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.reporting import Reporter
from ..core.request import RESUMES_HINT
from ..models.catalogue import (
    ModelInfo,
    Task,
    known_model,
    list_models,
    models_folder,
    name_for,
    size_text,
)
from ..models.folder import ModelState, folder_state, model_state, other_models, remove, verify
from ..models.licence_store import licence_accepted, require_licence
from ..models.local import encoding_is_known, import_model
from ..models.stale_files import remove_stale_files
from ..setup.segmentation_model import bundled_model
from .options import user_path

if TYPE_CHECKING:
    import torch

DTYPES = ("original", "float16", "bfloat16")


def add_parsers(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb `models`."""
    models = subparsers.add_parser("models", help="list, download, import, verify or remove models")
    models.set_defaults(run=_models)
    actions = models.add_subparsers(dest="models_verb", metavar="ACTION", required=True)

    listing = actions.add_parser("list",
                                 help="list all known models and whether they are installed")
    listing.set_defaults(act=_list)
    for verb, help, act in (("info", "show the facts about a model", _info),
                            ("accept", "accept a model's licence", _accept),
                            ("remove", "remove a model from the models folder", _remove)):
        action = actions.add_parser(verb, help=help)
        action.add_argument("name", metavar="NAME")
        action.set_defaults(act=act)

    download = actions.add_parser("download", help="download a model (uses the network)")
    download.add_argument("name", metavar="NAME")
    _add_import_options(download)
    download.set_defaults(act=_download, stopped=RESUMES_HINT)

    verifying = actions.add_parser("verify", help="compare a model's files with their digests")
    verifying.add_argument("model", metavar="NAME|DIR")
    verifying.set_defaults(act=_verify)
    _add_import(actions)


def _add_import(actions: Any) -> None:
    importing = actions.add_parser(
        "import", help="turn an original .ckpt or .safetensors, or a model folder in diffusers "
        "layout, into a model of the engine")
    importing.add_argument("checkpoint", type=user_path, metavar="FILE|FOLDER")
    importing.add_argument("--config", type=user_path, help="YAML configuration of the original, "
                           "if it is not one of the released models")
    target = importing.add_mutually_exclusive_group()
    target.add_argument("--out", type=user_path, metavar="DIR", help="folder for the model")
    target.add_argument("--name", help="name of the model in the models folder, which may be one "
                        "of the catalogue's (default: derived from the file's name)")
    importing.add_argument("--raw", action="store_true", help="use the weights of the last "
                           "training step instead of the averaged ones")
    importing.add_argument("--pose-encoding", choices=("zero123", "stable"),
                           help="stable for Stable Zero123, zero123 for the other models (default: "
                           "derived from the file's name, size and origin; if these do not "
                           "determine it, the command asks)")
    _add_import_options(importing)
    importing.set_defaults(act=_import)


def _add_import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accept-licence", action="store_true",
                        help="I have read the model's licence and accept it")
    parser.add_argument("--dtype", choices=DTYPES, default="original",
                        help="number format of the weights on the disk; float16 needs half the "
                             "space of float32")


def _dtype(arguments: argparse.Namespace) -> torch.dtype | None:
    import torch

    return None if arguments.dtype == "original" else getattr(torch, arguments.dtype)


def _models(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Remove unfinished files of stopped imports, then run the action."""
    for name in remove_stale_files(models_folder()):
        reporter.log("info", f"removed the unfinished files of a stopped import of {name}")
    return arguments.act(arguments, reporter)


def _list(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    for model in list_models():
        state = _state(model)
        text = (f"{size_text(model.size_bytes)} to download" if state is ModelState.MISSING
                else state.value)
        note = f" (commercial use: {model.commercial_use.value})" if model.restricted else ""
        print(f"{model.name:18} {text:22} {model.title}{note}")
    others = other_models()
    for name in others:
        print(f"{name:18} {folder_state(models_folder() / name).value:22} imported")
    return {"models": [_facts(model) for model in list_models()], "others": others}


def _state(model: ModelInfo) -> ModelState:
    """As `model_state`; the network that comes with every installation counts as here."""
    state = model_state(model)
    if state is ModelState.MISSING and model.task is Task.SEGMENTATION and bundled_model():
        return ModelState.HERE
    return state


def _info(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    facts = _facts(known_model(arguments.name))
    for name, value in facts.items():
        print(f"{name.replace('_', ' '):16} {value}")
    return facts


def _facts(model: ModelInfo) -> dict[str, Any]:
    """The facts about a model, as plain JSON."""
    return {"name": model.name, "title": model.title, "task": model.task.value,
            "state": _state(model).value, "folder": str(model.folder),
            "licence": model.licence, "licence_url": model.licence_url, "terms": model.terms,
            "commercial_use": model.commercial_use.value,
            "licence_accepted": licence_accepted(model), "size_bytes": model.size_bytes,
            "installed_bytes": model.installed_bytes, "memory_bytes": model.memory_bytes,
            "repo": model.repo, "files": list(model.files), "sha256": list(model.sha256),
            "pose_encoding": model.pose_encoding, "gated": model.gated}


def _download(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    info = known_model(arguments.name)
    require_licence(info, arguments.accept_licence)  # before torch is imported, which takes seconds
    if not info.installed:
        from ..models.download import download

        download(info, reporter, dtype=_dtype(arguments))
    path = info.file if info.task is Task.SEGMENTATION else info.folder
    print(path)
    return {"model": str(path)}


def _accept(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    info = known_model(arguments.name)
    require_licence(info, accepted=True)
    print(f"{info.name}: {info.licence}")
    return {"model": info.name, "licence": info.licence}


def _import(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    source = arguments.checkpoint
    name = "" if arguments.out else arguments.name or name_for(source)
    options = {"config": arguments.config, "ema": not arguments.raw,
               "pose_encoding": arguments.pose_encoding or _asked_encoding(source, name),
               "dtype": _dtype(arguments)}
    path = import_model(source, name, reporter, out=arguments.out,
                        accept_licence=arguments.accept_licence, **options)
    print(path)
    return {"model": str(path)}


def _asked_encoding(source: Path, name: str) -> str | None:
    """The pose encoding of a model whose files do not state it, asked at the terminal. None if the
    encoding is known or the program does not run in a terminal.
    """
    if encoding_is_known(source, name) or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    print(f"{source} does not state its pose encoding. zero123: for Zero-1-to-3 and Zero123-XL. "
          "stable: for Stable Zero123.", file=sys.stderr)
    answer = input("zero123 or stable? ").strip().lower()
    return answer if answer in ("zero123", "stable") else None


def _verify(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    model = arguments.model
    if verify(model, reporter):
        how = "every file has its digest"
    else:
        from ..models.loading import load_pipeline

        load_pipeline(model, "cpu")
        how = "it can be loaded; no digests of its files are recorded"
    print(f"{model}: {how}")
    return {"model": model, "verified": how}


def _remove(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    gone = remove(arguments.name)
    print(gone)
    return {"removed": str(gone)}
