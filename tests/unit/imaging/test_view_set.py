# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ViewSet: saved views are loaded unchanged, and invalid ones are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import camera
from engine.core.errors import EngineError, ErrorCode
from engine.imaging import premultiplied
from engine.imaging.view_set import SCHEMA, ViewSet

META = {"image": "mug.png", "model": "nano", "seed": 7, "steps": 12, "guidance": 3.0,
        "sampler": "dpm++", "input": {"elevation_deg": 5.0, "radius": 1.85, "fov_deg": 49.13}}


def make_views(count: int = 3, size: int = 16) -> ViewSet:
    """Random images whose values are exact in eight bits."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, size, size, 4)).astype(np.float32) / 255
    return ViewSet(images=premultiplied(images), azimuth_deg=np.arange(count) * 30.0,
                   elevation_deg=np.linspace(-10, 40, count), radius=np.full(count, 1.85),
                   sample=np.arange(count) % 2, meta=dict(META))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return make_views().save(tmp_path / "views")


def test_view_set_round_trip(saved: Path) -> None:
    before, after = make_views(), ViewSet.load(saved)
    np.testing.assert_allclose(after.images, before.images, atol=1e-6)
    for name in ("azimuth_deg", "elevation_deg", "radius", "sample"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert after.meta == META
    assert after.fov_deg == before.fov_deg


def test_view_set_file_has_the_documented_keys(saved: Path) -> None:
    document = json.loads(saved.read_text(encoding="utf-8"))
    assert list(document) == ["schema", "image", "model", "seed", "steps", "guidance", "sampler",
                              "input", "views"]
    assert document["schema"] == SCHEMA
    view = document["views"][1]
    assert set(view) == {"file", "azimuth_deg", "elevation_deg", "radius", "sample",
                         "camera_to_world", "fov_deg"}
    assert view["file"] == "view_001.png"
    np.testing.assert_allclose(view["camera_to_world"], camera.camera_to_world(30.0, 15.0, 1.85))
    assert sorted(p.name for p in saved.parent.iterdir()) == [
        "view_000.png", "view_001.png", "view_002.png", "views.json"]


def test_load_assumes_white_background_without_alpha(saved: Path) -> None:
    pixels = np.full((16, 16, 3), 255, np.uint8)
    pixels[4:12, 4:12] = (200, 30, 30)
    Image.fromarray(pixels).save(saved.parent / "view_001.png")
    alpha = ViewSet.load(saved).images[1, ..., 3]
    assert alpha[6:10, 6:10].min() > 0.9
    assert alpha[0].max() < 0.1


@pytest.mark.parametrize("name", ["../view_000.png", "/etc/passwd", "a/b.png", "..\\x.png",
                                  "C:\\x.png", "C:x.png", "..", "", None, 3, "a\0b.png"])
def test_load_refuses_file_names_outside_the_folder(saved: Path, name: object) -> None:
    edit(saved, lambda document: document["views"][0].update(file=name))
    refused(saved)


@pytest.mark.parametrize(("key", "value"), [
    ("azimuth_deg", "30"), ("elevation_deg", 91), ("radius", 0), ("radius", float("nan")),
    ("radius", 10**400), ("sample", -1), ("fov_deg", 0), ("fov_deg", 60.0), ("elevation_deg", True),
    ("azimuth_deg", None)])
def test_load_refuses_an_invalid_camera(saved: Path, key: str, value: object) -> None:
    edit(saved, lambda document: document["views"][0].update({key: value}))
    refused(saved)


@pytest.mark.parametrize("value", [3, {"elevation_deg": "low"}, {"radius": -1}, {"radius": None}])
def test_load_refuses_an_invalid_input_camera(saved: Path, value: object) -> None:
    edit(saved, lambda document: document.update(input=value))
    refused(saved)


@pytest.mark.parametrize("text", [
    "", "[]", "{", "[" * 100_000, '{"schema": "other/1", "views": []}',
    json.dumps({"schema": SCHEMA}), json.dumps({"schema": SCHEMA, "views": []}),
    json.dumps({"schema": SCHEMA, "views": [1]})])
def test_load_refuses_other_files(saved: Path, text: str) -> None:
    saved.write_text(text, encoding="utf-8")
    refused(saved)


def test_load_refuses_unusable_images(saved: Path) -> None:
    picture = saved.parent / "view_001.png"
    good = picture.read_bytes()
    for content in (b"", b"not a picture", good[: len(good) // 2]):
        picture.write_bytes(content)
        refused(saved)
    for size in ((16, 8), (1, 1), (32, 32)):
        Image.new("RGBA", size).save(picture)
        refused(saved)
    picture.unlink()
    assert "missing" in refused(saved).message


def test_load_reports_a_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "views.json")


def test_save_reports_an_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(EngineError) as caught:
        make_views().save(tmp_path / "file" / "views")
    assert caught.value.code is ErrorCode.DISK


def test_view_set_checks_array_shapes() -> None:
    with pytest.raises(ValueError, match="N x S x S x 4"):
        ViewSet(np.zeros((1, 4, 4, 3)), np.zeros(1), np.zeros(1), np.ones(1), np.zeros(1))
    with pytest.raises(ValueError, match="azimuth_deg"):
        ViewSet(np.zeros((1, 4, 4, 4)), np.zeros(2), np.zeros(1), np.ones(1), np.zeros(1))


def edit(path: Path, change) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def refused(path: Path) -> EngineError:
    """The error of loading this file, which must be BAD_INPUT with a hint."""
    with pytest.raises(EngineError) as caught:
        ViewSet.load(path)
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert caught.value.hint
    return caught.value
