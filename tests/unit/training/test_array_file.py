# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A .npy file that is written row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.training.array_file import ArrayFile


@pytest.mark.parametrize("count", [1, 9, 1234])
def test_array_file_is_read_like_any_array(count: int, tmp_path: Path) -> None:
    rows = np.arange(count * 6, dtype=np.float32).reshape(count, 2, 3)
    with ArrayFile(tmp_path / "a.npy") as file:
        for row in rows:
            file.append(row)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy", mmap_mode="r"), rows)


def test_array_file_refuses_rows_of_another_shape(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\(3,\)"), ArrayFile(tmp_path / "a.npy") as file:
        file.append(np.zeros(2))
        file.append(np.zeros(3))
    assert not list(tmp_path.iterdir()), "an incomplete file is removed"


def test_array_file_without_rows_writes_nothing(tmp_path: Path) -> None:
    with ArrayFile(tmp_path / "a.npy"):
        pass
    assert not list(tmp_path.iterdir())
