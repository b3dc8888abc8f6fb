# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The 3D View frames imported objects, unless the user looks through a camera."""

from __future__ import annotations

import numpy as np
import pytest
from results import ring, write_views


@pytest.fixture
def region(bpy, scene):
    """The 3D View's region data, far away from all objects; restored afterwards."""
    area = next(area for area in bpy.context.window.screen.areas if area.type == 'VIEW_3D')
    found = area.spaces.active.region_3d
    before = found.view_perspective, found.view_location.copy(), found.view_distance
    found.view_perspective = 'PERSP'
    found.view_location, found.view_distance = (100, 100, 100), 1.0
    yield found
    found.view_perspective, found.view_location, found.view_distance = before


@pytest.fixture
def views(picture, tmp_path):
    return write_views(tmp_path / "job", picture, ring(4))


def test_framing_shows_all_planes_of_views(bpy, scene, region, views):
    scene.cursor.location = (20, 0, 0)
    bpy.ops.zero123.import_result(filepath=str(views), location='CURSOR')
    scene.cursor.location = (0, 0, 0)
    np.testing.assert_allclose(region.view_location, (20, 0, 0), atol=0.5)
    assert 2 < region.view_distance < 20


def test_framing_shows_the_turntable(bpy, scene, region, views):
    bpy.ops.zero123.turntable(filepath=str(views), frames=8)
    plane = bpy.context.view_layer.objects.active
    np.testing.assert_allclose(region.view_location, plane.matrix_world.translation, atol=0.5)


def test_framing_leaves_a_view_through_a_camera(bpy, scene, region, views):
    scene.camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    scene.collection.objects.link(scene.camera)
    region.view_perspective = 'CAMERA'
    bpy.ops.zero123.import_result(filepath=str(views))
    assert region.view_perspective == 'CAMERA'
    np.testing.assert_allclose(region.view_location, (100, 100, 100))


def test_framing_leaves_another_scene_s_window(bpy, scene, region, views, extension):
    other = bpy.data.scenes.new("Other")
    extension("operators.scene").import_result(views, other)
    np.testing.assert_allclose(region.view_location, (100, 100, 100))
    bpy.data.scenes.remove(other)


def test_framing_leaves_a_camera_of_the_user_in_place(bpy, scene, region, views, extension):
    """A view from a camera joins its result; the user's viewpoint is kept."""
    bpy.ops.zero123.import_result(filepath=str(views))
    region.view_location = (100, 100, 100)
    frames, place = extension("operators.scene.frames"), extension("operators.scene").Place
    group = bpy.data.collections["Zero123 ball"]
    extension("operators.scene").import_result(
        views, scene, place=place.at(frames.result_frame(group), group.name))
    np.testing.assert_allclose(region.view_location, (100, 100, 100))
