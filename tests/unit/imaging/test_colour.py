# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are converted to sRGB from whatever colours they were saved in."""

from __future__ import annotations

import re
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from engine.core.errors import EngineError
from engine.imaging import cut_out
from engine.imaging.reading import load_image

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367],
                     [0.0389, -0.0685, 1.0296]])
PRIMARIES = {
    "Display P3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), 2.2),
    "Rec. 2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), 2.4),
    "Adobe RGB": ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060), 2.19921875)}
SRGB_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                        [0.0193339, 0.1191920, 0.9503041]])
ORANGE = (230, 120, 40)


def to_xyz(primaries) -> np.ndarray:
    """3 x 3: linear RGB of a colour space with white D65 to XYZ."""
    white = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    return columns * np.linalg.solve(columns, white)


def xyz_tag(values) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def text_tag(text: str) -> bytes:
    data = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(data)) + data + bytes(78 + -len(data) % 4)


def icc_file(colours: bytes, tags: list[tuple[bytes, bytes]], device: bytes = b"mntr",
             connection: bytes = b"XYZ ") -> bytes:
    """An ICC profile of version 2, by default for a display."""
    table, body = struct.pack(">I", len(tags)), b""
    for tag, data in tags:
        table += tag + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(body), b"\0\0\0\0", 0x02100000,
                         device, colours, connection) + bytes(12) + b"acsp" + bytes(28)
    header += b"".join(struct.pack(">i", round(v * 65536)) for v in D50)
    return (header + bytes(128 - len(header))) + table + body


def icc_profile(name: str) -> bytes:
    """A profile of primaries with a plain gamma."""
    *primaries, gamma = PRIMARIES[name]
    white = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])
    adapt = np.linalg.inv(BRADFORD) @ np.diag(BRADFORD @ D50 / (BRADFORD @ white)) @ BRADFORD
    columns = (adapt @ to_xyz(primaries)).T
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    return icc_file(b"RGB ", [
        (b"desc", text_tag(name)), (b"wtpt", xyz_tag(D50)),
        *((tag, xyz_tag(column)) for tag, column in
          zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)),
        *((tag, curve) for tag in (b"rTRC", b"gTRC", b"bTRC"))])


def encoded(colour, name: str) -> tuple[int, ...]:
    """An sRGB colour in the values of another space."""
    *primaries, gamma = PRIMARIES[name]
    srgb = np.array(colour) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    other = np.linalg.inv(to_xyz(primaries)) @ SRGB_TO_XYZ @ linear
    return tuple(int(v) for v in np.rint(np.clip(other, 0, 1) ** (1 / gamma) * 255))


@pytest.mark.parametrize("name", list(PRIMARIES))
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_embedded_profile_is_converted(tmp_path, name, mode):
    stored = encoded(ORANGE, name)
    assert max(abs(a - b) for a, b in zip(stored, ORANGE, strict=True)) > 8
    Image.new(mode, (32, 32), (*stored, 90)[:len(mode)]).save(
        tmp_path / "a.png", icc_profile=icc_profile(name))
    loaded = load_image(tmp_path / "a.png")
    np.testing.assert_allclose(loaded.rgba[5, 5, :3], ORANGE, atol=2)
    assert loaded.rgba[5, 5, 3] == (90 if mode == "RGBA" else 255)
    assert loaded.notes == []


def test_an_srgb_profile_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (32, 32), ORANGE).save(tmp_path / "a.png", icc_profile=profile)
    assert tuple(load_image(tmp_path / "a.png").rgba[5, 5]) == (*ORANGE, 255)


def test_palette_image_with_profile_is_converted(tmp_path):
    stored = encoded(ORANGE, "Display P3")
    image = Image.new("RGB", (32, 32), stored).quantize(4)
    image.save(tmp_path / "a.png", icc_profile=icc_profile("Display P3"))
    np.testing.assert_allclose(load_image(tmp_path / "a.png").rgba[5, 5, :3], ORANGE, atol=2)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_is_converted(tmp_path, mode):
    """Linear greys, as scientific cameras store them."""
    curve = b"curv\0\0\0\0\0\0\0\0"
    profile = icc_file(b"GRAY", [(b"desc", text_tag("linear grey")), (b"wtpt", xyz_tag(D50)),
                                 (b"kTRC", curve)])
    Image.new(mode, (32, 32), (55, 90)[:len(mode)]).save(tmp_path / "a.png", icc_profile=profile)
    loaded = load_image(tmp_path / "a.png")
    np.testing.assert_allclose(loaded.rgba[5, 5, :3], 128, atol=2)  # 0.216 linear is 0.502
    assert loaded.rgba[5, 5, 3] == (90 if mode == "LA" else 255)
    assert loaded.notes == []


