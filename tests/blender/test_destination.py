# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imported objects are visible, active and selected, whatever was hidden before."""

from __future__ import annotations

import numpy as np
import pytest
from results import record, ring, write_views


def _layer(view_layer, name):
    """The layer collection with a name, anywhere below the root."""
    found, rest = None, [view_layer.layer_collection]
    while rest:
        layer = rest.pop()
        found = layer if layer.name == name else found
        rest += layer.children
    return found


@pytest.fixture
def views(bpy, scene, picture, tmp_path):
    """Imported views of "ball", moved to the side by hand, and the path of a second result."""
    path = write_views(tmp_path / "job", picture, ring(3))
    bpy.ops.zero123.import_result(filepath=str(path), size=2.0)
    return path


@pytest.fixture
def import_mesh(extension, scene, views, tmp_path):
    """Imports a mesh of "ball" as a job does."""
    module = extension("operators.scene.import_result")
    path = tmp_path / "mesh.glb"

    def run(target=None):
        return module.import_mesh(path, target or scene, "ball")
    return path, run


@pytest.fixture
def mesh(import_mesh):
    """The same, with an existing mesh file."""
    textured = pytest.importorskip("engine.mesh.textured", reason="needs the engine's libraries")
    path, run = import_mesh
    corners = np.array([[0.5, 0, 0], [-0.25, 0.4, 0], [-0.25, -0.4, 0], [0, 0, 0.8]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
    textured.TexturedMesh(vertices=corners, faces=faces, uv=np.full((4, 2), 0.5), uv_faces=faces,
                          texture=np.full((8, 8, 3), 0.5, np.float32)).save_glb(path)
    return run


def _exclude(bpy, collection):
    _layer(bpy.context.view_layer, collection.name).exclude = True


def _close_eye(bpy, collection):
    _layer(bpy.context.view_layer, collection.name).hide_viewport = True


def _disable(bpy, collection):
    collection.hide_viewport = True


def _lock(bpy, collection):
    collection.hide_select = True


def _nest(bpy, collection, hide):
    """Move a collection into another one, and hide the latter."""
    parent = bpy.data.collections.new("Parent")
    bpy.context.scene.collection.children.link(parent)
    parent.children.link(collection)
    bpy.context.scene.collection.children.unlink(collection)
    hide(bpy, parent)


def _instance(bpy, collection):
    """Replace a collection by an instance of it, as for assets."""
    item = bpy.data.objects.new("Instance", None)
    item.instance_type, item.instance_collection = 'COLLECTION', collection
    bpy.context.scene.collection.objects.link(item)
    bpy.context.scene.collection.children.unlink(collection)


HIDING = {
    "excluded": _exclude, "eye": _close_eye, "disabled": _disable, "unselectable": _lock,
    "parent excluded": lambda bpy, group: _nest(bpy, group, _exclude),
    "parent eye": lambda bpy, group: _nest(bpy, group, _close_eye),
    "parent disabled": lambda bpy, group: _nest(bpy, group, _disable),
    "only instanced": _instance}


def _is_shown(bpy, item):
    bpy.context.view_layer.update()
    return (item.visible_get() and item.select_get()
            and bpy.context.view_layer.objects.active == item)


@pytest.mark.parametrize("how", HIDING)
def test_import_shows_the_mesh_beside_hidden_views(bpy, scene, extension, mesh, how):
    group = bpy.data.collections["Zero123 ball"]
    HIDING[how](bpy, group)
    item, = mesh()
    assert _is_shown(bpy, item)
    assert item.name not in group.objects
    note = extension("operators.scene.destination").describe_destination([item])
    # An instanced collection is in no collection of the scene, so that results must not join it.
    if how != "only instanced":
        assert note == "Zero123 ball is hidden, so the result is in Zero123 ball.001"
        # Twice the size, as the views are.
        assert item.matrix_world.median_scale == pytest.approx(2.0)


def test_import_joins_visible_views_without_a_note(bpy, scene, extension, mesh):
    item, = mesh()
    assert _is_shown(bpy, item)
    assert item.name in bpy.data.collections["Zero123 ball"].objects
    assert not extension("operators.scene.destination").describe_destination([item])


def test_import_joins_views_in_a_visible_parent(bpy, scene, mesh):
    group = bpy.data.collections["Zero123 ball"]
    _nest(bpy, group, lambda bpy, parent: None)
    item, = mesh()
    assert item.name in group.objects
    assert _is_shown(bpy, item)


def test_import_joins_a_collection_with_one_visible_parent(bpy, scene, mesh):
    """A collection may be linked several times; one visible link shows its content."""
    group = bpy.data.collections["Zero123 ball"]
    hidden = bpy.data.collections.new("Hidden")
    scene.collection.children.link(hidden)
    hidden.children.link(group)
    _exclude(bpy, hidden)
    item, = mesh()
    assert item.name in group.objects
    assert _is_shown(bpy, item)


def test_import_looks_at_the_open_view_layer(bpy, scene, mesh):
    other = scene.view_layers.new("Other")
    group = bpy.data.collections["Zero123 ball"]
    try:
        _layer(other, group.name).exclude = True
        item, = mesh()
        assert item.name in group.objects
        assert _is_shown(bpy, item)
    finally:
        scene.view_layers.remove(other)


def test_import_into_another_scene_selects_there(bpy, scene, mesh):
    mine = bpy.data.objects.new("Mine", None)
    scene.collection.objects.link(mine)
    bpy.context.view_layer.objects.active = mine
    other = bpy.data.scenes.new("Other")
    try:
        item, = mesh(other)
        layer = other.view_layers[0]
        assert layer.objects.active == item
        assert item.select_get(view_layer=layer)
        assert bpy.context.view_layer.objects.active == mine
    finally:
        bpy.data.scenes.remove(other)


def test_import_does_not_join_a_linked_collection(bpy, scene, views, mesh, tmp_path):
    """A collection of another file cannot take objects."""
    group = bpy.data.collections["Zero123 ball"]
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {group})
    bpy.data.batch_remove([group, *bpy.data.objects])
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, loaded):
        loaded.collections = ["Zero123 ball"]
    linked = loaded.collections[0]
    scene.collection.children.link(linked)
    item, = mesh()
    assert _is_shown(bpy, item)
    assert linked not in item.users_collection
    bpy.data.libraries.remove(linked.library)


def test_import_shows_views_whose_place_is_hidden(bpy, scene, extension, views, tmp_path,
                                                  picture):
    """A view from a camera belongs to a result; if that is hidden, the view is still at the
    camera.
    """
    place, frames = extension("operators.scene").Place, extension("operators.scene.frames")
    group = bpy.data.collections["Zero123 ball"]
    frame = frames.result_frame(group)
    _exclude(bpy, group)
    path = write_views(tmp_path / "more", picture, [(45.0, 10.0, 1.85)])
    created = extension("operators.scene").import_result(
        path, scene, "ball", place=place.at(frame, group.name))
    assert _is_shown(bpy, created[0])
    new, = created[0].users_collection
    assert new != group
    np.testing.assert_allclose(frames.result_frame(new), frame, atol=1e-6)


def test_turntable_of_hidden_views_is_shown(bpy, scene, views):
    """The views' plane is active when its collection is disabled in viewports."""
    bpy.context.view_layer.objects.active = bpy.data.objects["Input"]
    bpy.data.collections["Zero123 ball"].hide_viewport = True
    bpy.ops.zero123.turntable(filepath=str(views), frames=6)
    item = bpy.context.view_layer.objects.active
    assert record(item)["view"] == {"turn": 6}
    assert _is_shown(bpy, item)
