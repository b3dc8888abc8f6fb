# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind of job is declared once: its request class tells the program everything about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.batch.inputs import read_items
from engine.cli.main import main
from engine.core.reporting import Reporter, SilentReporter
from engine.core.request import SceneImport, default_of, option
from engine.core.requests import REQUESTS, ImageRequest, load_request, save_request
from engine.core.resume import request_key
from engine.core.staging import staged_folder
from engine.jobs.run import handler_of, run
from engine.jobs.server import default_handlers
from engine.remote.path_mapping import inputs


@dataclass(kw_only=True)
class CountRequest(ImageRequest):
    """The number of bytes in an image file and its mask."""

    KIND = "count"
    TITLE = "Byte Count"
    HANDLER = "counting_job:count"
    RESULT_FILE = "count.json"
    OWN_FILES = ("count.json", "request.json")
    IN_BATCHES = True

    mask: str = option("", "image of the mask", path="file", reads=True)
    factor: int = option(1, "multiplies the number", min=1, max=9)


def count(request: CountRequest, reporter: Reporter) -> dict[str, Any]:
    """The handler of `CountRequest`."""
    size = Path(request.image).stat().st_size * request.factor
    with staged_folder(Path(request.out), replaces=request.OWN_FILES) as stage:
        (stage / "count.json").write_text(json.dumps(size))
        save_request(request, stage)
    return {"bytes": size}


@pytest.fixture(autouse=True)
def added_kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The two places of a new kind: its request, and the module of its handler."""
    handlers = ModuleType("counting_job")
    handlers.count = count  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "counting_job", handlers)
    monkeypatch.setitem(REQUESTS, "count", CountRequest)
    yield


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    path.write_bytes(bytes(10))
    return path


def test_new_kind_runs_from_the_command_line(tmp_path: Path, image: Path):
    assert main(["count", str(image), "--out", str(tmp_path / "out"), "--factor", "3"]) == 0
    assert (tmp_path / "out" / "count.json").read_text() == "30"


def test_new_kind_runs_in_the_server(tmp_path: Path, image: Path):
    request = {"image": str(image), "out": str(tmp_path / "out")}
    assert default_handlers()["count"](request, SilentReporter()) == {"bytes": 10}


def test_new_kind_knows_its_result(tmp_path: Path, image: Path):
    request = CountRequest(image=str(image), out=str(CountRequest.out_in(tmp_path / "out")))
    run(request, SilentReporter())
    assert request.result == tmp_path / "out" / "count.json"
    assert request.result.is_file()
    assert load_request(tmp_path / "out") == request


def test_new_kind_sends_its_inputs_to_a_remote_engine(image: Path):
    request = CountRequest(image=str(image), mask=str(image))
    files, names = inputs(request)
    assert files == [(image, "image/image.png"), (image, "mask/image.png")]
    assert names == {"image": "image/image.png", "mask": "mask/image.png"}


def test_new_kind_is_identified_by_its_inputs_content(tmp_path: Path, image: Path):
    mask = tmp_path / "mask.png"
    mask.write_bytes(b"one")
    request = CountRequest(image=str(image), mask=str(mask), out="a")
    before = request_key(request)
    assert request_key(CountRequest(image=str(image), mask=str(mask), out="b")) == before
    mask.write_bytes(b"two")
    assert request_key(request) != before


def test_new_kind_runs_in_batches(tmp_path: Path, image: Path):
    table = tmp_path / "table.csv"
    table.write_text("image,mask,factor\nimage.png,mask.png,2\n")
    (item,) = read_items([table], tmp_path / "out", "count", {})
    assert item.request == CountRequest(image=str(image), mask=str(tmp_path / "mask.png"),
                                        factor=2, out=str(tmp_path / "out" / "image"))


@pytest.mark.parametrize("kind", REQUESTS)
def test_kinds_declare_what_others_need(kind: str):
    cls = REQUESTS[kind]
    assert kind == cls.KIND and cls.TITLE and cls.__doc__
    assert callable(handler_of(cls))
    assert cls.POSITIONAL in {f.name for f in fields(cls)}
    assert ("resume" in {f.name for f in fields(cls)}) == cls.RESUMABLE
    assert cls.RESULT_FILE or cls.OUT_IS_FOLDER
    assert isinstance(cls.SCENE_IMPORT, SceneImport)


def test_request_fields_have_one_type_everywhere():
    types: dict[str, set[type]] = {}
    for cls in REQUESTS.values():
        for f in fields(cls):
            types.setdefault(f.name, set()).add(type(default_of(f)))
    assert {name: found for name, found in types.items() if len(found) > 1} == {}
