# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads weights from files of unknown origin without running code in them.

The content determines the format of a file, not its name. A pickle is read as data
(`pickle_data`): the released `.ckpt` files are complete training states, and objects other than
weights (hyperparameters, callbacks) are described and dropped. Sources: torch/serialization.py
and torch/_utils.py for the two formats of torch.save.
"""

from __future__ import annotations

import math
import pickle
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..core.errors import EngineError, ErrorCode
from .file_format import FileFormat, explain, file_format, missing_bytes
from .pickle_data import Description, PersistentId, PickleReader

MAX_PICKLE = 1 << 29
"""Maximum bytes of a pickle without its tensors; the largest published one has less than 4 MB."""
_HARMFUL = frozenset({
    "os", "posix", "nt", "subprocess", "sys", "importlib", "runpy", "socket", "shutil", "pty",
    "ctypes", "webbrowser", "pip", "code", "codeop", "timeit", "pdb", "bdb", "trace", "cProfile",
    "profile", "multiprocessing", "commands", "popen2", "pickle", "_pickle", "marshal", "types",
    "operator", "io", "_io", "urllib", "http", "requests", "ftplib", "smtplib", "tempfile",
    "torch.hub", "torch.jit", "torch.serialization", "torch._inductor", "numpy.f2py",
    "numpy.testing", "builtins", "__builtin__"})
"""Modules that attacks use and that weights do not need. Nothing in them would run here, but a file
that names one is malicious."""
_HARMLESS = frozenset(
    f"{module}.{name}" for module in ("builtins", "__builtin__")
    for name in ("set", "frozenset", "dict", "list", "tuple", "int", "float", "str", "bytes",
                 "bytearray", "bool", "complex", "slice", "range", "xrange", "object", "type",
                 "unicode", "long", "getattr"))
_STORAGES = {"Float": torch.float32, "Half": torch.float16, "BFloat16": torch.bfloat16,
             "Double": torch.float64, "Long": torch.int64, "Int": torch.int32,
             "Short": torch.int16, "Char": torch.int8, "Byte": torch.uint8, "Bool": torch.bool,
             "Untyped": torch.uint8}
"""Number formats by the names of torch's storage classes."""
_PROTOCOL = 1001
"""Version of the format before torch 1.6."""
_BROKEN = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError,
           ArithmeticError, AssertionError, RecursionError, MemoryError, struct.error, zlib.error,
           pickle.UnpicklingError, zipfile.BadZipFile, SafetensorError)
"""Exceptions of the readers for damaged files."""
_SHOWN = 5
"""Maximum number of names in an error message."""


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The named tensors of a safetensors or torch.save file, whatever its name; mapped, not copied.

    Raises:
        EngineError: `MODEL_MISSING` if there is no such file, `MODEL_DAMAGED` if it does not
            contain weights, is truncated or names a harmful module, `MODEL_INCOMPATIBLE` if it
            contains no named tensors.
    """
    if path.is_dir():
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"{path} is a folder, not a checkpoint",
                          "give the checkpoint in it, or a model folder in diffusers layout")
    if not path.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"the checkpoint {path} does not exist",
                          "check the path")
    try:
        weights = _read(path)
    except _BROKEN as error:
        reason = str(error).partition("\n")[0][:500] or type(error).__name__
        raise EngineError(ErrorCode.MODEL_DAMAGED, f"{path} can't be read: {reason}",
                          "compare its size and digest with those on the model's page") from error
    if not weights:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"{path} contains no named tensors",
                          "give an original Zero123 checkpoint")
    return weights


def holds_training_state(path: Path) -> bool:
    """Whether a torch.save file contains an optimiser's state in addition to the weights; False if
    it cannot be read.
    """
    readers = {FileFormat.TORCH: _zipped, FileFormat.OLD_TORCH: _old}
    try:
        found = file_format(path)
        content = readers[found](path).content if found in readers else {}
    except _BROKEN:
        return False
    return isinstance(content, Mapping) and "optimizer_states" in content


def _read(path: Path) -> dict[str, Tensor]:
    """The named tensors, read by the reader for the file's format."""
    found = file_format(path)
    if not found.holds_weights:
        raise EngineError(ErrorCode.MODEL_DAMAGED, *explain(path, found))
    if found is FileFormat.SAFETENSORS:
        lacking = missing_bytes(path)
        if lacking:
            raise EngineError(ErrorCode.MODEL_DAMAGED,
                              f"{path} is cut off: {lacking} bytes are missing at its end",
                              "resume the download, or get the file again")
        return dict(load_file(path))
    container = _zipped(path) if found is FileFormat.TORCH else _old(path)
    _refuse_harm(path, container.names)
    return container.tensors()


