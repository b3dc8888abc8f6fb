# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The garbage collector rests while libraries are imported, and is as it was afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from engine import models
from engine.core.garbage_collector import paused_collector
from engine.core.requests import ViewsRequest
from engine.jobs import server
from engine.jobs.run import handler_of


@pytest.fixture(autouse=True)
def collector_as_it_was() -> Iterator[None]:
    yield
    gc.enable()


def test_paused_collector_resumes_after_an_error() -> None:
    with pytest.raises(ImportError), paused_collector():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()


def test_paused_collector_leaves_a_disabled_one() -> None:
    gc.disable()
    with paused_collector():
        pass
    assert not gc.isenabled()


def test_libraries_are_imported_without_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    enabled = []

    def note(name: str, package: str | None = None) -> object:
        enabled.append(gc.isenabled())
        return object()

    monkeypatch.setattr(server.importlib, "import_module", note)
    monkeypatch.setattr(models, "import_module", note)
    server._load("torch")
    with pytest.raises(AttributeError):
        models.load_pipeline  # noqa: B018 - its module is imported when it is first used
    with pytest.raises(AttributeError):
        handler_of(ViewsRequest)
    assert enabled == [False] * 3
    assert gc.isenabled()
