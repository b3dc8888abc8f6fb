# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a job may write where it is asked to: checked before anything is computed.

The program overwrites only files that it has written itself. A result that is a single image
carries a mark by which it is recognised; see `own_files` for results in folders. Standard library
only.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import EngineError, ErrorCode
from .files import UNREADABLE_JSON
from .own_files import foreign_files
from .request import Request
from .staging import staged_file

PNG_START = b"\x89PNG\r\n\x1a\n"
MARK = b"zero123\0"
"""Keyword of the PNG text chunk that marks an image as the program's own. Its text is the SHA-256
digest of the file without the chunk, so an image that was changed since is not recognised."""
HINT = "give another name for the result, or move that file away"


def check_result_place(request: Request) -> None:
    """Refuse a request whose result would replace its input or a file of a person.

    Raises:
        EngineError: `BAD_INPUT` if it would.
    """
    out = Path(request.out)
    if out.is_symlink() and not out.exists():
        raise EngineError(ErrorCode.BAD_INPUT, f"{out} is a link to something that is missing",
                          "give another name for the result, or remove the link")
    if request.OUT_IS_FOLDER:
        patterns = request.written_files()
        targets = {path for pattern in patterns for path in out.glob(pattern)}
    else:
        patterns, targets = (), {out}
    _check_inputs(request, targets)
    if not request.OUT_IS_FOLDER:
        if out.is_file() and not is_own_file(out):
            raise foreign_file_error(out)
    elif not request.ADDS_TO_RESULT and out.is_dir():
        for name in foreign_files(out, patterns):
            raise foreign_file_error(out / name)


def foreign_file_error(path: Path) -> EngineError:
    """The error for a result that would replace a file of a person."""
    return EngineError(ErrorCode.BAD_INPUT,
                       f"{path} is not overwritten, because this program did not write it or it "
                       "was changed since", HINT)


def _check_inputs(request: Request, targets: set[Path]) -> None:
    """Refuse to replace an input file. A list of views may be replaced by itself."""
    for name, declared in request.fields_with("reads").items():
        given = getattr(request, name)
        if not given or declared.metadata.get("beside"):
            continue
        for path in targets:
            with suppress(OSError):
                if os.path.samefile(path, given):
                    raise EngineError(
                        ErrorCode.BAD_INPUT, f"the result would replace its input {given}",
                        "give another name for the result")


def is_own_file(path: Path) -> bool:
    """Whether a single file is a result of the program, unchanged: a marked PNG image, or the JSON
    file of an estimated elevation."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    if content.startswith(PNG_START):
        mark, rest = _split_mark(content)
        return mark == hashlib.sha256(rest).hexdigest().encode()
    try:
        return "elevation_deg" in json.loads(content)
    except UNREADABLE_JSON:
        return False


@contextmanager
def staged_result(out: Path) -> Iterator[Path]:
    """As `staging.staged_file`, for a job's result: an image is marked as the program's own."""
    with staged_file(out) as stage:
        yield stage
        content = stage.read_bytes()
        if content.startswith(PNG_START):
            stage.write_bytes(_marked(content))


def _marked(png: bytes) -> bytes:
    """A PNG file with the mark before its last chunk."""
    body = b"tEXt" + MARK + hashlib.sha256(png).hexdigest().encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:-12] + chunk + png[-12:]


def _split_mark(png: bytes) -> tuple[bytes, bytes]:
    """The text of the mark, empty if there is none, and the file without the mark's chunk."""
    start = png.rfind(b"tEXt" + MARK) - 4
    if start < 0:
        return b"", png
    end = start + 12 + int.from_bytes(png[start:start + 4], "big")
    return png[start + 8 + len(MARK):end - 4], png[:start] + png[end:]
