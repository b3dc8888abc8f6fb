# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of every kind are read, damaged ones are refused, and objects are found and framed."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.core.errors import EngineError, ErrorCode
from engine.imaging import (
    cut_out,
    foreground_alpha,
    load_input,
    read_image,
    save_png,
)

ORANGE = (230, 120, 40)


def iou(first, second):
    return (first & second).sum() / (first | second).sum()


def disc(size, centre, radius):
    """Boolean H x W: inside a circle. `size`, `centre` as (x, y)."""
    y, x = np.mgrid[:size[1], :size[0]]
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2


@pytest.fixture
def cut_out_png(tmp_path):
    """Writes an RGBA image of an orange ellipse: (size, box of the ellipse) to a path."""

    def write(size, box, name="object.png"):
        picture = Image.new("RGBA", size, (0, 0, 0, 0))
        ImageDraw.Draw(picture).ellipse(box, fill=(*ORANGE, 255))
        picture.save(tmp_path / name)
        return tmp_path / name

    return write


def encoded(format_name, size=(64, 48), **options):
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), np.uint8))
    buffer = io.BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()


def with_declared_size(png, width, height):
    """The PNG with another size in its header: a small file that states a huge image."""
    header = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


class TestReading:
    @pytest.mark.parametrize(("mode", "colour", "expected"), [
        ("RGB", ORANGE, (*ORANGE, 255)), ("RGBA", (*ORANGE, 128), (*ORANGE, 128)),
        ("L", 90, (90, 90, 90, 255)), ("LA", (90, 50), (90, 90, 90, 50)),
        ("1", 1, (255, 255, 255, 255)), ("I;16", 0x8080, (128, 128, 128, 255)),
    ])
    def test_read_image_reads_every_png_mode(self, tmp_path, mode, colour, expected):
        Image.new(mode, (20, 16), colour).save(tmp_path / "a.png")
        rgba = read_image(tmp_path / "a.png")
        assert rgba.shape == (16, 20, 4)
        np.testing.assert_allclose(rgba[5, 5], expected, atol=1)

    def test_read_image_reads_transparent_palettes(self, tmp_path):
        picture = Image.new("P", (20, 16), 1)
        picture.putpalette([0, 0, 0, *ORANGE])
        picture.putpixel((0, 0), 0)
        picture.save(tmp_path / "a.png", transparency=0)
        rgba = read_image(tmp_path / "a.png")
        assert rgba[0, 0, 3] == 0
        assert tuple(rgba[5, 5]) == (*ORANGE, 255)

    def test_read_image_converts_cmyk(self, tmp_path):
        Image.new("RGB", (20, 16), ORANGE).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
        np.testing.assert_allclose(read_image(tmp_path / "a.jpg")[5, 5], (*ORANGE, 255), atol=6)

    @pytest.mark.parametrize("format_name", ["WEBP", "TIFF", "BMP", "GIF", "TGA", "PPM"])
    def test_read_image_reads_every_format(self, tmp_path, format_name):
        Image.new("RGB", (20, 16), ORANGE).save(tmp_path / "a", format_name)
        np.testing.assert_allclose(read_image(tmp_path / "a")[5, 5], (*ORANGE, 255), atol=6)

    def test_read_image_reads_floating_point_tiff(self, tmp_path):
        Image.fromarray(np.full((16, 20), 0.5, np.float32)).save(tmp_path / "a.tif")
        np.testing.assert_allclose(read_image(tmp_path / "a.tif")[5, 5, 0], 128, atol=1)

    def test_read_image_applies_exif_orientation(self, tmp_path):
        picture = Image.new("RGB", (40, 20), "white")
        picture.paste("black", (0, 0, 10, 20))
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was held upright: rotate by 90 degrees to the right
        picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
        rgba = read_image(tmp_path / "a.jpg")
        assert rgba.shape[:2] == (40, 20)
        assert rgba[2, 10, 0] < 40  # the former left edge is now at the top
        assert rgba[37, 10, 0] > 200


