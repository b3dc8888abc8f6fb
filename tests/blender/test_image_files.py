# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever Blender displays reaches the engine as a file with the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SIZE = 64


@pytest.fixture
def image_file(extension, tmp_path):
    """The function under test, with a folder for copies."""
    folder = tmp_path / "job"
    folder.mkdir()
    function = extension("operators.scene.image_files").image_file
    return lambda image: function(image, folder)


@pytest.fixture
def pixels():
    """SIZE x SIZE x 4 uint8, straight alpha: a ramp, half transparent in its upper quarter."""
    rgba = np.full((SIZE, SIZE, 4), 255, np.uint8)
    rgba[..., 0] = 4 * np.arange(SIZE)
    rgba[..., 1] = 4 * np.arange(SIZE)[:, None]
    rgba[..., 2] = 90
    rgba[:SIZE // 4, :, 3] = 128
    return rgba


@pytest.fixture
def save(bpy, scene, pixels, tmp_path):
    """Saves the ramp with Blender in one of its formats."""
    def saved(file_format: str, suffix: str) -> Path:
        Image.fromarray(pixels).save(tmp_path / "ramp.png")
        source = bpy.data.images.load(str(tmp_path / "ramp.png"))
        other = bpy.data.scenes.new("Format")
        other.view_settings.view_transform = 'Standard'
        settings = other.render.image_settings
        if hasattr(settings, "media_type") and "MULTILAYER" in file_format:
            settings.media_type = 'MULTI_LAYER_IMAGE'
        settings.file_format = file_format
        modes = settings.bl_rna.properties["color_mode"].enum_items.keys()
        settings.color_mode = 'RGBA' if file_format not in ('HDR', 'CINEON') else 'RGB'
        assert settings.color_mode in modes
        path = tmp_path / f"saved.{suffix}"
        source.save_render(str(path), scene=other)
        bpy.data.scenes.remove(other)
        bpy.data.images.remove(source)
        return path
    return saved


def _read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA")).astype(int)


def _same(path, pixels, tolerance=1, alpha=True):
    np.testing.assert_allclose(_read(path)[..., :4 if alpha else 3],
                               pixels[..., :4 if alpha else 3].astype(int), atol=tolerance)


def test_image_file_of_a_saved_png_is_that_png(bpy, scene, image_file, picture):
    assert image_file(bpy.data.images.load(str(picture))) == picture


@pytest.mark.parametrize("change", ["packed", "painted", "generated"])
def test_image_file_copies_pixels_without_a_file(bpy, scene, image_file, picture, change):
    if change == "generated":
        image = bpy.data.images.new("Generated", SIZE, SIZE, alpha=True)
    else:
        image = bpy.data.images.load(str(picture))
    if change == "packed":
        image.pack()
        picture.unlink()
    else:
        image.pixels[0:4] = (1.0, 0.0, 0.0, 1.0)  # lower left
    state = (image.filepath, image.file_format, image.source, image.is_dirty, image.size[:])
    written = _read(image_file(image))[::-1] / 255
    np.testing.assert_allclose(written, np.array(image.pixels).reshape(SIZE, SIZE, 4),
                               atol=1 / 255)
    assert (image.filepath, image.file_format, image.source, image.is_dirty,
            image.size[:]) == state


@pytest.mark.parametrize(("file_format", "suffix", "tolerance", "alpha"), [
    ('OPEN_EXR', "exr", 1, True), ('HDR', "hdr", 16, False), ('DPX', "dpx", 8, False),
    ('CINEON', "cin", 4, False), ('IRIS', "rgb", 0, True), ('TARGA', "tga", 0, True)])
@pytest.mark.parametrize("packed", [False, True])
def test_image_file_converts_what_the_engine_cannot_read(
        bpy, scene, image_file, save, pixels, file_format, suffix, tolerance, alpha, packed):
    if packed and file_format == 'IRIS' and bpy.app.version < (4, 5, 0):
        pytest.skip("Blender 4.2 itself cannot read a packed IRIS file")
    image = bpy.data.images.load(str(save(file_format, suffix)))
    if packed:
        image.pack()
    opaque = slice(SIZE // 4, None)  # formats without alpha hold the rest over black
    written = _read(image_file(image))
    np.testing.assert_allclose(written[opaque, :, :3], pixels[opaque, :, :3].astype(int),
                               atol=tolerance)
    if alpha:
        np.testing.assert_allclose(written, pixels.astype(int), atol=tolerance)


def test_image_file_converts_a_dds_texture(bpy, scene, image_file, pixels, tmp_path):
    Image.fromarray(pixels).save(tmp_path / "ramp.dds")
    image = bpy.data.images.load(str(tmp_path / "ramp.dds"))
    assert image.size[0]
    _same(image_file(image), pixels)


def test_image_file_takes_the_combined_pass_of_layers(bpy, scene, image_file, tmp_path):
    """An OpenEXR file of layers has no size in Blender before a pass is chosen."""
    render = _render_square(bpy, scene)
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = 'MULTI_LAYER_IMAGE'
    render.image_settings.file_format = 'OPEN_EXR_MULTILAYER'
    render.filepath = str(tmp_path / "layers.exr")
    bpy.ops.render.render(write_still=True)
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = 'IMAGE'
    written = _read(image_file(bpy.data.images.load(str(tmp_path / "layers.exr"))))
    assert written.shape == (48, 64, 4)
    assert (written[24, 32, 3], written[2, 2, 3]) == (255, 0)


@pytest.mark.parametrize("associated", [True, False])
def test_image_file_makes_float_pixels_srgb(bpy, scene, image_file, pixels, associated):
    """Blender's float images are scene-linear and have associated alpha."""
    straight = pixels / 255
    linear = np.where(straight <= 0.04045, straight / 12.92, ((straight + 0.055) / 1.055) ** 2.4)
    linear[..., 3] = straight[..., 3]
    image = bpy.data.images.new("Float", SIZE, SIZE, alpha=True, float_buffer=True)
    if associated:
        linear[..., :3] *= linear[..., 3:]
    else:
        linear[..., 3] = 1.0
        pixels[..., 3] = 255
    image.pixels.foreach_set(linear[::-1].astype(np.float32).ravel())
    _same(image_file(image), pixels)


def test_image_file_clips_float_pixels_above_one(bpy, scene, image_file):
    image = bpy.data.images.new("Bright", SIZE, SIZE, float_buffer=True)
    image.pixels.foreach_set(np.full(4 * SIZE * SIZE, 7.0, np.float32))
    assert _read(image_file(image)).min() == 255


def _oriented(path, orientation, **save):
    """An image whose left half is red, stored so that a tag has to turn it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (SIZE, SIZE), "blue")
    image.paste("red", (0, 0, SIZE, SIZE // 2))  # its top: the left of what is meant
    image.save(path, exif=exif, **save)
    return path


@pytest.mark.parametrize(("name", "settings"), [
    ("photo.jpg", {"quality": 95}), ("photo.png", {}), ("photo.webp", {"lossless": True})])
def test_image_file_keeps_a_packed_photo_s_orientation(bpy, scene, image_file, tmp_path, name,
                                                       settings):
    from engine.imaging.reading import read_image
    path = _oriented(tmp_path / name, 8, **settings)
    expected = np.asarray(read_image(path))
    image = bpy.data.images.load(str(path))
    image.pack()
    path.unlink()
    np.testing.assert_array_equal(read_image(image_file(image)), expected)


def test_image_file_of_a_lost_file_has_the_loaded_pixels(bpy, scene, image_file, pixels, tmp_path):
    Image.fromarray(pixels).save(tmp_path / "lost.png")
    image = bpy.data.images.load(str(tmp_path / "lost.png"))
    assert image.size[0]
    assert image.pixels[0] >= 0
    (tmp_path / "lost.png").unlink()
    _same(image_file(image), pixels)


@pytest.mark.parametrize("content", [None, b"This is no image."])
def test_image_file_leaves_a_damaged_file_to_the_engine(bpy, scene, image_file, picture, content):
    image = bpy.data.images.load(str(picture))
    picture.unlink()
    if content is not None:
        picture.write_bytes(content)
    image.reload()
    assert image_file(image) == picture


# Renders and Viewer nodes.

def _render_square(bpy, scene):
    """A scene in which a white square covers the middle of a transparent render of 64 x 48."""
    render = scene.render
    render.engine, render.film_transparent = 'CYCLES', True
    render.resolution_x, render.resolution_y, scene.cycles.samples = 64, 48, 1
    mesh = bpy.data.meshes.new("Square")
    mesh.from_pydata([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], [], [(0, 1, 2, 3)])
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location.z = 6
    for item in (camera, bpy.data.objects.new("Square", mesh)):
        scene.collection.objects.link(item)
    scene.camera = camera
    return render


@pytest.fixture
def rendered(bpy, scene):
    render = _render_square(bpy, scene)
    render.image_settings.file_format = 'JPEG'
    bpy.ops.render.render()
    yield bpy.data.images["Render Result"]
    render.image_settings.file_format = 'PNG'


def test_image_file_of_a_render_nobody_looked_at(rendered, scene, image_file):
    written = _read(image_file(rendered))
    assert written.shape == (48, 64, 4)
    assert (written[24, 32, 3], written[2, 2, 3]) == (255, 0)
    assert scene.render.image_settings.file_format == 'JPEG'


def test_image_file_of_a_render_that_was_shown(rendered, scene, image_file, tmp_path):
    rendered.save_render(str(tmp_path / "shown.jpg"), scene=scene)  # loads the pixels
    assert _read(image_file(rendered)).shape == (48, 64, 4)


def test_image_file_of_another_scene_s_render(bpy, scene, image_file):
    other = bpy.data.scenes.new("Other")
    _render_square(bpy, other)
    bpy.ops.render.render(scene="Other")
    assert _read(image_file(bpy.data.images["Render Result"])).shape == (48, 64, 4)
    bpy.data.scenes.remove(other)


def test_image_file_without_a_render_says_so(bpy, rendered, image_file, extension, tmp_path):
    """The render of a file that was saved and opened again is gone; its data-block is not."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"), check_existing=False)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    error = extension("engine.core.errors").EngineError
    with pytest.raises(error, match="there is no render yet"):
        image_file(bpy.data.images["Render Result"])


