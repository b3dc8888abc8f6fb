# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chapters for scenario.py: selecting and regenerating views, comparing their mesh, the view of a
camera, a contact sheet and a turntable.

`t` is the scenario's own namespace: its report and helpers.
"""

import bpy


def scroll_to(t, steps):
    """Scroll the sidebar down from its top by this number of steps."""
    t.region('UI').active_panel_category = "Zero123"
    with bpy.context.temp_override(window=t.window(), area=t.view_3d(), region=t.region('UI')):
        for _ in range(60):
            bpy.ops.view2d.scroll_up()
        for _ in range(steps):
            bpy.ops.view2d.scroll_down()


def picking(t):
    """An orbit is listed, one view is regenerated with several samples, and another one is left
    out.
    """
    session = t.module("operators.session").session
    selection, thumbnails = session.view_selection, session.thumbnails
    t.forget_jobs()
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    with t.in_view():
        bpy.ops.zero123.generate_views(filepath=t.TASK["picture"], orbit=6, steps=0,
                                       model=t.TASK["mesh_model"], input_elevation=10)
    yield t.ended(1)
    report = t.report
    report["picked"] = len(selection.views)
    planes = len(bpy.data.objects)
    with t.in_view():
        bpy.ops.zero123.regenerate_view(view=1, samples=3)
    yield t.ended(2)
    with t.in_view():
        bpy.ops.zero123.show_samples(view=1)
        bpy.ops.zero123.choose_sample(view=1, sample=2)
        bpy.ops.zero123.use_view(view=3, use=False)
    report["samples"] = [len(view.samples) for view in selection.views]
    report["objects_added_by_mending"] = len(bpy.data.objects) - planes
    report["thumbnails"] = all(thumbnails.icon(sample.key) for view in selection.views
                               for sample in view.samples)
    panel = t.module("ui.select_views").ZERO123_PT_select_views
    yield from t.work_chapters.show_alone(t, "Select Views", panel)
    t.screenshot("pick views")


def comparing(t):
    """A mesh of the selected views is shown under the image; then the scene is restored."""
    space = t.view_3d().spaces.active
    with t.in_view():
        bpy.ops.zero123.reconstruct_picked('INVOKE_DEFAULT', iterations=150)
    yield t.ended(3)
    t.report["mesh_of_picked"] = t.jobs()[-1].state.value
    with t.in_view():
        bpy.ops.view3d.view_selected()
    look = [*space.region_3d.view_rotation], space.shading.type, space.region_3d.view_perspective
    with t.in_view():
        bpy.ops.zero123.compare(mode='ON')
    scroll_to(t, 60)
    yield 1.5
    t.screenshot("compare on")
    with t.in_view():
        bpy.ops.zero123.compare(mode='OFF')
    yield 1.0
    t.screenshot("compare off")
    now = [*space.region_3d.view_rotation], space.shading.type, space.region_3d.view_perspective
    t.report["view_after_compare"] = now == look


def from_camera(t):
    """A view is generated at a camera of the user."""
    camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    bpy.context.scene.collection.objects.link(camera)
    camera.location = (1.2, -1.2, 0.6)
    camera.rotation_euler = camera.location.to_track_quat('Z', 'Y').to_euler()
    bpy.context.view_layer.objects.active = camera
    before = set(bpy.data.objects.keys())
    with t.in_view():
        bpy.ops.zero123.view_from_camera('INVOKE_DEFAULT')
    yield t.ended(4)
    made = [item for item in bpy.data.objects if item.name not in before
            and item.type == 'CAMERA']
    t.report["camera_distance"] = (made[0].matrix_world.translation - camera.location).length
    with t.in_view():
        bpy.ops.object.select_all(action='SELECT')
        bpy.ops.view3d.view_selected()
    yield 1.0
    t.screenshot("view from camera")


def turning(t):
    """The views are arranged as a contact sheet and shown as a turntable."""
    path = t.module("operators.session").session.view_selection.path
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    with t.in_view():
        bpy.ops.zero123.import_result(filepath=str(path), arrangement='SHEET', backgrounds=True)
        bpy.ops.zero123.turntable(frames=60)
        bpy.ops.object.select_all(action='SELECT')
        bpy.ops.view3d.view_axis(type='FRONT')
        bpy.ops.view3d.view_selected()
        bpy.ops.object.select_all(action='DESELECT')
    plane = bpy.context.view_layer.objects.active
    t.report["turned"] = []
    for frame in (1, 30):
        bpy.context.scene.frame_set(frame)
        t.view_3d().tag_redraw()
        yield 1.0
        found = plane.evaluated_get(bpy.context.evaluated_depsgraph_get()).image_user
        t.report["turned"].append(found.frame_current)
        t.screenshot(f"contact sheet {frame}")


def orbit(t):
    """The gizmo of a single view is dragged to another side."""
    from bpy_extras.view3d_utils import location_3d_to_region_2d
    scene, settings = bpy.context.scene, bpy.context.scene.zero123
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    settings.mode, settings.like_input, settings.azimuth = 'SINGLE', True, 60.0
    settings.input_elevation = 20.0
    space, view = t.view_3d().spaces.active, t.region('WINDOW')
    space.region_3d.view_perspective = 'PERSP'
    bpy.context.preferences.view.smooth_view = 0  # a view in motion has no fixed place on screen
    with t.in_view():
        bpy.ops.view3d.view_axis(type='TOP')
        bpy.ops.view3d.view_orbit(angle=-0.9, type='ORBITUP')
    space.region_3d.view_location = (0, 0, 0)
    space.region_3d.view_distance = 9.0
    yield 1.0
    where = t.module("operators.scene.orbit").camera_location
    t.screenshot("orbit gizmo")
    for azimuth, values in ((60.0, ('PRESS',)), (90.0, ()), (120.0, ('RELEASE',))):
        before, settings.azimuth = settings.azimuth, azimuth
        spot = location_3d_to_region_2d(view, space.region_3d, where(scene))
        settings.azimuth = before
        t._mouse[:] = view.x + int(spot.x), view.y + int(spot.y)
        t.window().event_simulate(type='MOUSEMOVE', value='NOTHING', x=t._mouse[0], y=t._mouse[1])
        yield 1.0
        for value in values:
            t.window().event_simulate(type='LEFTMOUSE', value=value, x=t._mouse[0], y=t._mouse[1])
            yield 1.0
    yield 1.0
    t.report["azimuth_after_drag"] = settings.azimuth
    t.screenshot("orbit gizmo dragged")
    settings.mode = 'ORBIT'


CHAPTERS = (picking, comparing, from_camera, turning, orbit)
