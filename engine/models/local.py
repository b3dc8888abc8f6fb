# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a person has already, into the models folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.failures import is_disk_error
from ..core.reporting import Reporter
from ..core.staging import HINT, sha256, staged_file
from .catalogue import ModelInfo, Task, find_model, models_folder
from .folder import is_plain_name
from .licence_store import require_licence


def import_model(path: Path, name: str, reporter: Reporter, *, accept_licence: bool = False,
                 **options: Any) -> Path:
    """Have a local file in the models folder under a name, which may be the catalogue's.

    Args:
        accept_licence: the person has read the licence of this name and accepts it; remembered.
        options: for `import_checkpoint`; `pose_encoding` defaults to the catalogue's.

    Returns:
        The model's folder, or its file if it is one file.

    Raises:
        EngineError: `BAD_INPUT` for a name that can't be used or without the licence's
            acceptance, and what `import_checkpoint` raises.
    """
    info = find_model(name)
    if not is_plain_name(name) or (info is not None and not info.repo):
        raise EngineError(ErrorCode.BAD_INPUT, f"a model can't be imported as {name!r}",
                          "give another name, without slashes")
    if info is not None:
        require_licence(info, accept_licence)
        if info.task is Task.SEGMENTATION:
            return _copy(path, info)
        if options.get("pose_encoding") is None:
            options["pose_encoding"] = info.pose_encoding
    from .checkpoint import import_checkpoint  # torch takes its seconds

    options["pose_encoding"] = options.get("pose_encoding") or "zero123"
    return import_checkpoint(path, out=models_folder() / name, reporter=reporter, **options)


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
