# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The 3D View: captures what it shows, and frames imported objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import bpy
from mathutils import Matrix

if TYPE_CHECKING:
    import numpy as np


def find_view(context: bpy.types.Context) -> tuple[bpy.types.Area, bpy.types.Region] | None:
    """The 3D View under the mouse pointer, otherwise the largest one of the window."""
    if context.window is None:
        return None
    areas = [area for area in context.window.screen.areas if area.type == 'VIEW_3D']
    if not areas:
        return None
    area = context.area if context.area in areas else max(areas, key=lambda a: a.width * a.height)
    return area, next(region for region in area.regions if region.type == 'WINDOW')


def frame_selected(scene: bpy.types.Scene) -> None:
    """Show the selected objects as large as they fit in the largest 3D View of the scene's window.

    A view through a camera stays as it is, and so does one whose objects are being edited.
    """
    for window in bpy.context.window_manager.windows:
        if window.scene != scene:
            continue
        with bpy.context.temp_override(window=window, area=None, region=None):
            found = find_view(bpy.context)
            mode = bpy.context.mode
        if found is None or mode != 'OBJECT':
            continue
        area, region = found
        if area.spaces.active.region_3d.view_perspective == 'CAMERA':
            continue
        with bpy.context.temp_override(window=window, area=area, region=region), \
                suppress(RuntimeError):  # the objects are not framed; everything else works
            bpy.ops.view3d.view_selected()


def capture(context: bpy.types.Context, size: int) -> bpy.types.Image:
    """The middle square of the 3D View as a packed image of size x size pixels.

    It is shaded like the viewport, without overlays, and transparent where no object is.
    """
    found = find_view(context)
    assert found is not None  # the operator's poll requires it
    area, region = found
    space = area.spaces.active
    side = min(region.width, region.height)
    crop = Matrix.Diagonal((region.width / side, region.height / side, 1, 1))
    with _without_overlays(space):
        rgba = _draw(context, space, region, crop @ space.region_3d.window_matrix, size)
    image = bpy.data.images.new("3D View", size, size, alpha=True)
    image.pixels.foreach_set(rgba.ravel())
    image.pack()
    return image


@contextmanager
def _without_overlays(space: bpy.types.SpaceView3D) -> Iterator[None]:
    shown = space.overlay.show_overlays
    space.overlay.show_overlays = False
    try:
        yield
    finally:
        space.overlay.show_overlays = shown


def _draw(context: bpy.types.Context, space: bpy.types.SpaceView3D, region: bpy.types.Region,
          projection: Matrix, size: int) -> np.ndarray:
    """Size x size x 4 float32 in [0, 1], sRGB, straight alpha, first row at the bottom."""
    import gpu
    import numpy as np

    target = gpu.types.GPUOffScreen(size, size)
    try:
        target.draw_view3d(
            context.scene, context.view_layer, space, region, space.region_3d.view_matrix,
            projection, do_color_management=True, draw_background=False)
        with target.bind():
            pixels = gpu.state.active_framebuffer_get().read_color(
                0, 0, size, size, 4, 0, 'UBYTE')
    finally:
        target.free()
    pixels.dimensions = size * size * 4
    rgba = np.array(pixels, np.float32).reshape(size, size, 4) / 255
    alpha = rgba[..., 3:]
    np.divide(rgba[..., :3], alpha, out=rgba[..., :3], where=alpha > 0)  # it was premultiplied
    return np.clip(rgba, 0, 1)
