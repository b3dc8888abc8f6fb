# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models: the catalogue, loading, and the import of original checkpoints.

The catalogue imports quickly; torch is imported when another function is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    """Import functions that need torch when they are first used."""
    if name == "import_checkpoint":
        from .checkpoint import import_checkpoint
        return import_checkpoint
    if name in ("resolve_device", "resolve_dtype"):
        from . import devices
        return getattr(devices, name)
    if name == "load_pipeline":
        from .loading import load_pipeline
        return load_pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