def test_image_file_of_an_empty_viewer_says_so(bpy, scene, image_file, extension):
    """Without a window the compositor leaves the Viewer node's image a placeholder."""
    _render_square(bpy, scene)
    if bpy.app.version >= (5, 0, 0):
        tree = scene.compositing_node_group = bpy.data.node_groups.new("C", "CompositorNodeTree")
    else:
        scene.use_nodes = True
        tree = scene.node_tree
    tree.links.new(tree.nodes.new("CompositorNodeRLayers").outputs[0],
                   tree.nodes.new("CompositorNodeViewer").inputs[0])
    bpy.ops.render.render()
    viewer = bpy.data.images.get("Viewer Node")
    if viewer is None:
        pytest.skip("this Blender makes no image for a Viewer node without a window")
    for _ in range(2):
        with pytest.raises(extension("engine.core.errors").EngineError,
                           match="Viewer Node shows nothing yet"):
            image_file(viewer)
        assert viewer.pixels[0] == 0  # looked at: Blender has allocated the placeholder
    if bpy.app.version < (5, 0, 0):
        scene.use_nodes = False


def test_prepare_picture_takes_the_render_result(bpy, rendered, tmp_path, tiny_model):
    bpy.ops.zero123.prepare_picture(image="Render Result", out=str(tmp_path / "out"))
    assert (tmp_path / "out" / "prepared.png").is_file()


