# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The known models and which of them are installed, as the panel lists them. No bpy.

The list is refreshed when something has changed, never while a panel is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...engine.core.errors import EngineError
from ...engine.models.catalogue import ModelInfo, list_models
from ...engine.models.folder import ModelState, folder_state, model_state, other_models
from ...engine.models.licence_store import licence_accepted


@dataclass(frozen=True)
class ModelEntry:
    """One model of the list."""

    name: str
    info: ModelInfo | None
    """The catalogue's entry; None for a model that was imported under another name."""
    state: ModelState
    licence_accepted: bool

    @property
    def removable(self) -> bool:
        """Whether there are files to remove. The bundled model cannot be removed."""
        return self.state is not ModelState.MISSING and (self.info is None or bool(self.info.repo))


class ModelList:
    """The models of the catalogue, then the others in the models folder."""

    def __init__(self) -> None:
        self.entries: list[ModelEntry] = []
        self.error: EngineError | None = None
        """Why it is unknown which licences were accepted."""

    def refresh(self, folder: Path) -> None:
        """Read the models folder again."""
        self.error = None
        self.entries = [ModelEntry(info.name, info, model_state(info, folder),
                                   self._accepted(info, folder)) for info in list_models()]
        self.entries += [ModelEntry(name, None, folder_state(folder / name), True)
                         for name in other_models(folder)]

    def entry(self, name: str) -> ModelEntry | None:
        """The model with this name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def names(self) -> list[str]:
        """Names of the installed models."""
        return [entry.name for entry in self.entries if not entry.state.absent]

    def _accepted(self, info: ModelInfo, folder: Path) -> bool:
        try:
            return licence_accepted(info, folder)
        except EngineError as error:
            self.error = error
            return False
