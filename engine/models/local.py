# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a person has already, into the models folder."""

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
    """Have a local file or folder in the models folder under a name, which may be the catalogue's,
    or in another folder.

    Args:
        out: this folder instead of the one of the name.
        accept_licence: the person has read the licence of the model and accepts it; remembered.
        options: for `import_checkpoint`; without `pose_encoding` the evidence decides.

    Returns:
        The model's folder, or its file if it is one file.

    Raises:
        EngineError: `BAD_INPUT` for a name that can't be used, without the licence's acceptance,
            or if nothing says which pose encoding the model has; and what `import_checkpoint`
            raises.
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
    from .checkpoint import import_checkpoint  # torch takes its seconds

    return import_checkpoint(source, out=out or models_folder() / name, reporter=reporter,
                             **options)


def encoding_is_known(path: Path, name: str) -> bool:
    """Whether a person need not be asked for the pose encoding of a file or folder that is to be
    imported under this name: also where its import will say what else is wrong with it.
    """
    info = find_model(name)
    try:
        source = _checked_source(path)
        pose_encoding_of(_evidence(source, info), _stated(source), path, "")
    except EngineError as error:
        return error.code is not ErrorCode.BAD_INPUT
    return True


def _evidence(source: Path, info: ModelInfo | None) -> list[Evidence]:
    """What speaks for a model: the source itself, and the catalogue's name that was given."""
    found = evidence_of_folder(source) if source.is_dir() else evidence_of_file(source)
    if info is not None:
        found.append(Evidence(info.pose_encoding, f"the name {info.name}", info))
    if not found and source.is_file():
        from .safe_unpickle import holds_training_state  # torch takes its seconds

        if holds_training_state(source):  # Stable Zero123 was published without one
            found.append(Evidence("zero123", "its training state"))
    return found


def _checked_source(path: Path) -> Path:
    """What is to be imported, if it may be a model at all: asking about anything else is of no
    use.
    """
    path = snapshot_in(path.expanduser())
    if path.is_dir():
        require_model_folder(path, str(path))
    elif not path.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"there is no checkpoint {path}",
                          "check the path")
    elif not (found := file_format(path)).holds_weights:
        raise EngineError(ErrorCode.MODEL_DAMAGED, *explain(path, found))
    return path


def _stated(source: Path) -> PoseEncoding | None:
    """The pose encoding that a folder states."""
    return stated_encoding(read_json_object(source / INDEX_FILE))


def _copy(path: Path, info: ModelInfo) -> Path:
    """The one file of a model, as it is."""
    if not path.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"there is no file {path}", "check the path")
    digest = sha256(path)
    if digest != info.sha256[0]:
        raise EngineError(
            ErrorCode.MODEL_DAMAGED, f"{path} is not {info.files[0]}: its sha256 is {digest[:16]}"
            f"... where {info.sha256[0][:16]}... belongs", f"give {info.files[0]} of {info.repo}")
    try:
        with staged_file(info.file) as stage:
            shutil.copyfile(path, stage)
    except OSError as error:
        if not is_disk_error(error):
            raise
        raise EngineError(ErrorCode.DISK, f"can't write {info.file}: {error.strerror}",
                          HINT) from error
    return info.file