class TestBadFiles:
    @pytest.fixture(params=[
        "missing", "empty", "folder", "text", "truncated png", "truncated jpeg", "one pixel",
        "20,000 pixels", "bomb", "postscript"])
    def bad(self, request, tmp_path) -> Path:
        path = tmp_path / "bad picture.png"
        contents = {
            "empty": b"", "text": b"This is not a picture.\n" * 9,
            "truncated png": encoded("PNG")[:3000], "truncated jpeg": encoded("JPEG")[:900],
            "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\nshowpage\n"}
        if request.param in contents:
            path.write_bytes(contents[request.param])
        elif request.param == "folder":
            path.mkdir()
        elif request.param == "one pixel":
            Image.new("RGB", (1, 1)).save(path)
        elif request.param == "20,000 pixels":
            Image.new("1", (20000, 20)).save(path)
        elif request.param == "bomb":
            path.write_bytes(with_declared_size(encoded("PNG"), 16000, 16000))
        return path

    @pytest.mark.parametrize("use", [read_image, cut_out, lambda path: load_input(path, size=64)])
    def test_bad_file_gives_a_one_line_message(self, bad, use):
        with pytest.raises(EngineError) as caught:
            use(bad)
        assert caught.value.code is ErrorCode.BAD_INPUT
        assert str(bad) in caught.value.message
        assert caught.value.hint
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "TGA"])
    def test_read_image_reports_every_damage_as_bad_input(self, tmp_path, format_name):
        good = encoded(format_name)
        rng = np.random.default_rng(1)
        refused = 0
        for _ in range(60):
            data = bytearray(good[:rng.integers(1, len(good))] if rng.random() < 0.5 else good)
            for position in rng.integers(0, min(len(data), 200), 4):
                data[position] = rng.integers(256)
            (tmp_path / "a").write_bytes(data)
            try:
                read_image(tmp_path / "a")
            except EngineError as error:
                assert error.code is ErrorCode.BAD_INPUT
                refused += 1
        assert refused > 5

    def test_load_input_refuses_a_transparent_image(self, tmp_path):
        Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(tmp_path / "clear.png")
        with pytest.raises(EngineError) as caught:
            load_input(tmp_path / "clear.png", size=64)
        assert caught.value.code is ErrorCode.BAD_INPUT
        assert "clear.png" in caught.value.message

    def test_load_input_refuses_a_plain_image(self, tmp_path):
        Image.new("RGB", (64, 64), "grey").save(tmp_path / "plain.png")
        with pytest.raises(EngineError) as caught:
            load_input(tmp_path / "plain.png", size=64)
        assert caught.value.code is ErrorCode.BAD_INPUT
        assert "plain.png" in caught.value.message


