# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that are known and which of them are here, as the panel lists them. No bpy.

Looked up when something has changed, never while a panel is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...engine.core.errors import EngineError
from ...engine.models.catalogue import ModelInfo, list_models
from ...engine.models.folder import ModelState, folder_state, model_state, other_models
from ...engine.models.licence_store import licence_accepted


@dataclass(frozen=True)
class ShelfEntry:
    """One model."""

    name: str
    info: ModelInfo | None
    """What the catalogue says; None for one that was imported under a name of its own."""
    state: ModelState
    licence_accepted: bool

    @property
    def removable(self) -> bool:
        """Whether there is something to remove: not of the one that comes with the program."""
        return self.state is not ModelState.MISSING and (self.info is None or bool(self.info.repo))


class ModelShelf:
    """All models: the catalogue's, then the others in the models folder."""

    def __init__(self) -> None:
        self.entries: list[ShelfEntry] = []
        self.error: EngineError | None = None
        """Why it isn't known which licences were accepted."""

    def look(self, folder: Path) -> None:
        """Look again what is in the models folder."""
        self.error = None
        self.entries = [ShelfEntry(info.name, info, model_state(info, folder),
                                   self._accepted(info, folder)) for info in list_models()]
        self.entries += [ShelfEntry(name, None, folder_state(folder / name), True)
                         for name in other_models(folder)]

    def entry(self, name: str) -> ShelfEntry | None:
        """The model of this name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def names(self) -> list[str]:
        """Of the models that are here."""
        return [entry.name for entry in self.entries if not entry.state.absent]

    def _accepted(self, info: ModelInfo, folder: Path) -> bool:
        try:
            return licence_accepted(info, folder)
        except EngineError as error:
            self.error = error
            return False


model_shelf = ModelShelf()
"""The one of this Blender."""
