# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detects the format of a file from its first bytes, because its name may be wrong.

Standard library only.

Sources: the safetensors format (https://huggingface.co/docs/safetensors), torch/serialization.py
(`MAGIC_NUMBER` of the format before torch 1.6), the Git LFS pointer specification, version 1.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Callable
from enum import Enum
from pathlib import Path

HEAD = 512
"""Number of bytes at the start of a file that are examined."""
MAX_HEADER = 100_000_000
"""Longest header in bytes that the safetensors library accepts."""
_PICKLE = 0x80
"""First byte of a pickle of protocol 2 or later."""
_MAGIC_NUMBER = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
"""torch's `MAGIC_NUMBER` in pickle's encoding (opcode LONG1)."""
_COMPRESSED = {b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR", b"BZh": "bzip2",
               b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "Zstandard"}
_HTML = re.compile(rb"\s*(<!doctype|<html|<head|<body|<\?xml|<!--)", re.IGNORECASE)
_LFS_SIZE = re.compile(rb"^size (\d{1,19})$", re.MULTILINE)


class FileFormat(Enum):
    """Formats of checkpoints, and of files that may be mistaken for one."""

    SAFETENSORS = "safetensors"
    TORCH = "torch.save"
    OLD_TORCH = "torch.save before torch 1.6"
    TORCHSCRIPT = "TorchScript"
    ARCHIVE = "ZIP archive"
    CUT_ARCHIVE = "cut-off ZIP archive"
    PICKLE = "pickle"
    LFS_POINTER = "Git LFS pointer"
    HTML = "HTML page"
    TEXT = "text"
    COMPRESSED = "compressed file"
    GGUF = "GGUF"
    ZEROS = "zeros"
    EMPTY = "empty file"
    UNKNOWN = "unknown"

    @property
    def holds_weights(self) -> bool:
        """Whether weights can be read from such a file."""
        return self in (FileFormat.SAFETENSORS, FileFormat.TORCH, FileFormat.OLD_TORCH)


def file_format(path: Path) -> FileFormat:
    """The format of a file, by its content.

    Raises:
        OSError: if it cannot be read.
    """
    head = _head(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(path)
    return next(found for found, is_it in _TESTS if is_it(head))


def explain(path: Path, found: FileFormat) -> tuple[str, str]:
    """(problem, remedy) as text for a file from which no weights can be read."""
    what, hint = _PROBLEMS[found]
    details = {FileFormat.LFS_POINTER: _size_behind, FileFormat.TEXT: _first_words,
               FileFormat.COMPRESSED: _compression}
    detail = details[found](_head(path)) if found in details else ""
    return f"{path} {what}{detail}", hint


def missing_bytes(path: Path) -> int:
    """Number of bytes missing at the end of a safetensors file; 0 if it is complete.

    Raises:
        ValueError, KeyError, TypeError: if its header cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0]
        text = file.read(length)
    if len(text) < length:
        return int(length - len(text))
    header = json.loads(text)
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return max(8 + length + max(ends, default=0) - path.stat().st_size, 0)


def _archive(path: Path) -> FileFormat:
    """The format of a ZIP archive, which torch.save and TorchScript write, too."""
    if not zipfile.is_zipfile(path):
        return FileFormat.CUT_ARCHIVE
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()
                     if name.count("/") <= 1}
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return FileFormat.UNKNOWN
    if "constants.pkl" in names:
        return FileFormat.TORCHSCRIPT
    return FileFormat.TORCH if "data.pkl" in names else FileFormat.ARCHIVE


def _is_safetensors(head: bytes) -> bool:
    """Whether a file starts with an 8-byte length and JSON."""
    if len(head) < 9:
        return False
    length = struct.unpack("<Q", head[:8])[0]
    return 2 <= length <= MAX_HEADER and head[8:9] == b"{"


def _is_old_torch(head: bytes) -> bool:
    """Whether a file starts with the pickled magic number, in newer protocols after a frame."""
    return head[0] == _PICKLE and _MAGIC_NUMBER in head[:32]


def _is_text(head: bytes) -> bool:
    return all(32 <= byte < 127 or byte in b"\t\r\n" or byte >= 0x80
               for byte in head) and not head.startswith(b"\x80")


_TESTS: tuple[tuple[FileFormat, Callable[[bytes], object]], ...] = (
    (FileFormat.EMPTY, lambda head: not head),
    (FileFormat.OLD_TORCH, _is_old_torch),
    (FileFormat.LFS_POINTER, lambda head: head.startswith(b"version https://git-lfs")),
    (FileFormat.COMPRESSED, lambda head: head.startswith(tuple(_COMPRESSED))),
    (FileFormat.GGUF, lambda head: head.startswith(b"GGUF")),
    (FileFormat.SAFETENSORS, _is_safetensors),
    (FileFormat.PICKLE, lambda head: head[0] == _PICKLE and head[1:2] in (
        b"\x02", b"\x03", b"\x04", b"\x05")),
    (FileFormat.ZEROS, lambda head: not any(head)),
    (FileFormat.HTML, lambda head: _HTML.match(head.removeprefix(b"\xef\xbb\xbf"))),
    (FileFormat.TEXT, _is_text),
    (FileFormat.UNKNOWN, lambda head: True))
"""Tests of a file's first bytes; the first test that is true determines the format."""
_GET_AGAIN = "get the file again"
_ANOTHER = "give an original Zero123 checkpoint"
_PROBLEMS = {
    FileFormat.LFS_POINTER: (
        "is a Git LFS pointer, not the weights",
        "get the weights themselves: `git lfs pull`, or the download button of the model's page"),
    FileFormat.HTML: (
        "is an HTML page, not a checkpoint",
        "the server answered with a page, such as a log-in or a licence to accept: open the "
        "address in a browser, or use `models download`"),
    FileFormat.TEXT: (
        "is a text file, not a checkpoint: ",
        "the server may have answered with a message: log in there, then get the file"),
    FileFormat.ZEROS: (
        "begins with zeros, so its download was not finished",
        "resume the download, or get the file again"),
    FileFormat.EMPTY: ("is empty", _GET_AGAIN),
    FileFormat.CUT_ARCHIVE: ("is cut off: the end of a torch.save file is missing", _GET_AGAIN),
    FileFormat.COMPRESSED: ("is compressed: ", "unpack it first"),
    FileFormat.ARCHIVE: ("is a ZIP archive without torch's weights", "unpack it first"),
    FileFormat.TORCHSCRIPT: ("is a TorchScript program, not a checkpoint", _ANOTHER),
    FileFormat.PICKLE: ("is a pickle that torch.save did not write", _ANOTHER),
    FileFormat.GGUF: ("is a GGUF file, which holds quantised weights", _ANOTHER),
    FileFormat.UNKNOWN: (
        "can't be read: it begins neither like safetensors nor like a torch.save file",
        "compare its size and digest with those on the model's page")}
"""(problem, remedy) for each format without weights."""


def _size_behind(head: bytes) -> str:
    """The size of the file that a Git LFS pointer refers to, as text."""
    found = _LFS_SIZE.search(head)
    return f"; these have {int(found[1]) / 1e9:.1f} GB" if found else ""


def _first_words(head: bytes) -> str:
    return " ".join(head.decode("utf-8", "replace").split())[:80]


def _compression(head: bytes) -> str:
    return next(name for start, name in _COMPRESSED.items() if head.startswith(start))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