def _refuse_harm(path: Path, names: set[str]) -> None:
    """Raise `MODEL_DAMAGED` for a malicious pickle."""
    def is_harmful(name: str) -> bool:
        parts = name.split(".")
        return name not in _HARMLESS and any(
            ".".join(parts[:count]) in _HARMFUL for count in range(1, len(parts) + 1))

    found = sorted(filter(is_harmful, names))
    if found:
        raise EngineError(
            ErrorCode.MODEL_DAMAGED,
            f"{path} asks for {', '.join(found[:_SHOWN])}, which weights never contain",
            "it may be malicious: get the checkpoint from its authors")


@dataclass(frozen=True)
class _Container:
    """A torch.save file: its pickle as data, and access to its storages."""

    content: Any
    names: set[str]
    """Classes and functions that the pickle names."""
    storage: Callable[[str, int], torch.UntypedStorage]
    """(key, minimum number of bytes) to a storage."""

    def tensors(self) -> dict[str, Tensor]:
        """The named tensors at the top level, or under `state_dict`."""
        content = self.content
        if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
            content = content["state_dict"]
        if not isinstance(content, Mapping):
            return {}
        found = {key: self._tensor(value) for key, value in content.items()
                 if isinstance(key, str)}
        return {key: tensor for key, tensor in found.items() if tensor is not None}

    def _tensor(self, value: Any) -> Tensor | None:
        """The tensor for a description of one; None for anything else."""
        if not isinstance(value, Description):
            return None
        name, arguments = value.name.removeprefix("torch."), value.arguments
        if name in ("_utils._rebuild_parameter", "_utils._rebuild_parameter_with_state"):
            return self._tensor(arguments[0])
        if name == "_tensor._rebuild_from_type_v2":  # function, type, arguments, state
            return self._tensor(Description(arguments[0].name, arguments[2]))
        if name in ("_utils._rebuild_tensor", "_utils._rebuild_tensor_v2"):
            return self._view(*arguments[:4])
        return None

    def _view(self, reference: Any, offset: Any, size: Any, stride: Any) -> Tensor:
        """A tensor in a storage; offset, size and stride are in elements."""
        dtype, key, count, start = _storage_reference(reference)
        whole = [offset, *size, *stride]
        if not all(isinstance(n, int) and n >= 0 for n in whole) or len(size) != len(stride):
            raise pickle.UnpicklingError("a tensor has an invalid offset, size or stride")
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if 0 not in size and last >= count:
            raise pickle.UnpicklingError("a tensor extends beyond its storage")
        if 0 in size:
            return torch.empty(size, dtype=dtype)
        storage = self.storage(key, (start + count) * dtype.itemsize)
        return torch.empty(0, dtype=dtype).set_(
            storage, start + offset, tuple(size), tuple(stride))  # type: ignore[call-overload]


def _storage_reference(reference: Any) -> tuple[torch.dtype, str, int, int]:
    """(number format, key, elements, first element) of a storage to which a pickle refers.

    The reference is ("storage", class, key, device, elements) and in the old format a sixth entry:
    None, or (key, offset, elements) of a part of the storage.
    """
    value = reference.value if isinstance(reference, PersistentId) else None
    if not isinstance(value, tuple) or len(value) < 5 or value[0] != "storage":
        raise pickle.UnpicklingError("a tensor has no storage")
    _, kind, key, _, count, *view = value
    name = kind.name.rpartition(".")[2] if isinstance(kind, Description) else ""
    dtype = _STORAGES.get(name.removesuffix("Storage"))
    if dtype is None or not isinstance(count, int) or count < 0:
        raise pickle.UnpicklingError(f"the storage type {name!r} is unknown")
    start = 0
    if view and view[0] is not None:
        _, start, count = view[0]
        if not all(isinstance(n, int) and n >= 0 for n in (start, count)):
            raise pickle.UnpicklingError("a part of a storage has an invalid offset or size")
    return dtype, str(key), count, start


def _check_references(content: PickleReader, value: Any) -> Any:
    """The pickle's content, after checking that all its references are to storages."""
    for identifier in content.references:
        if not isinstance(identifier, tuple) or identifier[:1] != ("storage",):
            raise pickle.UnpicklingError("the pickle contains a reference that is not a storage")
    return value


