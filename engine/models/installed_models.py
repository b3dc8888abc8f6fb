# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models on this computer, and problems that prevent their use. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import EngineError, ErrorCode
from ..core.files import read_json_object
from .catalogue import (
    CATALOGUE,
    INDEX_FILE,
    ModelInfo,
    Task,
    find_model,
    list_models,
    models_folder,
    size_text,
)
from .folder import ModelState, folder_state, found_folder, model_state, other_models
from .identity import evidence_of_folder, licences_to_ask_for
from .licence_store import licence_accepted, require_licence

if TYPE_CHECKING:
    from ..camera import PoseEncoding


@dataclass(frozen=True)
class ModelStatus:
    """The state of a model on this computer."""

    name: str
    state: str
    """A value of `ModelState`."""
    licence_accepted: bool = True
    memory_bytes: int = 0
    """Main memory in bytes that it needs on a CPU; 0 if unknown."""

    def remarks(self, free_bytes: float) -> list[str]:
        """Short remarks for the user about problems, given `free_bytes` of free main memory."""
        found = []
        if self.state == ModelState.DAMAGED.value:
            found.append("damaged")
        if not self.licence_accepted:
            found.append(f"its licence is not accepted (`models accept {self.name}`)")
        if self.memory_bytes > free_bytes:
            found.append(f"needs {size_text(self.memory_bytes)} of memory, "
                         f"{size_text(round(free_bytes))} are free")
        return found


def installed_models() -> list[ModelStatus]:
    """All models on this computer, including damaged ones.

    Raises:
        EngineError: `MODEL_DAMAGED` if the record of accepted licences cannot be read.
    """
    known = [(info, model_state(info)) for info in list_models()]
    found = [_status(info, state) for info, state in known if not state.absent]
    return found + [ModelStatus(name, folder_state(models_folder() / name).value)
                    for name in other_models()]


def require_whole(models: list[ModelStatus]) -> None:
    """Raise EngineError `MODEL_DAMAGED` if one of the models is damaged."""
    damaged = [model.name for model in models if model.state == ModelState.DAMAGED.value]
    if damaged:
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"damaged: {', '.join(damaged)}",
                          f"`models remove {damaged[0]}`, then download or import it again")


def usable_folder(model: str, pose_encoding: PoseEncoding | None = None) -> Path:
    """The folder of a model for novel views. `model` is a name from the catalogue or in the models
    folder, a path, or a repository in the Hugging Face cache ("owner/name").

    `pose_encoding`: chosen by the user; "stable" requires the acceptance of a licence.

    Raises:
        EngineError: `MODEL_MISSING`, `MODEL_INCOMPATIBLE` for another kind of model, `BAD_INPUT`
            if its licence was not accepted.
    """
    info = find_model(model) or _published_as(model)
    if info is not None and info.task is not Task.VIEWS:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"{model} is not a model for novel views",
                          "run `models list` to see the models for novel views")
    if info is not None and info.installed:
        require_licence(info)
        return info.folder
    folder = found_folder(model)
    if info is not None and not (folder / INDEX_FILE).is_file():
        raise EngineError(
            ErrorCode.MODEL_MISSING, f"the model {model} isn't on this computer",
            f"get it with `models download {info.name}`" if info.repo else "reinstall the program")
    require_model_folder(folder, model)
    _require_licences(folder, pose_encoding)
    return folder


def require_model_folder(folder: Path, model: str) -> None:
    """Raise EngineError unless the folder may be a model in diffusers layout.

    `model`: the name or path as the user has given it, for messages.
    """
    if folder.is_file():
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"{model} is a file, not a model folder",
                          "turn an original checkpoint into one with `models import`")
    if (folder / INDEX_FILE).is_file():
        return
    if folder.is_dir():
        checkpoints = sorted(path for path in folder.iterdir()
                             if path.suffix.lower() in (".ckpt", ".safetensors"))
        if checkpoints:
            raise EngineError(
                ErrorCode.MODEL_INCOMPATIBLE, f"{folder} holds the checkpoint {checkpoints[0].name}"
                f", not a model in diffusers layout", f"`models import {checkpoints[0]}`")
        raise EngineError(
            ErrorCode.MODEL_INCOMPATIBLE, f"{folder} is incomplete: {INDEX_FILE} is missing",
            "get the whole folder of a Zero123 model in diffusers layout")
    raise EngineError(
        ErrorCode.MODEL_MISSING, f"the model {model!r} is not in the catalogue",
        f"choose from {', '.join(i.name for i in CATALOGUE if i.task is Task.VIEWS)}, "
        f"or give a folder with {INDEX_FILE}")


def _published_as(model: str) -> ModelInfo | None:
    """The catalogue's entry for a complete repository; None if there is none."""
    return next((info for info in CATALOGUE if info.repo == model and info.whole_repository), None)


def _require_licences(folder: Path, pose_encoding: PoseEncoding | None) -> None:
    """Check that the licences of a folder made by others were accepted, as far as its content is
    known. Folders that state their pose encoding were imported, which has checked the licence.
    """
    index = read_json_object(folder / INDEX_FILE)
    if not index or "pose_encoding" in index:
        return  # the loader reports an index that cannot be read
    found = evidence_of_folder(folder)
    for info in licences_to_ask_for(found, pose_encoding or "zero123"):
        require_licence(info)


def _status(info: ModelInfo, state: ModelState) -> ModelStatus:
    return ModelStatus(info.name, state.value, licence_accepted(info), info.memory_bytes)
