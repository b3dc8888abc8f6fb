# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of known models: source, licence, size, and whether each is installed.

Standard library only, so that listing models loads nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import EngineError, ErrorCode
from ..setup.environment import user_folder
from .hub_cache import hub_id_of, snapshot_in

if TYPE_CHECKING:
    from ..camera import PoseEncoding

INDEX_FILE = "model_index.json"
"""File that marks a complete model folder: an import or a download writes it last."""


class CommercialUse(Enum):
    """Whether a model's licence permits commercial use of the images that it makes."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    """Permitted only under conditions that the licence states, such as a revenue limit."""
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"
    """The authors have stated no licence for these weights."""


class Task(Enum):
    """The purpose of a model."""

    VIEWS = "novel views"
    SEGMENTATION = "background removal"
    TEXT = "images from text"


@dataclass(frozen=True)
class ModelInfo:
    """An entry of the catalogue."""

    name: str
    """Name under which the model is selected, such as by `--model`."""
    title: str
    repo: str
    """Repository on huggingface.co, or URL of a folder; empty for the bundled model."""
    files: tuple[str, ...]
    """Files to download from it: the checkpoint, and a .yaml if it needs one. Empty for a whole
    repository in diffusers layout (see `repository_files`)."""
    licence: str
    commercial_use: CommercialUse
    size_bytes: int
    """Approximate total size of the files, bytes."""
    sha256: tuple[str, ...] = ()
    """Digests of the files; empty if they are unknown until the first download pins them."""
    pose_encoding: PoseEncoding = "zero123"
    task: Task = Task.VIEWS
    gated: bool = False
    """Whether the repository requires name and e-mail address before a download."""
    terms: str = ""
    """Short summary of the licence's restrictions, shown before it is accepted."""
    licence_url: str = ""
    """URL of the licence's text."""
    installed_bytes: int = 0
    """Approximate size of the installed model on the disk, bytes."""
    memory_bytes: int = 0
    """Measured main memory of sampling on a CPU, bytes; 0 if unknown."""

    @property
    def folder(self) -> Path:
        """Folder of the installed model's files, in diffusers layout; it may not exist yet."""
        return self.file.parent

    @property
    def file(self) -> Path:
        """The file that exists if and only if the model is installed."""
        return self.file_in(models_folder())

    @property
    def installed(self) -> bool:
        """Whether the model is installed. Its files are not read."""
        return self.file.is_file()

    @property
    def whole_repository(self) -> bool:
        """Whether the model is a repository in diffusers layout instead of single files."""
        return bool(self.repo) and not self.files

    @property
    def restricted(self) -> bool:
        """Whether the licence has to be accepted before the model is downloaded."""
        return self.commercial_use is not CommercialUse.ALLOWED

    def file_in(self, models: Path) -> Path:
        """The same as `file`, in another models folder."""
        if self.task is Task.SEGMENTATION:
            return models / self.files[0]
        return (models if self.repo else Path(__file__).parent) / self.name / INDEX_FILE


_FULL_SIZE = 4_992_000_000
"""Bytes of an imported model of the original's size, in float32."""
_FULL_SIZE_MEMORY = 6_100_000_000
"""Peak of a process that samples with one on a CPU in float32, as measured with random weights;
3.9 GB in bfloat16."""
_HALF_SIZE = 2_498_000_000
"""Bytes of such a model in float16."""
_MIXED_SIZE = 3_281_000_000
"""Bytes of such a model with only the UNet in float16."""
_SDXL_SIZE = 6_938_000_000
"""Bytes of Stable Diffusion XL's networks in float16."""
_SDXL_MEMORY = 15_000_000_000
"""Main memory of Stable Diffusion XL in float32 on a CPU, bytes: twice the size of the weights
on the disk, plus the activations of a 1024 px image. Computed, not measured."""
_STABLE_PAGE = "https://huggingface.co/stabilityai/stable-zero123"
_STABLE_LICENCE = "Stability AI Non-Commercial Research Community License"
_NON_COMMERCIAL = ("For research and other non-commercial use only; what is made with the model "
                   "must not be sold either")
