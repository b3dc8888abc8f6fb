# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The orbit diagram shows the camera of the settings, and dragging changes them. The window test
checks the drawing.
"""

from __future__ import annotations

import numpy as np
import pytest
from results import in_scene, write_views

POSES = [(90.0, 0.0, 1.85), (-30.0, 25.0, 2.0), (170.0, -60.0, 1.5)]


@pytest.fixture
def settings(scene):
    found = scene.zero123
    found.mode, found.like_input = 'SINGLE', False
    yield found
    scene.cursor.location = (0, 0, 0)
    for name in ("mode", "like_input", "azimuth", "elevation", "radius", "input_elevation",
                 "input_radius", "size", "location"):
        found.property_unset(name)


@pytest.fixture
def orbit(extension):
    return extension("operators.scene.orbit")


@pytest.mark.parametrize("pose", POSES)
def test_camera_location_is_the_imported_camera_s(bpy, scene, settings, extension, orbit,
                                                       tmp_path, picture, pose):
    settings.azimuth, settings.elevation, settings.radius = pose
    settings.size, settings.location, scene.cursor.location = 3.0, 'CURSOR', (1, 2, 3)
    parse = extension("operators.session.request_properties").parse_numbers
    values = settings.operator_values(extension("engine.core.requests").ViewsRequest)
    asked = [parse(name, values[name])[0] for name in ("azimuth", "elevation", "radius")]
    bpy.ops.zero123.import_result(
        filepath=str(write_views(tmp_path / "job", picture, [tuple(asked)])), size=3.0,
        location='CURSOR')
    bpy.context.view_layer.update()
    camera = next(item for item in bpy.data.objects if item.name.startswith("View")
                  and item.type == 'CAMERA')
    np.testing.assert_allclose(orbit.camera_location(scene), camera.matrix_world.translation,
                               atol=1e-5)


@pytest.mark.parametrize("pose", POSES)
def test_look_from_sets_the_direction(scene, settings, orbit, pose):
    settings.size, settings.location, scene.cursor.location = 3.0, 'CURSOR', (1, 2, 3)
    # Twice as far away as the view will be: only the direction counts.
    place = np.array((1, 2, 3)) + 3 * in_scene(*pose[:2], 3.7)[:3, 3]
    orbit.look_from(scene, place)
    assert (settings.azimuth, settings.elevation) == pytest.approx(pose[:2], abs=1e-3)
    assert settings.radius == pytest.approx(1.85)
    orbit.look_from(scene, (1, 2, 3))  # no direction at all
    assert settings.azimuth == pytest.approx(pose[0], abs=1e-3)


def test_look_from_keeps_a_followed_elevation(scene, settings, orbit):
    settings.like_input, settings.input_elevation, settings.elevation = True, 20.0, 5.0
    orbit.look_from(scene, in_scene(45.0, 70.0, 1.85)[:3, 3])
    assert orbit.single_pose(scene) == pytest.approx((45.0, 20.0, 1.85), abs=1e-3)
    assert settings.elevation == 5.0


def test_below_pointer_finds_the_place_on_the_circle(scene, settings, orbit):
    settings.like_input, settings.input_elevation, settings.azimuth = True, 20.0, 120.0
    settings.size, settings.location, scene.cursor.location = 3.0, 'CURSOR', (1, 2, 3)
    target, sight = orbit.camera_location(scene), orbit.Vector((0.2, 0.5, -1.0))
    settings.azimuth = 60.0
    found = orbit.below_pointer(scene, target - 1.7 * sight, sight)
    np.testing.assert_allclose(found, target, atol=1e-5)


@pytest.mark.parametrize(("followed", "sight"), [(True, (1.0, 1.0, 0.05)), (False, (0.2, 0.5, -1))])
def test_below_pointer_keeps_the_place_in_level_views_and_with_free_elevation(
        settings, scene, orbit, followed, sight):
    settings.like_input = followed
    place = orbit.Vector((1.0, 2.0, 3.0))
    assert orbit.below_pointer(scene, place, orbit.Vector(sight)) == place


def test_diagram_is_a_circle_around_the_object(orbit):
    points = np.array(orbit.diagram((90.0, 30.0, 2.0)))
    assert len(points) % 2 == 0
    np.testing.assert_allclose(points[:-4, 2], 1.0, atol=1e-6)
    np.testing.assert_allclose(np.hypot(*points[:-4, :2].T), np.sqrt(3), atol=1e-6)
    np.testing.assert_allclose(points[-3], (0, np.sqrt(3), 1), atol=1e-6)


def test_orbit_gizmo_is_shown_for_single_views_only(bpy, scene, settings, extension):
    poll = extension("ui.orbit_gizmo").ZERO123_GGT_orbit.poll
    assert poll(bpy.context)
    settings.show_orbit = False
    assert not poll(bpy.context)
    settings.show_orbit, settings.mode = True, 'ORBIT'
    assert not poll(bpy.context)
