# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models we know: where they come from, what their licences allow, whether they are here.

Standard library only, so that listing models loads nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ..environment import user_folder

if TYPE_CHECKING:
    from ..camera import PoseEncoding

INDEX_FILE = "model_index.json"
"""Present in every complete model folder: written last by an import or a download."""


class CommercialUse(Enum):
    """Whether a model's licence lets its pictures be sold."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    """Allowed to some; the licence says to whom."""
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"
    """The authors have stated no licence for these weights."""


@dataclass(frozen=True)
class ModelInfo:
    """A model of the catalogue."""

    name: str
    """What `--model` takes."""
    title: str
    repo: str
    """Repository on huggingface.co, or a URL's folder; empty for what comes with the program."""
    files: tuple[str, ...]
    """Files to fetch from there."""
    licence: str
    commercial_use: CommercialUse
    size_bytes: int
    """Of the files together, about."""
    pose_encoding: PoseEncoding = "zero123"
    gated: bool = False
    """The repository asks for name and e-mail before it gives the files."""

    @property
    def folder(self) -> Path:
        """Where the model stands, in diffusers layout, once it is installed."""
        if not self.repo:
            return Path(__file__).parent / self.name
        return models_folder() / self.name

    @property
    def installed(self) -> bool:
        """Whether the folder holds a model. Its files aren't read."""
        return (self.folder / INDEX_FILE).is_file()


CATALOGUE = (
    ModelInfo(
        "nano", "nano: 128 px, made for CPUs, comes with the program", "", (),
        "GPL-3.0-or-later", CommercialUse.ALLOWED, 45_000_000),
    ModelInfo(
        "zero123-105000", "Zero-1-to-3 of the paper, 105,000 steps", "cvlab/zero123-weights",
        ("105000.ckpt",), "MIT", CommercialUse.ALLOWED, 15_464_555_368),
    ModelInfo(
        "zero123-165000", "Zero-1-to-3, 165,000 steps", "cvlab/zero123-weights",
        ("165000.ckpt",), "MIT", CommercialUse.ALLOWED, 15_464_555_368),
    ModelInfo(
        "zero123-xl", "Zero123-XL, trained on Objaverse-XL",
        "https://zero123.cs.columbia.edu/assets", ("zero123-xl.ckpt",),
        "not stated", CommercialUse.UNKNOWN, 15_464_555_368),
    ModelInfo(
        "stable-zero123", "Stable Zero123", "stabilityai/stable-zero123",
        ("stable_zero123.ckpt",), "Stability AI Non-Commercial Research Community License",
        CommercialUse.FORBIDDEN, 8_583_546_184, "stable", gated=True),
    ModelInfo(
        "stable-zero123c", "Stable Zero123 C, trained on CC-BY and CC0 objects",
        "stabilityai/stable-zero123", ("stable_zero123_c.ckpt",),
        "Stability AI Community License", CommercialUse.CONDITIONAL, 8_583_546_184, "stable",
        gated=True),
)


def list_models() -> list[ModelInfo]:
    """The catalogue, smallest first."""
    return list(CATALOGUE)


def find_model(name: str) -> ModelInfo | None:
    """The catalogue's entry of this name."""
    return next((info for info in CATALOGUE if info.name == name), None)


def models_folder() -> Path:
    """Where downloaded and imported models stand: $ZERO123_MODELS, or the user's data folder."""
    chosen = os.environ.get("ZERO123_MODELS")
    if chosen:
        return Path(chosen).expanduser()
    return user_folder() / "models"
