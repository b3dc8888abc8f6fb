# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the weights of LPIPS and FID are found, and the errors for those that can't be used.
`metrics/` tests the values.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.command_line import run

from engine.core.errors import EngineError, ErrorCode
from engine.evaluation.perceptual import (
    FID_VARIABLE,
    LPIPS_FILES,
    LPIPS_VARIABLE,
    Fid,
    Lpips,
    find_weights,
)


def test_find_weights_prefers_option_then_variable(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path))
    monkeypatch.delenv(LPIPS_VARIABLE, raising=False)
    assert find_weights(None, LPIPS_VARIABLE, LPIPS_FILES) is None
    (tmp_path / "metrics").mkdir()
    files = [tmp_path / "metrics" / LPIPS_FILES[1], tmp_path / "named.pth", tmp_path / "given.pth"]
    for path in files:
        path.touch()
    assert find_weights(None, LPIPS_VARIABLE, LPIPS_FILES) == files[0]
    monkeypatch.setenv(LPIPS_VARIABLE, str(files[1]))
    assert find_weights(None, LPIPS_VARIABLE, LPIPS_FILES) == files[1]
    assert find_weights(files[2], LPIPS_VARIABLE, LPIPS_FILES) == files[2]


@pytest.mark.parametrize("variable", [LPIPS_VARIABLE, FID_VARIABLE])
def test_evaluate_views_checks_weights_first(
        tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "nothing.pth"))
    assert run("evaluate", "views", tmp_path) == 3
    told = capsys.readouterr().err
    assert "nothing.pth" in told and "give " in told


@pytest.mark.parametrize("measure", [Lpips, Fid])
def test_lpips_refuses_a_truncated_file(tmp_path: Path, measure: type) -> None:
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "whole.pth")
    content = (tmp_path / "whole.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(content[:len(content) // 2])
    with pytest.raises(EngineError) as caught:
        measure(tmp_path / "cut.pth")
    assert caught.value.code is ErrorCode.MODEL_DAMAGED
    assert "cut.pth" in caught.value.message and caught.value.hint


def test_lpips_refuses_another_network(tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "other.pth")
    with pytest.raises(EngineError) as caught:
        Lpips(tmp_path / "other.pth")
    assert caught.value.code is ErrorCode.MODEL_INCOMPATIBLE
    assert LPIPS_FILES[0] in caught.value.hint
