# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's message when a library fails suits the device, the proxy and the kept work."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from engine.core.errors import EngineError, ErrorCode
from engine.core.failures import as_engine_error
from engine.core.reporting import SilentReporter
from engine.core.requests import ReconstructRequest
from engine.core.resume import work_folder
from engine.jobs.run import run

GPU = RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 8 GiB in all")
METAL = RuntimeError("MPS backend out of memory (MPS allocated: 9.0 GB)")
CPU = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


@pytest.mark.parametrize(("error", "mentions_cpu"), [
    (GPU, True), (METAL, True), (CPU, False), (MemoryError(), False)])
def test_out_of_memory_hints_fit_the_device(error: Exception, mentions_cpu: bool):
    failure = as_engine_error(error)
    assert failure.code is ErrorCode.OUT_OF_MEMORY
    assert ("CPU" in failure.hint) == mentions_cpu
    assert "GPU 0" not in failure.message


@pytest.mark.parametrize("error", [GPU, CPU])
def test_out_of_memory_hints_mention_kept_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                               error: Exception):
    def fail(request: ReconstructRequest, reporter: SilentReporter) -> None:
        work_folder(request).mkdir()
        raise error

    handlers = ModuleType("failing_job")
    handlers.fail = fail  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "failing_job", handlers)
    monkeypatch.setattr(ReconstructRequest, "HANDLER", "failing_job:fail")
    with pytest.raises(EngineError) as caught:
        run(ReconstructRequest(image="a.png", out=str(tmp_path / "out")), SilentReporter())
    assert "kept" in caught.value.hint


@pytest.mark.parametrize("error", [
    ImportError("Using SOCKS proxy, but the 'socksio' package is not installed."),
    ImportError("Missing dependencies for SOCKS support.", name="socks")])
def test_failure_names_the_missing_socks_library(error: ImportError):
    failure = as_engine_error(error)
    assert failure.code is ErrorCode.ENVIRONMENT
    assert "SOCKS proxy" in failure.message and "HTTPS_PROXY" in failure.hint
