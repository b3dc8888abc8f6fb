# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The colours of mesh planes in a render, by the scene's view transform."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine import camera
from engine.imaging.view_set import ViewSet

COLOURS = np.array([[200, 60, 40], [40, 120, 200], [240, 240, 240], [255, 255, 255],
                    [20, 20, 20], [128, 128, 128], [0, 0, 0], [90, 160, 60]])
SIZE = 64


@pytest.fixture
def render(bpy, scene, tmp_path):
    """Renders a mesh plane with a stripe of each colour through its camera, sRGB 0 to 255."""
    stripes = np.repeat(np.repeat(COLOURS[None] / 255, SIZE // 8, 1), SIZE, 0)
    image = np.dstack([stripes, np.ones((SIZE, SIZE, 1))]).astype(np.float32)
    zero = np.zeros(1)
    path = ViewSet(images=image[None], azimuth_deg=zero, elevation_deg=zero,
                   radius=zero + camera.DEFAULT_RADIUS, sample=zero.astype(int),
                   meta={"image": "", "model": "nano", "seed": 0}).save(tmp_path / "job")
    bpy.ops.zero123.import_result(filepath=str(path), planes='MESH')
    scene.camera = next(item for item in bpy.data.objects if item.type == 'CAMERA')
    scene.render.engine, scene.cycles.samples = 'CYCLES', 4
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.render.image_settings.file_format = 'PNG'
    before = scene.view_settings.view_transform

    def rendered(view_transform):
        scene.view_settings.view_transform = view_transform
        scene.render.filepath = str(tmp_path / f"{view_transform}.png")
        bpy.ops.render.render(write_still=True)
        with Image.open(scene.render.filepath) as image:
            return np.asarray(image.convert("RGB"))[SIZE // 2, SIZE // 16::SIZE // 8].astype(int)
    yield rendered
    scene.view_settings.view_transform = before


def test_mesh_planes_show_their_colours_under_standard(render):
    np.testing.assert_allclose(render('Standard'), COLOURS, atol=3)


@pytest.mark.parametrize(("view_transform", "space"), [
    ('AgX', "AgX Base sRGB"), ('Filmic', "Filmic sRGB")])
def test_mesh_planes_explain_their_colours_elsewhere(bpy, extension, render, view_transform,
                                                     space):
    """The option's description names the view transforms; the documented colour space undoes
    them.
    """
    assert np.abs(render(view_transform) - COLOURS).max() > 30
    for operator in ("import_result", "turntable"):
        planes = getattr(bpy.ops.zero123, operator).get_rna_type().properties["planes"]
        assert view_transform in planes.enum_items['MESH'].description
    for image in bpy.data.images:
        if image.source == 'FILE':
            image.colorspace_settings.name = space
    np.testing.assert_allclose(render(view_transform), COLOURS, atol=3)