_XL_TERMS = ("The page of this conversion says MIT, but the authors of the weights have stated no "
             "licence; whoever uses them is responsible for it")


def _conversion(name: str, title: str, repo: str, size: int, **facts: Any) -> ModelInfo:
    """A conversion of Zero123 to diffusers layout by the community. Its digests are not known:
    the first download pins them. The size of the files is computed from the weights' shapes.
    """
    return ModelInfo(name, title, repo, (), **{
        "licence": "MIT", "commercial_use": CommercialUse.ALLOWED, "size_bytes": size,
        "licence_url": f"https://huggingface.co/{repo}", "installed_bytes": size,
        "memory_bytes": _FULL_SIZE_MEMORY, **facts})


_XL = {"licence": "MIT, as stated by the converter", "commercial_use": CommercialUse.UNKNOWN,
       "terms": _XL_TERMS}
_STABLE = {"licence": _STABLE_LICENCE, "commercial_use": CommercialUse.FORBIDDEN,
           "terms": _NON_COMMERCIAL, "licence_url": _STABLE_PAGE, "pose_encoding": "stable"}

CATALOGUE = (
    ModelInfo(
        "u2netp", "U-2-Net, small: cuts objects out of photos", "tomjackson2023/rembg",
        ("u2netp.onnx",), "Apache-2.0", CommercialUse.ALLOWED, 4_574_861,
        ("309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",),
        task=Task.SEGMENTATION, installed_bytes=4_574_861,
        licence_url="https://github.com/xuebinqin/U-2-Net"),
    ModelInfo(
        "nano", "nano: 128 px, made for CPUs, comes with the program", "", (),
        "GPL-3.0-or-later", CommercialUse.ALLOWED, 45_000_000, installed_bytes=45_000_000,
        memory_bytes=600_000_000),
    ModelInfo(
        "zero123-105000", "Zero-1-to-3 of the paper, 105,000 steps", "cvlab/zero123-weights",
        ("105000.ckpt",), "MIT", CommercialUse.ALLOWED, 15_464_555_368,
        licence_url="https://huggingface.co/cvlab/zero123-weights", installed_bytes=_FULL_SIZE,
        memory_bytes=_FULL_SIZE_MEMORY),
    ModelInfo(
        "zero123-165000", "Zero-1-to-3, 165,000 steps", "cvlab/zero123-weights",
        ("165000.ckpt",), "MIT", CommercialUse.ALLOWED, 15_464_555_368,
        licence_url="https://huggingface.co/cvlab/zero123-weights", installed_bytes=_FULL_SIZE,
        memory_bytes=_FULL_SIZE_MEMORY),
    ModelInfo(
        "zero123-xl", "Zero123-XL, trained on Objaverse-XL",
        "https://zero123.cs.columbia.edu/assets", ("zero123-xl.ckpt",),
        "not stated", CommercialUse.UNKNOWN, 15_464_555_368,
        terms="The authors have stated no licence for these weights, so nobody has been given "
              "permission to use them; whoever uses them is responsible for it",
        licence_url="https://zero123.cs.columbia.edu", installed_bytes=_FULL_SIZE,
        memory_bytes=_FULL_SIZE_MEMORY),
    ModelInfo(
        "stable-zero123", "Stable Zero123", "stabilityai/stable-zero123",
        ("stable_zero123.ckpt",), _STABLE_LICENCE,
        CommercialUse.FORBIDDEN, 8_583_546_184, pose_encoding="stable", gated=True,
        terms=_NON_COMMERCIAL,
        licence_url=_STABLE_PAGE, installed_bytes=_FULL_SIZE,
        memory_bytes=_FULL_SIZE_MEMORY),
    ModelInfo(
        "stable-zero123c", "Stable Zero123 C, trained on CC-BY and CC0 objects",
        "stabilityai/stable-zero123", ("stable_zero123_c.ckpt",),
        "Stability AI Community License", CommercialUse.CONDITIONAL, 8_583_546_184,
        pose_encoding="stable", gated=True,
        terms="Free for research and non-commercial use, and for commercial use by those whose "
        "yearly revenue is at most 1,000,000 US dollars; others need a licence of Stability AI",
        licence_url="https://stability.ai/license", installed_bytes=_FULL_SIZE,
        memory_bytes=_FULL_SIZE_MEMORY),
    _conversion("zero123-xl-fp16", "Zero123-XL in half precision, a smaller download",
                "ashawkey/zero123-xl-diffusers", _HALF_SIZE, **_XL),
    _conversion("zero123-xl-ema", "Zero123-XL, averaged weights in half precision",
                "bennyguo/zero123-xl-diffusers", _MIXED_SIZE, **_XL),
    _conversion("zero123-xl-diffusers", "Zero123-XL, converted", "kxic/zero123-xl", _FULL_SIZE,
                **_XL),
    _conversion("zero123-ema", "Zero-1-to-3, averaged weights in half precision",
                "bennyguo/zero123-diffusers", _MIXED_SIZE),
    _conversion("zero123-105000-diffusers", "Zero-1-to-3, 105,000 steps, converted",
                "kxic/zero123-105000", _FULL_SIZE),
    _conversion("zero123-165000-diffusers", "Zero-1-to-3, 165,000 steps, converted",
                "kxic/zero123-165000", _FULL_SIZE),
    _conversion("stable-zero123-fp16", "Stable Zero123 in half precision, a smaller download",
                "ashawkey/stable-zero123-diffusers", _HALF_SIZE, **_STABLE),
    _conversion("stable-zero123-diffusers", "Stable Zero123, converted", "kxic/stable-zero123",
                _FULL_SIZE, **_STABLE),
    ModelInfo(
        "sdxl", "Stable Diffusion XL: makes images from text",
        "stabilityai/stable-diffusion-xl-base-1.0", (), "CreativeML Open RAIL++-M",
        CommercialUse.CONDITIONAL, _SDXL_SIZE, task=Task.TEXT,
        terms="Commercial use is allowed; the licence lists uses that are forbidden",
        licence_url="https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/"
        "LICENSE.md", installed_bytes=_SDXL_SIZE, memory_bytes=_SDXL_MEMORY),
    ModelInfo(
        "sdxl-turbo", "SDXL Turbo: makes images from text in one step", "stabilityai/sdxl-turbo",
        (), _STABLE_LICENCE, CommercialUse.FORBIDDEN, _SDXL_SIZE, task=Task.TEXT,
        terms=_NON_COMMERCIAL, licence_url="https://huggingface.co/stabilityai/sdxl-turbo",
        installed_bytes=_SDXL_SIZE, memory_bytes=_SDXL_MEMORY),
)


