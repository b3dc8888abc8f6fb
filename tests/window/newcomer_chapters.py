# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chapter for scenario.py: a newcomer's session, from a dropped photo to a file opened again.

`t` is the scenario's own namespace: its report and helpers.
"""

from pathlib import Path

import bpy


def _facts(scene):
    """Facts about the scene that a saved file must preserve."""
    return sorted((item.name, item.type, item.get("zero123", "")) for item in scene.objects)


def _frame(t, item=None):
    """Frame one object, or all, seen obliquely from the front."""
    with t.in_view():
        bpy.ops.object.select_all(action='DESELECT' if item else 'SELECT')
        if item:
            item.select_set(True)
        bpy.ops.view3d.view_axis(type='FRONT')
        bpy.ops.view3d.view_orbit(angle=0.6, type='ORBITRIGHT')
        bpy.ops.view3d.view_orbit(angle=0.35, type='ORBITUP')
        bpy.ops.view3d.view_selected()
        bpy.ops.object.select_all(action='DESELECT')


def picture(t):
    """A photo is dropped on the 3D View and cut out of its background."""
    t.work_chapters.close_tabs()
    t.forget_jobs()
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections, *bpy.data.images])
    settings, photo = bpy.context.scene.zero123, Path(t.TASK["photo"])
    settings.image, settings.model = None, t.TASK["mesh_model"]
    settings.orbit, settings.mode, settings.steps = 8, 'ORBIT', 0
    t.move_mouse()
    with t.in_view():  # the operator that Blender calls for a dropped file
        bpy.ops.wm.drop_import_file('INVOKE_DEFAULT', directory=str(photo.parent),
                                    files=[{"name": photo.name}])
    yield 1.0
    if settings.image is None:  # Blender asks which of its importers is meant
        t.screenshot("newcomer drop asks")
        t.press('RET')
    yield lambda: settings.image is not None
    t.report["dropped"] = settings.image.name
    t.view_chapters.scroll_to(t, 0)
    yield 1.0
    t.screenshot("newcomer 1 picture")
    with t.in_view():
        bpy.ops.zero123.remove_background('INVOKE_DEFAULT')
    yield t.ended(1)
    cut = settings.image
    t.report["cut_out"] = [cut.name != t.report["dropped"], min(cut.pixels[:][3::4]) < 0.1]
    yield 1.0
    t.screenshot("newcomer 2 cut-out")


def views(t):
    """Views are generated; one is left out, and one is regenerated and chosen among its samples."""
    selection = t.module("operators.session").session.view_selection
    with t.in_view():
        bpy.ops.zero123.generate_views('INVOKE_DEFAULT')
    yield t.ended(2)
    t.report["newcomer_views"] = len(t.planes())
    _frame(t)
    yield 1.5
    t.screenshot("newcomer 3 views")
    with t.in_view():
        bpy.ops.zero123.use_view(view=4, use=False)
        bpy.ops.zero123.regenerate_view(view=2, samples=2)
    yield t.ended(3)
    with t.in_view():
        bpy.ops.zero123.show_samples(view=2)
        bpy.ops.zero123.choose_sample(view=2, sample=1)
    t.report["newcomer_picks"] = [sum(view.use for view in selection.views),
                                  selection.views[2].chosen]
    t.view_chapters.scroll_to(t, 24)
    yield 1.5
    t.screenshot("newcomer 4 pick")


def mesh(t):
    """A mesh is made from the selected views and compared with the photo."""
    with t.in_view():
        bpy.ops.zero123.reconstruct_picked('INVOKE_DEFAULT')
    yield t.ended(4)
    made = bpy.context.view_layer.objects.active
    t.report["newcomer_mesh"] = [t.jobs()[-1].state.value, made.type,
                                 len(made.data.polygons) > 100]
    yield from _textured(t, made, "newcomer 5 mesh")
    with t.in_view():
        bpy.ops.zero123.compare(mode='ON')
    yield 1.5
    t.screenshot("newcomer 6 compare")
    with t.in_view():
        bpy.ops.zero123.compare(mode='OFF')


def reload(t):
    """The file is saved and opened, and the mesh is imported again."""
    before, file = _facts(bpy.context.scene), Path(t.TASK["results"]) / "newcomer.blend"
    with t.in_view():
        bpy.ops.wm.save_as_mainfile(filepath=str(file))
        bpy.ops.wm.open_mainfile(filepath=str(file), load_ui=False)
    yield 1.5
    scene = bpy.context.scene
    made = next(item for item in scene.objects if item.type == 'MESH')
    t.report["same_after_reload"] = _facts(scene) == before
    t.report["textures_shown"] = [
        node.image.size[0] > 0 for node in made.active_material.node_tree.nodes
        if node.type == 'TEX_IMAGE']
    bpy.context.view_layer.objects.active = made
    with t.in_view():
        bpy.ops.zero123.import_again()
    t.report["imported_again"] = len(scene.objects) - len(before)
    yield from _textured(t, bpy.context.view_layer.objects.active, "newcomer 7 opened again")


def _textured(t, item, name):
    """Take a screenshot of one object with its texture."""
    t.view_3d().spaces.active.shading.color_type = 'TEXTURE'
    _frame(t, item)
    t.view_chapters.scroll_to(t, 0)
    yield 2.0
    t.screenshot(name)


def newcomer(t):
    """The whole session."""
    for part in (picture, views, mesh, reload):
        yield from part(t)
