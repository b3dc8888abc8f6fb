# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine gets the part of a sequence, movie or tiled image that Blender displays."""

from __future__ import annotations

import pytest
from PIL import Image
from results import read_rgba

SIZE = 64


def _grey(value):
    return Image.new("RGB", (SIZE, SIZE), (value, value, value))


def _value(path):
    return int(read_rgba(path)[SIZE // 2, SIZE // 2, 0])


@pytest.fixture
def sequence(bpy, scene, tmp_path):
    """Frames 11 to 15, of grey 110 to 150, on an image empty that starts at frame 1."""
    for frame in range(11, 16):
        _grey(10 * frame).save(tmp_path / f"turn v2_{frame:04d}.png")
    image = bpy.data.images.load(str(tmp_path / "turn v2_0011.png"))
    image.source = 'SEQUENCE'
    item = bpy.data.objects.new("Sequence", None)
    item.empty_display_type, item.data = 'IMAGE', image
    item.image_user.frame_start, item.image_user.frame_duration = 1, 5
    item.image_user.frame_offset, item.image_user.use_auto_refresh = 10, True
    scene.collection.objects.link(item)
    yield item
    scene.frame_set(1)


@pytest.mark.parametrize(("frame", "cyclic", "value"), [
    (1, False, 110), (3, False, 130), (99, False, 150), (-4, False, 110), (7, True, 120)])
def test_image_file_is_the_displayed_frame(scene, sequence, image_file, frame, cyclic, value):
    sequence.image_user.use_cyclic = cyclic
    scene.frame_set(frame)
    assert _value(image_file(sequence.data)) == value


def test_image_file_of_a_sequence_in_a_material(bpy, scene, sequence, image_file):
    image = sequence.data
    bpy.data.objects.remove(sequence)
    plane = bpy.data.objects.new("Plane", bpy.data.meshes.new("Plane"))
    material = bpy.data.materials.new("Material")
    material.use_nodes = True
    plane.data.materials.append(material)
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    node.image_user.frame_offset, node.image_user.frame_duration = 10, 5
    node.image_user.use_auto_refresh = True
    scene.collection.objects.link(plane)
    scene.frame_set(4)
    assert _value(image_file(image)) == 140
    bpy.data.objects.remove(plane)
    assert _value(image_file(image)) == 110, "without a user it is the file that the path names"
    bpy.data.objects.new("Keeps the fixture", None)


def test_image_file_names_a_missing_frame(scene, sequence, image_file, extension, tmp_path):
    (tmp_path / "turn v2_0013.png").unlink()
    scene.frame_set(3)
    with pytest.raises(extension("engine.core.errors").EngineError,
                       match=r"turn v2_0013\.png, which .* displays, is missing"):
        image_file(sequence.data)


@pytest.fixture
def movie(bpy, scene, tmp_path):
    """Five frames of grey 40 to 200."""
    other = bpy.data.scenes.new("Movie")
    editor = other.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    for frame in range(1, 6):
        _grey(40 * frame).save(tmp_path / f"m{frame}.png")
    strip = strips.new_image("Frames", str(tmp_path / "m1.png"), channel=1, frame_start=1)
    for frame in range(2, 6):
        strip.elements.append(f"m{frame}.png")
    other.frame_start, other.frame_end = 1, 5
    other.view_settings.view_transform = 'Standard'
    render = other.render
    render.resolution_x = render.resolution_y = SIZE
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = 'VIDEO'
    render.image_settings.file_format = 'FFMPEG'
    render.ffmpeg.format, render.ffmpeg.codec = 'MPEG4', 'H264'
    render.ffmpeg.constant_rate_factor = 'PERC_LOSSLESS'
    render.use_file_extension, render.filepath = False, str(tmp_path / "movie.mp4")
    bpy.ops.render.render(animation=True, scene="Movie")
    bpy.data.scenes.remove(other)
    image = bpy.data.images.load(str(tmp_path / "movie.mp4"))
    assert image.source == 'MOVIE'
    yield image
    scene.frame_set(1)


@pytest.mark.parametrize(("frame", "value"), [(1, 40), (4, 160), (99, 200)])
def test_image_file_is_the_displayed_movie_frame(bpy, scene, movie, image_file, contents, frame,
                                                 value):
    item = bpy.data.objects.new("Movie", None)
    item.empty_display_type, item.data = 'IMAGE', movie
    item.image_user.frame_duration, item.image_user.use_auto_refresh = 5, True
    scene.collection.objects.link(item)
    scene.frame_set(frame)
    before = contents()
    assert _value(image_file(movie)) == pytest.approx(value, abs=3)
    assert contents() == before


def test_image_file_of_a_lost_movie_says_so(bpy, scene, movie, image_file, extension, tmp_path):
    (tmp_path / "movie.mp4").unlink()
    with pytest.raises(extension("engine.core.errors").EngineError,
                       match=r"movie .* cannot be read"):
        image_file(movie)


@pytest.fixture
def tiles(bpy, scene, tmp_path):
    """Tile 1001 of grey 10, tile 1002 of grey 20, tile 1011 of grey 110."""
    for number in (1001, 1002, 1011):
        _grey(10 * (number - 1000)).save(tmp_path / f"skin.{number}.png")
    image = bpy.data.images.load(str(tmp_path / "skin.1001.png"))
    image.source, image.filepath = 'TILED', str(tmp_path / "skin.<UDIM>.png")
    for number in (1002, 1011):
        image.tiles.new(number)
    return image


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("index", "value"), [(0, 10), (1, 20), (2, 110)])
def test_image_file_is_the_active_tile(tiles, image_file, tmp_path, packed, index, value):
    if packed:
        tiles.pack()
        for path in tmp_path.glob("skin.*"):
            path.unlink()
    tiles.tiles.active_index = index
    assert _value(image_file(tiles)) == value


def test_image_file_reads_uv_tile_names(tiles, image_file, tmp_path):
    for path in tmp_path.glob("skin.*"):
        number = int(path.suffixes[0][1:]) - 1001
        path.rename(tmp_path / f"skin.u{number % 10 + 1}_v{number // 10 + 1}.png")
    tiles.filepath = str(tmp_path / "skin.<UVTILE>.png")
    tiles.tiles.active_index = 2
    assert _value(image_file(tiles)) == 110


def test_image_file_is_a_painted_tile(bpy, tiles, image_file):
    """The test changes the first tile, because Blender's Python can access only its pixels."""
    tiles.pixels[0] = 1.0
    assert tiles.is_dirty
    tiles.tiles.active_index = 1
    assert _value(image_file(tiles)) == 20
    tiles.tiles.active_index = 0
    assert read_rgba(image_file(tiles))[-1, 0, 0] == 255


def test_image_file_is_a_generated_tile(bpy, scene, image_file):
    image = bpy.data.images.new("New", SIZE, SIZE, tiled=True)
    with bpy.context.temp_override(edit_image=image):
        bpy.ops.image.tile_add(number=1002, width=32, height=16, color=(1.0, 0.0, 0.0, 1.0))
    image.tiles.active_index = 0
    assert read_rgba(image_file(image)).shape == (SIZE, SIZE, 4)
    image.tiles.active_index = 1
    written = read_rgba(image_file(image))
    assert (written.shape, [*written[0, 0]]) == ((16, 32, 4), [255, 0, 0, 255])


def test_image_file_of_a_missing_tile_says_so(tiles, image_file, extension, tmp_path):
    (tmp_path / "skin.1002.png").unlink()
    tiles.tiles.active_index = 1
    with pytest.raises(extension("engine.core.errors").EngineError,
                       match=r"tile 1002 of skin\S+ has no pixels"):
        image_file(tiles)