def list_models() -> list[ModelInfo]:
    """All entries of the catalogue, the smallest model first."""
    return list(CATALOGUE)


def find_model(name: str) -> ModelInfo | None:
    """The entry with this name; None if there is none."""
    return next((info for info in CATALOGUE if info.name == name), None)


def known_model(name: str) -> ModelInfo:
    """The entry with this name.

    Raises:
        EngineError: `MODEL_MISSING` if there is none.
    """
    info = find_model(name)
    if info is None:
        raise EngineError(ErrorCode.MODEL_MISSING, f"the model {name!r} is not in the catalogue",
                          f"choose from {', '.join(known.name for known in CATALOGUE)}")
    return info


def name_for(path: Path) -> str:
    """The name under which a checkpoint or a model folder is imported if none is given: that of
    the catalogue's entry for a file or repository of this name, otherwise its own.
    """
    hub_id = hub_id_of(path) or hub_id_of(snapshot_in(path))
    published = (info.name for info in CATALOGUE if path.name in info.files
                 or (hub_id and info.repo == hub_id and info.whole_repository))
    own = hub_id.rpartition("/")[2] or (path.name if path.is_dir() else path.stem)
    return next(published, own)


def models_folder() -> Path:
    """Folder of downloaded and imported models: $ZERO123_MODELS, or in the user's data folder."""
    chosen = os.environ.get("ZERO123_MODELS")
    if chosen:
        return Path(chosen).expanduser()
    return user_folder() / "models"


def size_text(count: int) -> str:
    """A number of bytes as text with a unit."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.1f} MB" if count < 1e7 else f"{count / 1e6:.0f} MB"