# Sequences, movies and tiles.

def _grey(value):
    return Image.new("RGB", (SIZE, SIZE), (value, value, value))


def _value(path):
    return int(_read(path)[SIZE // 2, SIZE // 2, 0])


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


def test_image_file_converts_a_frame_of_an_exr_sequence(bpy, scene, save, image_file, pixels,
                                                        tmp_path):
    save('OPEN_EXR', "exr").rename(tmp_path / "exr_07.exr")
    image = bpy.data.images.load(str(tmp_path / "exr_07.exr"))
    image.source = 'SEQUENCE'
    _same(image_file(image), pixels)


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
    """Blender's Python reaches the first tile's pixels only, which are the ones to change."""
    tiles.pixels[0] = 1.0
    assert tiles.is_dirty
    tiles.tiles.active_index = 1
    assert _value(image_file(tiles)) == 20
    tiles.tiles.active_index = 0
    assert _read(image_file(tiles))[-1, 0, 0] == 255


def test_image_file_is_a_generated_tile(bpy, scene, image_file):
    image = bpy.data.images.new("New", SIZE, SIZE, tiled=True)
    with bpy.context.temp_override(edit_image=image):
        bpy.ops.image.tile_add(number=1002, width=32, height=16, color=(1.0, 0.0, 0.0, 1.0))
    image.tiles.active_index = 0
    assert _read(image_file(image)).shape == (SIZE, SIZE, 4)
    image.tiles.active_index = 1
    written = _read(image_file(image))
    assert (written.shape, [*written[0, 0]]) == ((16, 32, 4), [255, 0, 0, 255])


def test_image_file_of_a_missing_tile_says_so(tiles, image_file, extension, tmp_path):
    (tmp_path / "skin.1002.png").unlink()
    tiles.tiles.active_index = 1
    with pytest.raises(extension("engine.core.errors").EngineError,
                       match=r"tile 1002 of skin\S+ has no pixels"):
        image_file(tiles)


def test_paths_relative_to_the_blend_file_cause_no_warning(bpy, scene, extension, picture,
                                                           recwarn):
    bpy.ops.wm.save_as_mainfile(filepath=str(picture.with_name("a.blend")), check_existing=False)
    bpy.ops.zero123.open_picture(filepath=f"//{picture.name}")
    assert bpy.context.scene.zero123.image.name == picture.name
    with pytest.raises(RuntimeError, match=r"there\.json"):
        bpy.ops.zero123.import_result(filepath="//there.json")
    if bpy.app.version >= (4, 5, 0):
        for name in ("generate_views", "reconstruct_mesh", "remove_background", "pick_views",
                     "model_import", "turntable", "turntable_video", "engine_install"):
            for prop in getattr(bpy.ops.zero123, name).get_rna_type().properties:
                if getattr(prop, "subtype", "") in {'FILE_PATH', 'DIR_PATH'}:
                    assert prop.is_path_supports_blend_relative, (name, prop.identifier)
    assert not [warning for warning in recwarn if "blend relative" in str(warning.message)]


def test_image_file_converts_a_packed_tile_of_a_float_format(bpy, scene, save, image_file, pixels,
                                                             tmp_path):
    save('OPEN_EXR', "exr").rename(tmp_path / "f.1001.exr")
    image = bpy.data.images.load(str(tmp_path / "f.1001.exr"))
    image.source, image.filepath = 'TILED', str(tmp_path / "f.<UDIM>.exr")
    image.pack()
    (tmp_path / "f.1001.exr").unlink()
    _same(image_file(image), pixels)
