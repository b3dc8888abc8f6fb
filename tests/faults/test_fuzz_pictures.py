# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Usual, damaged and malicious images are read correctly or refused in time."""

from __future__ import annotations

import io
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from rounds import fuzz, outcome, peak_memory_mb

from engine.core.errors import EngineError, ErrorCode
from engine.imaging import load_input, read_image
from engine.imaging.view_set import ViewSet

REFUSED = (ErrorCode.BAD_INPUT, ErrorCode.OUT_OF_MEMORY)
"""The latter for a JPEG 2000 file whose boxes state more bytes than possible."""
RED = (200, 40, 30)
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "YCbCr", "LAB", "HSV")
SUFFIXES = ("png", "jpg", "webp", "tif", "bmp", "gif", "avif", "jp2", "tga", "ppm")


def encoded(mode: str, suffix: str, **options: object) -> bytes:
    """A file with a red square on white, in this mode if the format supports it, otherwise in
    RGB.
    """
    picture = Image.new("RGB", (48, 32), "white")
    picture.paste(RED, (12, 8, 36, 24))
    stream = io.BytesIO()
    name = Image.registered_extensions()[f".{suffix}"]
    try:
        if mode.startswith("I"):
            if suffix not in ("png", "tif", "jp2", "ppm"):
                raise ValueError("Pillow would clip it")
            wide = np.asarray(picture.convert("L"), np.uint16) * 257
            Image.fromarray(wide if mode == "I;16" else wide.astype(np.int32)).save(
                stream, format=name, **options)
        else:
            picture.convert(mode).save(stream, format=name, **options)
    except (OSError, ValueError, KeyError):
        stream = io.BytesIO()
        picture.save(stream, format=name, **options)
    return stream.getvalue()


WHOLE = [encoded(mode, suffix) for suffix in SUFFIXES for mode in MODES]
WHOLE += [encoded("RGB", "png", icc_profile=ImageCms.ImageCmsProfile(
    ImageCms.createProfile("sRGB")).tobytes())]
WHOLE = sorted(set(WHOLE))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An image file with some bytes changed, cut off or doubled."""
    content = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.sampled_from(["change", "change", "cut", "double", "zero"])):
            case "change" if content:
                content[place] = draw(st.integers(0, 255))
            case "cut":
                del content[place:]
            case "double":
                content[place:place] = content[place:place + draw(st.integers(0, 300))]
            case "zero":
                content[place:place + 40] = bytes(40)
    return bytes(content)


@fuzz(250, 30_000)
@given(content=damaged() | st.binary(max_size=200))
def test_damaged_image_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    result = outcome(read_image, path)
    if isinstance(result, EngineError):
        assert result.code in REFUSED
    else:
        assert result.dtype == np.uint8
        assert result.shape[2] == 4


@fuzz(100, 10_000)
@given(content=damaged() | st.binary(max_size=200))
def test_damaged_view_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    write_views(tmp_path, content)
    result = outcome(ViewSet.load, tmp_path / "views.json")
    assert not isinstance(result, EngineError) or result.code in REFUSED


def write_views(folder: Path, *contents: bytes) -> None:
    """Write a views.json with these images."""
    views = []
    for i, content in enumerate(contents):
        (folder / f"view_{i:03d}.png").write_bytes(content)
        views.append({"file": f"view_{i:03d}.png", "azimuth_deg": 0.0, "elevation_deg": 0.0,
                      "radius": 1.85, "sample": 0, "fov_deg": 49.13})
    (folder / "views.json").write_text(json.dumps({"schema": "zero123.views/1", "views": views}))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_every_format_shows_the_square(tmp_path: Path, mode: str,
                                                     suffix: str) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(mode, suffix))
    rgba = read_image(path)
    assert rgba.shape == (32, 48, 4)
    dark, light = rgba[12:20, 18:30, :3].mean(), rgba[:4, :, :3].mean()
    assert light > 240
    assert dark < 200 or mode == "1"
    assert load_input(path, size=32).alpha[16, 16] > 0.9


@pytest.mark.parametrize("orientation", range(10))
def test_rotated_photo_is_read_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "photo.jpg").write_bytes(encoded("RGB", "jpg", exif=exif))
    shape = read_image(tmp_path / "photo.jpg").shape[:2]
    assert shape == ((48, 32) if orientation in (5, 6, 7, 8) else (32, 48))


def test_first_frame_of_an_animation_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    for suffix in ("gif", "png", "webp", "tif"):
        path = tmp_path / f"animated.{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        assert read_image(path)[16, 16].tolist()[1:] == pytest.approx([0, 0, 255], abs=3)


def png_of_size(width: int, height: int, rows: int = 50) -> bytes:
    """A PNG whose header states a size; it contains a few rows, compressed a thousandfold."""
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))

    line = bytes(1 + 3 * min(width, 20_000))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0,
                                                              0))
            + chunk(b"IDAT", zlib.compress(line * rows)) + chunk(b"IEND", b""))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("content", [
    png_of_size(2**31 - 1, 2**31 - 1), png_of_size(60_000, 60_000), png_of_size(1, 2**30),
    png_of_size(16_000, 16_000), png_of_size(0, 0),
    b"P6\n100000 100000\n255\n", b"P6\n16000 16000\n255\n" + bytes(100),
    b"BM" + struct.pack("<IIIIiiHHIIiiII", 100, 0, 54, 40, 2**30, -(2**30), 1, 24, 0, 0, 0, 0, 0,
                        0)],
    ids=["endless", "huge", "thin", "bomb", "nothing", "ppm", "ppm cut off", "bmp"])
def test_decompression_bomb_allocates_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bomb.png").write_bytes(content)
    before = peak_memory_mb(since_now=True)
    assert isinstance(outcome(read_image, tmp_path / "bomb.png"), EngineError)
    assert peak_memory_mb() - before < 100


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_too_many_views_allocate_nothing(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (4096, 4096)).save(stream, format="PNG")
    write_views(tmp_path, *[stream.getvalue()] * 40)
    before = peak_memory_mb(since_now=True)
    assert isinstance(outcome(ViewSet.load, tmp_path / "views.json"), EngineError)
    assert peak_memory_mb() - before < 300


def test_eps_image_is_not_opened(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EPS files are programs: Pillow would pass them to Ghostscript."""
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\nshowpage\n%%EOF\n"
    write_views(tmp_path, script)
    Image.init()
    opened = []
    plugin, accepts = Image.OPEN["EPS"]
    monkeypatch.setitem(Image.OPEN, "EPS", (
        lambda *given: opened.append(given) or plugin(*given), accepts))
    for read, file in ((ViewSet.load, "views.json"), (read_image, "view_000.png")):
        assert isinstance(outcome(read, tmp_path / file), EngineError)
    assert not opened
