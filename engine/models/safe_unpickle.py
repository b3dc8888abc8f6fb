# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading weights out of files from strangers without running what else is in them.

Only by safetensors and by torch's `weights_only` reader, which calls nothing but what rebuilds
tensors. The released `.ckpt` files are whole training states and name a few things more, of a
training library and of NumPy: inert placeholders take their place. A file that names anything
else is refused before it is read.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from ..core.errors import EngineError, ErrorCode

_TRAINING_STATE = ("pytorch_lightning.", "lightning.", "omegaconf.", "numpy.dtype",
                   "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
"""Beginnings of names that training states hold beside weights."""
_BROKEN = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError,
           ArithmeticError, AssertionError, struct.error, pickle.UnpicklingError,
           zipfile.BadZipFile, SafetensorError)
"""What the readers raise on damaged files."""
_SHOWN = 5
"""Names in an error message."""


class Inert:
    """Stands for an object of a training state that isn't a weight; swallows what it is given."""

    def __new__(cls, *args: Any) -> Inert:
        return super().__new__(cls)

    def __init__(self, *args: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The named tensors in a `.safetensors` or a `torch.save` file, mapped, not copied.

    Raises:
        EngineError: `MODEL_MISSING` if there is no such file, `MODEL_DAMAGED` if it can't be
            read or names something that no weights need, `MODEL_INCOMPATIBLE` if it holds no
            named tensors.
    """
    if not path.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"there is no checkpoint {path}",
                          "check the path")
    try:
        content = load_file(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except _BROKEN as error:
        reason = str(error).partition("\n")[0][:500]
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"{path} can't be read: {reason}",
                          "get the checkpoint again") from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        content = {}
    weights = {key: value for key, value in content.items()
               if isinstance(key, str) and isinstance(value, Tensor)}
    if not weights:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"{path} holds no named tensors",
                          "give an original Zero123 checkpoint")
    return weights


def _read_pickle(path: Path) -> Any:
    """The content of a `torch.save` file; nothing in it is imported or called."""
    if not zipfile.is_zipfile(path):
        raise pickle.UnpicklingError("not a torch.save file, or truncated")
    named = get_unsafe_globals_in_checkpoint(path)
    foreign = sorted(name for name in named if not name.startswith(_TRAINING_STATE))
    if foreign:
        raise EngineError(
            ErrorCode.MODEL_DAMAGED,
            f"{path} asks for {', '.join(foreign[:_SHOWN])}, which no weights need",
            "it may have been made to do harm: get the checkpoint from its authors")
    with safe_globals([(Inert, name) for name in named]):
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