def _zipped(path: Path) -> _Container:
    """Open a file in the format of torch.save since torch 1.6: a ZIP archive."""
    archive = zipfile.ZipFile(path)
    entries = {entry.filename: entry for entry in archive.infolist()}
    (pickled,) = (name for name in entries if name.rpartition("/")[2] == "data.pkl"
                  and name.count("/") <= 1)
    root = pickled.removesuffix("data.pkl")
    if entries[pickled].file_size > MAX_PICKLE:
        raise pickle.UnpicklingError("its pickle is too large")
    if f"{root}byteorder" in entries and archive.read(f"{root}byteorder").strip() != (
            sys.byteorder.encode()):
        raise pickle.UnpicklingError("its numbers have another byte order than this computer's")
    reader = PickleReader()
    with archive.open(pickled) as file:
        content = _check_references(reader, reader.read(file))
    mapped = _mapped(path)

    def storage(key: str, size: int) -> torch.UntypedStorage:
        entry = entries[f"{root}data/{key}"]
        if size > entry.file_size:
            raise pickle.UnpicklingError(f"the storage {key} is cut off")
        if entry.compress_type != zipfile.ZIP_STORED:
            return torch.frombuffer(bytearray(archive.read(entry)),
                                    dtype=torch.uint8).untyped_storage()
        start = _content_offset(archive, entry)
        return _part(mapped, start, entry.file_size)

    return _Container(content, reader.names, storage)


def _content_offset(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Offset of an entry's content, after its local header, whose padding may differ."""
    file = archive.fp
    assert file is not None
    file.seek(entry.header_offset)
    header = file.read(30)
    if header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("an entry is missing at the position that the archive's "
                                 "directory states")
    name, extra = struct.unpack("<HH", header[26:30])
    return int(entry.header_offset) + 30 + int(name) + int(extra)


def _old(path: Path) -> _Container:
    """Open a file in the format of torch.save before torch 1.6: pickles, then the storages."""
    with path.open("rb") as opened:
        file = _Bounded(opened, path.stat().st_size)
        PickleReader().read(file)  # the magic number
        protocol, system = PickleReader().read(file), PickleReader().read(file)
        if protocol != _PROTOCOL:
            raise pickle.UnpicklingError(f"the torch.save protocol {protocol!r} is unknown")
        if isinstance(system, dict) and system.get("little_endian") is not (
                sys.byteorder == "little"):
            raise pickle.UnpicklingError("its numbers have another byte order than this computer's")
        reader = PickleReader()
        content = _check_references(reader, reader.read(file))
        keys = PickleReader().read(file)
        sizes = {str(value[2]): _storage_reference(PersistentId(value))[0].itemsize
                 for value in reader.references}
        places: dict[str, tuple[int, int]] = {}
        for key in map(str, keys):
            (count,) = struct.unpack("<q", file.read(8))
            places[key] = file.tell(), count * sizes[key]
            if count < 0 or sum(places[key]) > file.size:
                raise pickle.UnpicklingError("it is cut off")
            file.seek(sum(places[key]))
    mapped = _mapped(path)

    def storage(key: str, size: int) -> torch.UntypedStorage:
        start, length = places[key]
        if size > length:
            raise pickle.UnpicklingError(f"the storage {key} is cut off")
        return _part(mapped, start, length)

    return _Container(content, reader.names, storage)


class _Bounded:
    """A file whose reads are limited to its size, because a length stated in it may be wrong."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = file, size
        self.tell, self.seek = file.tell, file.seek

    def read(self, count: int) -> bytes:
        return self._file.read(min(count, self.size))

    def readline(self) -> bytes:
        return self._file.readline(MAX_PICKLE)


def _mapped(path: Path) -> torch.UntypedStorage:
    """The whole file, memory-mapped."""
    mapped = torch.UntypedStorage.from_file(str(path), False, path.stat().st_size)
    assert isinstance(mapped, torch.UntypedStorage)
    return mapped


def _part(mapped: torch.UntypedStorage, start: int, length: int) -> torch.UntypedStorage:
    """A range of the file's bytes; copied if its numbers would not be aligned."""
    if start + length > mapped.nbytes():
        raise pickle.UnpicklingError("it is cut off")
    part = mapped[start:start + length]
    assert isinstance(part, torch.UntypedStorage)
    if math.gcd(start, 8) == 8:
        return part
    copied = torch.UntypedStorage(length)
    copied.copy_(part)
    return copied
