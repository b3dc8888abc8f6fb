# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports local files and folders into the models folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import EngineError, ErrorCode
from ..core.failures import is_disk_error
from ..core.files import read_json_object, sha256
from ..core.reporting import Reporter
from ..core.staging import HINT, staged_file
from .catalogue import INDEX_FILE, ModelInfo, Task, find_model, models_folder
from .file_format import explain, file_format
from .folder import is_plain_name
from .hub_cache import snapshot_in
from .identity import (
    Evidence,
    evidence_of_file,
    evidence_of_folder,
    licences_to_ask_for,
    pose_encoding_of,
    stated_encoding,
)
from .installed_models import require_model_folder
from .licence_store import require_licence

if TYPE_CHECKING:
    from ..camera import PoseEncoding

HOW_TO_SAY = ("say which: `--pose-encoding zero123` for Zero-1-to-3 and Zero123-XL, "
              "`--pose-encoding stable` for Stable Zero123")


def import_model(path: Path, name: str, reporter: Reporter, *, out: Path | None = None,
                 accept_licence: bool = False, **options: Any) -> Path:
    """Import a local file or folder into the models folder, or into another folder.

    Args:
        name: the model's name, which may be one of the catalogue's.
        out: target folder; None: the folder `name` in the models folder.
        accept_licence: the user has read and accepted the licence, which is recorded.
        options: for `import_checkpoint`; without `pose_encoding` the evidence decides.

    Returns:
        The model's folder, or its file if it consists of one file.

    Raises:
        EngineError: `BAD_INPUT` if the name is unsuitable, the licence was not accepted, or the
            pose encoding cannot be determined; and the errors of `import_checkpoint`.
    """
    info = find_model(name) if out is None else None
    if out is None and (not is_plain_name(name) or (info is not None and not info.repo)):
        raise EngineError(ErrorCode.BAD_INPUT, f"a model can't be imported as {name!r}",
                          "give another name, without slashes")
    if info is not None and info.task is Task.SEGMENTATION:
        require_licence(info, accept_licence)
        return _copy(path, info)
    source = _checked_source(path)
    found = _evidence(source, info)
    chosen = options.get("pose_encoding") or _stated(source)
    options["pose_encoding"] = pose_encoding_of(found, chosen, path, HOW_TO_SAY)
    for licensed in licences_to_ask_for(found, options["pose_encoding"]):
        require_licence(licensed, accept_licence)
    from .checkpoint import import_checkpoint  # importing torch takes seconds

    return import_checkpoint(source, out=out or models_folder() / name, reporter=reporter,
                             **options)


def encoding_is_known(path: Path, name: str) -> bool:
    """Whether a file or folder can be imported without asking for its pose encoding.

    This is also true if the import will fail for another reason.
    """
    info = find_model(name)
    try:
        source = _checked_source(path)
        pose_encoding_of(_evidence(source, info), _stated(source), path, "")
    except EngineError as error:
        return error.code is not ErrorCode.BAD_INPUT
    return True


def _evidence(source: Path, info: ModelInfo | None) -> list[Evidence]:
    """Evidence for a published model: from the source, and from the catalogue's entry, if given."""
    found = evidence_of_folder(source) if source.is_dir() else evidence_of_file(source)
    if info is not None:
        found.append(Evidence(info.pose_encoding, f"the name {info.name}", info))
    if not found and source.is_file():
        from .safe_unpickle import holds_training_state  # importing torch takes seconds

        if holds_training_state(source):  # Stable Zero123 was published without a training state
            found.append(Evidence("zero123", "its training state"))
    return found


def _checked_source(path: Path) -> Path:
    """The source to import, after checking that it may be a model: otherwise the user should not be
    asked for details.
    """
    path = snapshot_in(path.expanduser())
    if path.is_dir():
        require_model_folder(path, str(path))
    elif not path.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"the checkpoint {path} does not exist",
                          "check the path")
    elif not (found := file_format(path)).holds_weights:
        raise EngineError(ErrorCode.MODEL_DAMAGED, *explain(path, found))
    return path


def _stated(source: Path) -> PoseEncoding | None:
    """The pose encoding that a folder states."""
    return stated_encoding(read_json_object(source / INDEX_FILE))


def _copy(path: Path, info: ModelInfo) -> Path:
    """Copy the file of a model that consists of one file, unchanged."""
    if not path.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"the file {path} does not exist",
                          "check the path")
    digest = sha256(path)
    if digest != info.sha256[0]:
        raise EngineError(
            ErrorCode.MODEL_DAMAGED, f"{path} is not {info.files[0]}: its sha256 is {digest[:16]}"
            f"... instead of {info.sha256[0][:16]}...", f"give {info.files[0]} of {info.repo}")
    try:
        with staged_file(info.file) as stage:
            shutil.copyfile(path, stage)
    except OSError as error:
        if not is_disk_error(error):
            raise
        raise EngineError(ErrorCode.DISK, f"can't write {info.file}: {error.strerror}",
                          HINT) from error
    return info.file
