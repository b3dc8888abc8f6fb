# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models: the catalogue, loading, and the import of original checkpoints.

The catalogue imports quickly; torch is imported when another function is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..core.garbage_collector import paused_collector
from .catalogue import CommercialUse, ModelInfo, find_model, list_models, models_folder

if TYPE_CHECKING:
    from .checkpoint import import_checkpoint
    from .devices import resolve_device, resolve_dtype
    from .loading import load_pipeline

__all__ = [
    "CommercialUse",
    "ModelInfo",
    "find_model",
    "import_checkpoint",
    "list_models",
    "load_pipeline",
    "models_folder",
    "resolve_device",
    "resolve_dtype",
]

_MODULES = {"import_checkpoint": "checkpoint", "load_pipeline": "loading",
            "resolve_device": "devices", "resolve_dtype": "devices"}
"""The modules of the functions that need torch."""


def __getattr__(name: str) -> Any:
    """Import functions that need torch when they are first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with paused_collector():
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
