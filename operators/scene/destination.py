# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection into which a result is imported: that of its image, if its content is visible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

import bpy
from bpy.app.translations import pgettext_rpt as rpt_

from .frames import result_frame
from .placement import Place, stored_frame
from .record import Record

INSTEAD_OF = "zero123_instead_of"
"""Property of a collection: the name of the hidden collection for which the result was intended."""
MAX_TITLE = 40
"""Characters of an image's name that appear in names: a name holds 63 in Blender 4."""


def view_layer_of(scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    """The active view layer, or the first one of a scene that is not open."""
    if bpy.context.scene == scene:
        return bpy.context.view_layer
    return scene.view_layers[0]


def is_usable(collection: bpy.types.Collection, view_layer: bpy.types.ViewLayer) -> bool:
    """Whether new objects in a collection can be seen and selected in a view layer.

    They cannot if the collection, or every parent that it is linked to, is excluded from the view
    layer, hidden, disabled in viewports or unselectable, or if it is linked from another file.
    """
    if collection.library is not None or collection.override_library is not None:
        return False
    return any(found == collection for found in _usable(view_layer.layer_collection))


def destination(scene: bpy.types.Scene, title: str, kind: str, place: Place | None = None,
                intended: bpy.types.Collection | None = None,
                ) -> tuple[bpy.types.Collection, Place | None]:
    """The collection for a result of a kind, and where the result stands in it.

    That is the intended collection, else the image's one in this scene unless it already holds a
    result of this kind: the mesh joins the views of the same image, while a second set of views
    does not land on top of the first. In place of one that is hidden a new one is made, in which
    the result stands as it would have stood there.
    """
    view_layer, name = view_layer_of(scene), f"Zero123 {title[:MAX_TITLE]}"
    hidden = None
    for found in [intended] if intended else scene.collection.children_recursive:
        if found == intended or (found.name == name and kind not in _kinds(found)):
            if is_usable(found, view_layer):
                return found, place
            hidden = found
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    if hidden is not None:
        collection[INSTEAD_OF] = hidden.name
        if place is None and stored_frame(hidden):
            place = Place.at(result_frame(hidden))
    return collection, place


def describe_destination(created: Sequence[bpy.types.ID]) -> str:
    """A sentence for new objects that are not in the intended collection; empty if they are."""
    for item in created:
        for collection in item.users_collection if isinstance(item, bpy.types.Object) else ():
            if hidden := collection.get(INSTEAD_OF):
                return rpt_("{} is hidden, so the result is in {}").format(hidden, collection.name)
    return ""


def describe_import(created: Sequence[bpy.types.ID]) -> str:
    """The message to the user after an import of these new data-blocks."""
    count = rpt_("Imported {} new items").format(len(created))
    note = describe_destination(created)
    return f"{count}; {note}" if note else count


def select_only(objects: Sequence[bpy.types.Object], scene: bpy.types.Scene) -> None:
    """Select these objects and nothing else and make the first active, as importers do.

    Viewports in local view show them too.
    """
    view_layer = view_layer_of(scene)
    view_layer.update()  # otherwise the view layer does not know the new objects yet
    # A list, because selecting rebuilds the collection that is iterated.
    for item in list(view_layer.objects):
        item.select_set(item in objects, view_layer=view_layer)
    if objects[0].name in view_layer.objects:
        view_layer.objects.active = objects[0]
    for space in _local_views(scene):
        for item in objects:
            with suppress(RuntimeError):  # a view of another view layer
                item.local_view_set(space, True)


def _usable(layer: bpy.types.LayerCollection) -> Iterator[bpy.types.Collection]:
    """The collections of a tree of layer collections that can be seen and selected from."""
    yield layer.collection
    for child in layer.children:
        if not (child.exclude or child.hide_viewport or child.collection.hide_viewport
                or child.collection.hide_select):
            yield from _usable(child)


def _kinds(collection: bpy.types.Collection) -> set[str]:
    """The kinds of the results in a collection."""
    return {record.kind for item in collection.objects if (record := Record.read(item))}


def _local_views(scene: bpy.types.Scene) -> Iterator[bpy.types.SpaceView3D]:
    """The 3D Views of this scene's windows that are in local view."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas if window.scene == scene else ():
            if area.type == 'VIEW_3D' and area.spaces.active.local_view is not None:
                yield area.spaces.active
