# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every image that Blender displays is passed to the engine as a file with the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from results import read_rgba

SIZE = 64


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


def _same(path, pixels, tolerance=1, alpha=True):
    np.testing.assert_allclose(read_rgba(path)[..., :4 if alpha else 3],
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
    written = read_rgba(image_file(image))[::-1] / 255
    np.testing.assert_allclose(written, np.array(image.pixels).reshape(SIZE, SIZE, 4),
                               atol=1 / 255)
    assert (image.filepath, image.file_format, image.source, image.is_dirty,
            image.size[:]) == state


@pytest.mark.parametrize(("file_format", "suffix", "tolerance", "alpha"), [
    ('OPEN_EXR', "exr", 1, True), ('HDR', "hdr", 16, False), ('DPX', "dpx", 8, False),
    ('CINEON', "cin", 4, False), ('IRIS', "rgb", 0, True), ('TARGA', "tga", 0, True)])
@pytest.mark.parametrize("packed", [False, True])
def test_image_file_converts_what_the_engine_cannotread_rgba(
        bpy, scene, image_file, save, pixels, file_format, suffix, tolerance, alpha, packed):
    if packed and file_format == 'IRIS' and bpy.app.version < (4, 5, 0):
        pytest.skip("Blender 4.2 itself cannot read a packed IRIS file")
    image = bpy.data.images.load(str(save(file_format, suffix)))
    if packed:
        image.pack()
    opaque = slice(SIZE // 4, None)  # formats without alpha contain the colours over black
    written = read_rgba(image_file(image))
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
    written = read_rgba(image_file(bpy.data.images.load(str(tmp_path / "layers.exr"))))
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
    assert read_rgba(image_file(image)).min() == 255


def _oriented(path, orientation, **save):
    """An image whose left half is red, stored rotated with an orientation tag."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (SIZE, SIZE), "blue")
    image.paste("red", (0, 0, SIZE, SIZE // 2))  # the left side after the rotation
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
    # Not `render`: its scene no longer exists if the test opened a file.
    bpy.context.scene.render.image_settings.file_format = 'PNG'


def test_image_file_of_a_render_nobody_looked_at(rendered, scene, image_file):
    written = read_rgba(image_file(rendered))
    assert written.shape == (48, 64, 4)
    assert (written[24, 32, 3], written[2, 2, 3]) == (255, 0)
    assert scene.render.image_settings.file_format == 'JPEG'


def test_image_file_of_a_render_that_was_shown(rendered, scene, image_file, tmp_path):
    rendered.save_render(str(tmp_path / "shown.jpg"), scene=scene)  # loads the pixels
    assert read_rgba(image_file(rendered)).shape == (48, 64, 4)


def test_image_file_of_another_scene_s_render(bpy, scene, image_file):
    other = bpy.data.scenes.new("Other")
    _render_square(bpy, other)
    bpy.ops.render.render(scene="Other")
    assert read_rgba(image_file(bpy.data.images["Render Result"])).shape == (48, 64, 4)
    bpy.data.scenes.remove(other)


def test_image_file_without_a_render_says_so(bpy, rendered, image_file, extension, tmp_path):
    """After a file was saved and opened again, its render no longer exists, but its data-block
    does.
    """
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
        assert viewer.pixels[0] == 0  # accessed, so that Blender allocates the placeholder
    if bpy.app.version < (5, 0, 0):
        scene.use_nodes = False


def test_prepare_picture_takes_the_render_result(bpy, rendered, tmp_path, tiny_model):
    bpy.ops.zero123.prepare_picture(image="Render Result", out=str(tmp_path / "out"))
    assert (tmp_path / "out" / "prepared.png").is_file()


def test_image_file_converts_a_frame_of_an_exr_sequence(bpy, scene, save, image_file, pixels,
                                                        tmp_path):
    save('OPEN_EXR', "exr").rename(tmp_path / "exr_07.exr")
    image = bpy.data.images.load(str(tmp_path / "exr_07.exr"))
    image.source = 'SEQUENCE'
    _same(image_file(image), pixels)


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