def lab_of(colour) -> tuple[float, float, float]:
    """CIE L*a*b* (D50) of an sRGB colour."""
    srgb = np.array(colour) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    white = SRGB_TO_XYZ.sum(axis=1)
    adapt = np.linalg.inv(BRADFORD) @ np.diag(BRADFORD @ D50 / (BRADFORD @ white)) @ BRADFORD
    x, y, z = np.cbrt(adapt @ SRGB_TO_XYZ @ linear / D50)  # all above the linear part
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def press_profile(ink) -> bytes:
    """A CMYK profile of a press on which the first ink has this sRGB colour; the others are black.
    """
    corners = []
    for number in range(16):  # the first ink changes slowest
        paper, first = (100, 0, 0), lab_of(ink)
        lightness, a, b = paper if number == 0 else first if number == 8 else (0, 0, 0)
        corners += [round(lightness * 2.55), round(a + 128), round(b + 128)]
    identity = b"".join(struct.pack(">i", 65536 * (i % 4 == 0)) for i in range(9))
    table = (b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + bytes(range(256)) * 4
             + bytes(corners) + bytes(range(256)) * 3)
    return icc_file(b"CMYK", [(b"desc", text_tag("press")), (b"wtpt", xyz_tag(D50)),
                              (b"A2B0", table)], b"prtr", b"Lab ")


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_a_cmyk_profile_is_converted(tmp_path, name):
    """Inks are converted by the profile, not as the complements of red, green and blue."""
    profile = press_profile(ORANGE)
    Image.new("CMYK", (32, 32), (255, 0, 0, 0)).save(tmp_path / name, icc_profile=profile)
    loaded = load_image(tmp_path / name)
    np.testing.assert_allclose(loaded.rgba[5, 5, :3], ORANGE, atol=4)
    assert loaded.notes == []


@pytest.mark.parametrize("ink", [0, 255])
def test_a_cmyk_profile_keeps_paper_and_black(tmp_path, ink):
    Image.new("CMYK", (32, 32), (0, 0, 0, ink)).save(
        tmp_path / "a.tif", icc_profile=press_profile(ORANGE))
    loaded = load_image(tmp_path / "a.tif")
    np.testing.assert_allclose(loaded.rgba[5, 5, :3], 255 - ink, atol=3)


def test_a_tiff_of_associated_alpha_keeps_its_colours(tmp_path):
    """Colours multiplied by their opacity, as compositing programs write them."""
    straight = Image.new("RGBA", (32, 32), (*ORANGE, 128))
    content = bytearray(_tiff(straight.convert("RGBa").tobytes()))
    (tmp_path / "a.tif").write_bytes(content)
    np.testing.assert_allclose(load_image(tmp_path / "a.tif").rgba[5, 5], (*ORANGE, 128), atol=2)


