# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small models to download, and helpers of the tests of downloads."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.errors import EngineError
from engine.core.reporting import SilentReporter
from engine.models import CommercialUse, ModelInfo
from engine.models.catalogue import Task
from engine.models.download import download

TINY = ModelInfo("tiny", "a tiny model", "someone/tiny", ("tiny.ckpt", "config.yaml"), "MIT",
                 CommercialUse.ALLOWED, 15_000_000)
BLOB = ModelInfo("blob", "one file", "someone/blob", ("blob.onnx",), "MIT", CommercialUse.ALLOWED,
                 5_000_000, task=Task.SEGMENTATION)
MB = 1024 * 1024
SILENT = SilentReporter()


def error_of(info: ModelInfo, **options: object) -> EngineError:
    with pytest.raises(EngineError) as caught:
        download(info, SILENT, **options)  # type: ignore[arg-type]
    return caught.value


def part(models: Path) -> Path:
    (found,) = models.glob(".downloads/*/*.part")
    return found