class TestCuttingOut:
    def test_cut_out_keeps_existing_alpha(self, cut_out_png):
        path = cut_out_png((200, 100), (20, 20, 80, 80))
        np.testing.assert_array_equal(cut_out(path).rgba, read_image(path))

    def test_cut_out_keys_a_uniform_background(self):
        inside = disc((300, 200), (120, 100), 70)
        rgba = np.full((200, 300, 4), (240, 240, 238, 255), np.uint8)
        rgba[inside, :3] = ORANGE
        cut = cut_out(rgba).rgba
        assert iou(cut[..., 3] > 127, inside) > 0.98
        assert (cut[cut[..., 3] == 0] == 0).all(), "Blender's previews show hidden colours"

    def test_cut_out_uses_grabcut_on_a_busy_background(self):
        rng = np.random.default_rng(0)
        inside = disc((300, 200), (150, 100), 60)
        rgba = np.full((200, 300, 4), 255, np.uint8)
        rgba[..., :3] = rng.integers(40, 140, (200, 300, 1)) + np.array([0, 20, 60])
        rgba[inside, :3] = np.array(ORANGE) - rng.integers(0, 30, (inside.sum(), 1))
        first = cut_out(rgba).rgba
        assert iou(first[..., 3] > 127, inside) > 0.95
        np.testing.assert_array_equal(first, cut_out(rgba).rgba)

    @pytest.mark.parametrize("way", ["grabcut", "network"])
    def test_cut_out_of_a_photo_finds_the_object(self, shared_dir, way):
        network = shared_dir / "data/models/u2netp.onnx" if way == "network" else None
        rgba = cut_out(shared_dir / "data/photos/flower.jpg", network).rgba
        alpha = rgba[..., 3] / 255
        middle = alpha[alpha.shape[0] // 2, alpha.shape[1] // 2]
        border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
        assert middle == 1
        assert border.mean() < 0.05
        assert 0.1 < alpha.mean() < 0.8

    def test_cut_out_with_and_without_network_agrees(self, shared_dir):
        path = shared_dir / "data/photos/coffee.png"
        network = shared_dir / "data/models/u2netp.onnx"
        assert iou(cut_out(path).rgba[..., 3] > 127,
                   cut_out(path, network).rgba[..., 3] > 127) > 0.9

    @pytest.mark.parametrize(("content", "code"), [
        (None, ErrorCode.MODEL_MISSING), (b"", ErrorCode.MODEL_DAMAGED),
        (b"not a network" * 99, ErrorCode.MODEL_DAMAGED)])
    def test_cut_out_reports_a_bad_network(self, tmp_path, content, code):
        if content is not None:
            (tmp_path / "net.onnx").write_bytes(content)
        rgba = np.full((64, 64, 4), 255, np.uint8)
        with pytest.raises(EngineError) as caught:
            cut_out(rgba, tmp_path / "net.onnx")
        assert caught.value.code is code


class TestForegroundAlpha:
    def test_foreground_alpha_handles_openings_and_specks(self):
        rng = np.random.default_rng(0)
        outline = disc((128, 128), (64, 64), 45)
        opening = disc((128, 128), (50, 64), 12)
        patch = disc((128, 128), (85, 64), 10)
        rgb = np.ones((128, 128, 3), np.float32)
        rgb[outline] = 0.5
        rgb[patch] = 0.965  # white paint in light shade
        rgb[opening] = 1.0  # the background is visible through it
        rgb[3:6, 3:6] = 0.3
        noisy = np.clip(rgb + rng.normal(0, 0.008, rgb.shape), 0, 1)
        alpha = foreground_alpha(noisy)
        assert alpha.shape == (128, 128)
        assert alpha.dtype == np.float32
        assert iou(alpha > 0.5, outline & ~opening) > 0.98
        assert alpha[64, 85] == 1
        assert alpha[64, 50] < 0.1
        assert alpha[4, 4] == 0

    def test_foreground_alpha_recovers_true_alpha(self, shared_dir):
        scores = []
        with tarfile.open(shared_dir / "data/scans/views/000.tar") as archive:
            keys = [name[:-5] for name in archive.getnames() if name.endswith(".json")][:12]
            for key in keys:
                picture = Image.open(archive.extractfile(f"{key}.00.webp")).convert("RGBA")
                rgba = np.asarray(picture, np.float32) / 255
                alpha = rgba[..., 3:]
                rgb = rgba[..., :3] * alpha + 1 - alpha
                scores.append(iou(foreground_alpha(rgb) > 0.5, alpha[..., 0] > 0.5))
        assert np.median(scores) > 0.95

    def test_foreground_alpha_of_white_and_black(self):
        assert not foreground_alpha(np.ones((16, 16, 3))).any()
        assert foreground_alpha(np.zeros((16, 16, 3))).all()


class TestSaving:
    @pytest.mark.parametrize("channels", [3, 4])
    def test_save_png_round_trip(self, tmp_path, channels):
        image = np.random.default_rng(0).random((20, 30, channels)).astype(np.float32)
        save_png(tmp_path / "a.png", image * 1.2 - 0.1)
        back = read_image(tmp_path / "a.png")[..., :channels] / 255
        np.testing.assert_allclose(back, np.clip(image * 1.2 - 0.1, 0, 1), atol=0.51 / 255)
        assert [path.name for path in tmp_path.iterdir()] == ["a.png"]

    def test_save_png_reports_an_unwritable_folder(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(EngineError) as caught:
            save_png(tmp_path / "file" / "a.png", np.zeros((16, 16, 3)))
        assert caught.value.code is ErrorCode.DISK
