# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models on this computer, and what stands in the way of their use: for `doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol import EngineError, ErrorCode
from .catalogue import ModelInfo, list_models, models_folder, size_text
from .folder import ModelState, folder_state, model_state, other_models
from .ledger import licence_accepted


@dataclass(frozen=True)
class Finding:
    """One model that is here."""

    name: str
    state: str
    """A value of `ModelState`."""
    licence_accepted: bool = True
    memory_bytes: int = 0
    """Main memory that it needs on a CPU; 0 if that isn't known."""

    def remarks(self, free_bytes: float) -> list[str]:
        """What a person should know, short; `free_bytes` of memory are there."""
        found = []
        if self.state == ModelState.DAMAGED.value:
            found.append("damaged")
        if not self.licence_accepted:
            found.append(f"its licence is not accepted (`models accept {self.name}`)")
        if self.memory_bytes > free_bytes:
            found.append(f"needs {size_text(self.memory_bytes)} of memory, "
                         f"{size_text(round(free_bytes))} are free")
        return found


def survey() -> list[Finding]:
    """All models that are here, whole or damaged.

    Raises:
        EngineError: `MODEL_DAMAGED` if it can't be read which licences were accepted.
    """
    known = [(info, model_state(info)) for info in list_models()]
    found = [_finding(info, state) for info, state in known if not state.absent]
    return found + [Finding(name, folder_state(models_folder() / name).value)
                    for name in other_models()]


def require_whole(findings: list[Finding]) -> None:
    """Raise EngineError `MODEL_DAMAGED` if one is damaged."""
    damaged = [finding.name for finding in findings if finding.state == ModelState.DAMAGED.value]
    if damaged:
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"damaged: {', '.join(damaged)}",
                          f"`models remove {damaged[0]}`, then download or import it again")


def _finding(info: ModelInfo, state: ModelState) -> Finding:
    return Finding(info.name, state.value, licence_accepted(info), info.memory_bytes)
