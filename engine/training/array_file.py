# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A .npy file that grows along its first axis, so that no data set has to fit into memory."""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from ..core.staging import staged_file


class ArrayFile:
    """Writes a .npy file row by row. It appears under its name when the block ends without error.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._staged = ExitStack()
        self._file: BinaryIO | None = None
        self._row: np.ndarray | None = None
        self.count = 0
        """Number of rows written."""

    def append(self, row: np.ndarray) -> None:
        """Add a row; all have the shape and type of the first one."""
        if self._file is None or self._row is None:
            self._row = np.empty((0, *row.shape), row.dtype)
            stage = self._staged.enter_context(staged_file(self.path))
            self._file = self._staged.enter_context(stage.open("wb"))
            self._file.write(self._header())
        if (row.shape, row.dtype) != (self._row.shape[1:], self._row.dtype):
            raise ValueError(f"a row of {row.shape} {row.dtype} in an array of "
                             f"{self._row.shape[1:]} {self._row.dtype}")
        self._file.write(np.ascontiguousarray(row).data)
        self.count += 1

    def _header(self) -> bytes:
        """The header for the present number of rows. numpy leaves room for the first axis to grow,
        so that its length does not change.
        """
        assert self._row is not None
        description = np.lib.format.header_data_from_array_1_0(self._row)
        description["shape"] = (self.count, *self._row.shape[1:])
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, description)
        return header.getvalue()

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._file is not None and kind is None:
            self._file.seek(0)
            self._file.write(self._header())
        self._staged.__exit__(kind, error, trace)
