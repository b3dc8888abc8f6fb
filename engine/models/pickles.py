# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading weights out of files from strangers without running what else is in them.

The released `.ckpt` files are whole training states, pickled with classes of a training library.
`torch.load(weights_only=True)` refuses those; a plain load would import the library and call
whatever the file names. Here every global that isn't needed to rebuild a tensor becomes an inert
placeholder that can be called and filled, and does nothing.
"""

from __future__ import annotations

import collections
import pickle
import types
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..protocol import EngineError, ErrorCode

_ALLOWED = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
}
_BROKEN = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError,
           pickle.UnpicklingError, zipfile.BadZipFile, SafetensorError, RecursionError)
"""What the readers raise on damaged files."""


class Inert:
    """Stands for any object of a pickle that isn't a weight. Swallows all that is done to it."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Inert:
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None: ...

    def __call__(self, *args: Any, **kwargs: Any) -> Inert:
        return self

    def append(self, item: Any) -> None:
        """For pickled subclasses of list."""

    def extend(self, items: Any) -> None:
        """For pickled subclasses of list."""

    def add(self, item: Any) -> None:
        """For pickled subclasses of set."""


class InertUnpickler(pickle.Unpickler):
    """Unpickler that knows tensors and dictionaries, and makes `Inert` of everything else."""

    def find_class(self, module: str, name: str) -> Any:
        """The object behind a global: from a short list, never by importing."""
        allowed = _ALLOWED.get((module, name))
        return allowed if allowed is not None else type(name, (Inert,), {"__module__": module})


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The named tensors in a `.safetensors` or a `torch.save` file, mapped, not copied.

    Raises:
        EngineError: `MODEL_MISSING` if there is no such file, `MODEL_DAMAGED` if it can't be
            read, `MODEL_INCOMPATIBLE` if it holds no named tensors.
    """
    if not path.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"there is no checkpoint {path}",
                          "check the path")
    try:
        content = load_file(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except _BROKEN as error:
        reason = str(error).partition("\n")[0]
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"{path} can't be read: {reason}",
                          "fetch the checkpoint again") from error
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
    """The content of a `torch.save` file: by torch's own safe reader, else by the inert one."""
    if not zipfile.is_zipfile(path):
        raise pickle.UnpicklingError("not a torch.save file, or truncated")
    with zipfile.ZipFile(path) as archive:
        # torch.load would hand these to its TorchScript interpreter.
        if any(Path(name).name == "constants.pkl" for name in archive.namelist()):
            raise pickle.UnpicklingError("a TorchScript program, not a state dictionary")
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError:
        reader: Any = types.SimpleNamespace(
            __name__="inert", Unpickler=InertUnpickler, load=_load, loads=None)
        return torch.load(path, map_location="cpu", weights_only=False, mmap=True,
                          pickle_module=reader)


def _load(file: Any, **options: Any) -> Any:
    """`pickle.load` with the inert unpickler."""
    return InertUnpickler(file, **options).load()