def _tiff(pixels: bytes) -> bytes:
    """A TIFF file of 32 x 32 RGBA pixels whose alpha is declared as associated."""
    entries = ((256, 32), (257, 32), (258, 8), (259, 1), (262, 2), (273, 150), (277, 4),
               (278, 32), (279, len(pixels)), (338, 1))
    fields = b"".join(
        struct.pack("<HHI4s", tag, *((3, 4, struct.pack("<I", 134)) if tag == 258 else
                                     (4, 1, struct.pack("<I", value)) if tag in (273, 279) else
                                     (3, 1, struct.pack("<HH", value, 0))))
        for tag, value in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + fields + bytes(4)
    return head.ljust(134, b"\0") + struct.pack("<4H", 8, 8, 8, 8) + bytes(8) + pixels


@pytest.mark.parametrize("profile", [b"broken", b"\0" * 200, icc_profile("Adobe RGB")[:150]])
def test_a_damaged_profile_is_ignored_with_a_note(tmp_path, profile):
    Image.new("RGB", (32, 32), ORANGE).save(tmp_path / "a.png", icc_profile=profile)
    loaded = load_image(tmp_path / "a.png")
    assert tuple(loaded.rgba[5, 5]) == (*ORANGE, 255)
    assert "profile is damaged" in loaded.notes[0]


def test_a_profile_of_another_colour_model_is_ignored(tmp_path):
    """An RGB profile in a CMYK file, as careless programs write it."""
    Image.new("CMYK", (32, 32), (0, 120, 200, 10)).save(
        tmp_path / "a.jpg", icc_profile=icc_profile("Adobe RGB"), quality=95)
    loaded = load_image(tmp_path / "a.jpg")
    assert len(loaded.notes) == 1
    assert loaded.rgba[5, 5, 0] > 200


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_files_keep_their_brightness(tmp_path, bits, channels):
    """Cameras store 10, 12 or 14 bits in 16; their highest value is white."""
    colour = np.array([0.9, 0.5, 0.2])[:min(channels, 3)]
    values = np.full((32, 32, len(colour)), colour * (2**bits - 1))
    if channels == 4:
        values = np.dstack([values[..., ::-1], np.full((32, 32), 65535 * 0.4)])
    elif channels == 3:
        values = values[..., ::-1]
    cv2.imwrite(str(tmp_path / "a.png"), values.round().astype(np.uint16))
    loaded = load_image(tmp_path / "a.png")
    np.testing.assert_allclose(loaded.rgba[5, 5, :len(colour)], colour * 255, atol=1)
    assert loaded.rgba[5, 5, 3] == (102 if channels == 4 else 255)
    assert [f"{bits}-bit values" in note for note in loaded.notes] == [True] * (bits < 16)


def test_truncated_16_bit_file_is_refused(tmp_path):
    values = np.random.default_rng(0).integers(0, 65536, (64, 64, 3), np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), values)
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[:len(content) // 2])
    with pytest.raises(EngineError, match="can't be decoded"):
        load_image(tmp_path / "a.png")


def test_a_16_bit_tiff_is_read_upright(tmp_path):
    values = np.zeros((20, 40, 3), np.uint16)
    values[:, :10] = 60000
    cv2.imwrite(str(tmp_path / "a.tif"), values)
    with Image.open(tmp_path / "a.tif") as image:
        assert image.mode == "RGB"
    rgba = load_image(tmp_path / "a.tif").rgba
    assert rgba.shape == (20, 40, 4)
    assert rgba[5, 5, 0] == round(60000 / 257)
    assert rgba[5, 30, 0] == 0


@pytest.mark.parametrize(("head", "name"), [
    (b"\0\0\0\x24ftypheic\0\0\0\0", "HEIC"), (b"\0\0\0\x24ftypmif1\0\0\0\0", "HEIC"),
    (b"\x76\x2f\x31\x01\x02\0\0\0", "OpenEXR"), (b"#?RADIANCE\n", "Radiance HDR"),
    (b"8BPS\0\x01", "Photoshop"), (b"%PDF-1.7", "PDF"), (b"<html><body>", "HTML"),
    (b"<?xml version='1.0'?>\n<svg xmlns=''>", "SVG"), (b"\xff\x0a\xfa\x7f", "JPEG XL"),
    (b"II*\0\x10\0\0\0CR\2\0", "camera raw"), (b"\x1a\x45\xdf\xa3", "video"),
    (b"\0\0\1\0\1\0", "Windows icon")])
def test_load_image_names_an_unsupported_format(tmp_path, head, name):
    """Whatever its extension says."""
    (tmp_path / "photo.jpg").write_bytes(head + bytes(600))
    with pytest.raises(EngineError) as caught:
        load_image(tmp_path / "photo.jpg")
    assert re.search(f"is an? {name}.* file", caught.value.message)
    assert "PNG" in caught.value.hint or name == "HTML"


@pytest.mark.parametrize(("content", "hint"), [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
    (b"PK\3\4", "unpack"), (b"\n<!DOCTYPE html><html>", "web page")])
def test_load_image_explains_files_without_an_image(tmp_path, content, hint):
    (tmp_path / "photo.png").write_bytes(content + bytes(600))
    with pytest.raises(EngineError) as caught:
        load_image(tmp_path / "photo.png")
    assert hint in caught.value.hint


def test_load_image_refuses_floating_point_colours(tmp_path):
    """Pillow reads grey ones only."""
    cv2.imwrite(str(tmp_path / "a.tif"), np.full((32, 32, 3), 0.5, np.float32))
    with pytest.raises(EngineError, match="unusual TIFF"):
        load_image(tmp_path / "a.tif")


def test_cut_out_contains_notes_of_the_file(tmp_path):
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    image.paste((*ORANGE, 255), (20, 20, 44, 44))
    image.save(tmp_path / "a.png", icc_profile=b"broken")
    assert "profile is damaged" in cut_out(tmp_path / "a.png").notes[0]
