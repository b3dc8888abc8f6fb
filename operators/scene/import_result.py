# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports results into a scene's collection "Zero123 IMAGE", each completely or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

from ...engine import camera
from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.files import read_json_object
from ...engine.core.request import Request, SceneImport
from ...engine.core.requests import REQUESTS, TextRequest, load_request
from .destination import MAX_TITLE, destination, select_only, view_layer_of
from .folder_names import read_folder_name
from .frames import result_frame
from .images import image_of
from .mesh import add_mesh
from .options import ImportOptions
from .placement import Place, place_mesh, place_views
from .record import Record
from .remesh import remesh
from .replace_view import show_plane
from .texture_files import keep_in_files
from .transaction import all_or_nothing
from .turntable import Turn, add_turntable
from .viewport import frame_selected
from .views import (
    INPUT_DISTANCE,
    PLANE_DISTANCE,
    View,
    add_view,
    arrange_sheet,
    load_image,
    pose_of,
    read_views,
    show_behind,
)

_FILE_TYPES = {".json": SceneImport.VIEWS, ".glb": SceneImport.MESH, ".png": SceneImport.IMAGE}


def import_result(path: Path, scene: bpy.types.Scene, title: str = "",
                  request: Request | None = None, options: ImportOptions | None = None,
                  place: Place | None = None) -> list[bpy.types.ID]:
    """Import a views.json, a mesh.glb, an image or an estimated elevation.

    Returns the new data-blocks. An elevation becomes that of the scene's input image.

    `place`: where a result is placed that belongs to something in the scene; None: the options
    decide.

    Raises:
        EngineError: `BAD_INPUT` if it is neither, or can't be read; nothing has changed then.
    """
    if path.name == "report.json":
        path = path.with_name("mesh.glb")
    match request.SCENE_IMPORT if request else _import_of_file(path):
        case SceneImport.ELEVATION:
            use_elevation(path, scene)
            return []
        case SceneImport.VIEWS:
            return [*import_views(path, scene, title, request, options, place)]
        case SceneImport.MESH:
            return [*import_mesh(path, scene, title, request, options, place)]
        case SceneImport.IMAGE:
            return [import_image(path, scene, title, request)]
    raise EngineError(ErrorCode.BAD_INPUT, f"{path} is not a result of Zero123",
                      "choose a views.json or a mesh.glb")


def _import_of_file(path: Path) -> SceneImport:
    """The import for a file or folder without a recorded request."""
    named = {kind.RESULT_FILE: kind.SCENE_IMPORT for kind in REQUESTS.values()
             if kind.SCENE_IMPORT is not SceneImport.NOTHING}
    return named.get(path.name) or _FILE_TYPES.get(path.suffix.lower(), SceneImport.NOTHING)


def import_views(path: Path, scene: bpy.types.Scene, title: str = "",
                 request: Request | None = None, options: ImportOptions | None = None,
                 place: Place | None = None) -> list[bpy.types.Object]:
    """Import every view of a views.json, and the input image, as a plane with its camera.

    Views that join others in their place are imported without the input image.

    Raises:
        EngineError: As `import_result`.
    """
    options = options or ImportOptions()
    views, document = read_views(path)
    title = title or _title(path.parent, document)
    record = _record("views", request or load_request(path.parent), document, [path])
    record.options = options.values()
    objects: list[bpy.types.Object] = []
    with all_or_nothing(view_layer_of(scene)):
        joined = _joined(scene, place)
        collection, place = destination(scene, title, "views", place, joined)
        entries = [(view, PLANE_DISTANCE) for view in views]
        if joined is None and (source := _input_view(path.parent, document)):
            entries.append((source, INPUT_DISTANCE))
        for view, distance in entries:
            pair = add_view(collection, view, distance, options.planes)
            record.files = [str(path), str(view.file)]
            record.view = view.facts
            for item in pair:
                record.write(item)
            # Only the first sample of a view is shown; the user can choose another one.
            show_plane(pair[0], view.facts.get("sample", 0) == 0)
            if options.backgrounds:
                show_behind(pair[1].data, image_of(pair[0]), scene.render, 0.5)
            objects += pair
        if options.arrangement == 'SHEET' and joined is None:
            arrange_sheet(_by_view(objects))
        place_views(objects, collection, scene, options, place)
        select_only(objects, scene)
    for item in objects:
        keep_in_files(item, path.parent)
    if joined is None:
        frame_selected(scene)
    return objects


def add_turning_plane(path: Path, scene: bpy.types.Scene, turn: Turn,
                      collection: bpy.types.Collection | None,
                      title: str = "") -> bpy.types.Object:
    """Add a turntable of the views of a views.json, in their collection if they are in the scene.

    Raises:
        EngineError: As `import_result`.
    """
    _, document = read_views(path)
    title = title or _title(path.parent, document)
    request = load_request(path.parent) or load_request(path.parent.parent)
    record = _record(request.KIND if request else "views", request, document, [path, turn.first])
    record.view = {"turn": turn.frames}
    with all_or_nothing(view_layer_of(scene)):
        place = Place.at(result_frame(collection)) if collection else None
        group, place = destination(scene, title, record.kind, place, collection)
        plane = add_turntable(group, turn, f"{title[:MAX_TITLE]} Turntable")
        record.write(plane)
        place_views([plane], group, scene, ImportOptions(), place)
        select_only([plane], scene)
    frame_selected(scene)
    return plane


def import_mesh(path: Path, scene: bpy.types.Scene, title: str = "",
                request: Request | None = None, options: ImportOptions | None = None,
                place: Place | None = None) -> list[bpy.types.Object]:
    """Import the mesh of a GLB file; a report.json beside it says how the mesh was made.

    Raises:
        EngineError: As `import_result`.
    """
    options = options or ImportOptions()
    report = read_json_object(path.with_name("report.json"))
    title = title or _title(path.parent, report)
    record = _record("reconstruct", request or load_request(path.parent), report, [path])
    record.options = options.values()
    with all_or_nothing(view_layer_of(scene)) as before:
        collection, place = destination(scene, title, "reconstruct", place)
        objects = add_mesh(path, collection, title[:MAX_TITLE], before)
        for item in objects:
            record.write(item)
            remesh(item, options.remesh, options.remesh_faces)
        select_only(objects, scene)
        # At the end, because other objects move with the mesh.
        place_mesh(objects[0], collection, scene, options, place)
    # No files are added beside a file that the engine has not written.
    folder = path.parent if report else Path(bpy.app.tempdir)
    for item in objects:
        keep_in_files(item, folder)
    frame_selected(scene)
    return objects


def import_image(path: Path, scene: bpy.types.Scene, title: str = "",
                   request: Request | None = None) -> bpy.types.Image:
    """Import a cut-out, or an image made from a text, and make it the scene's input image.

    Raises:
        EngineError: As `import_result`.
    """
    with all_or_nothing(view_layer_of(scene)):
        image = load_image(path)
        title = title[:MAX_TITLE] or path.stem
        image.name = title if isinstance(request, TextRequest) else f"{title} Cut-Out"
    if request is not None:
        _record(request.KIND, request, {}, [path]).write(image)
    scene.zero123.image = image
    return image


def _by_view(objects: list[bpy.types.Object]) -> list[list[bpy.types.Object]]:
    """The planes, grouped by pose; the input image's come first."""
    poses: dict[Any, list[bpy.types.Object]] = {}
    for item in objects:
        record = Record.read(item)
        if record is not None and item.type != 'CAMERA':
            poses.setdefault((not record.is_input, pose_of(record.view)), []).append(item)
    return [poses[pose] for pose in sorted(poses, key=lambda pose: pose[0])]


def use_elevation(path: Path, scene: bpy.types.Scene) -> None:
    """Use an estimated elevation as that of the scene's input image.

    Raises:
        EngineError: As `import_result`.
    """
    try:
        elevation = float(json.loads(path.read_text(encoding="utf-8"))["elevation_deg"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"{path} is not an estimated elevation: {error}",
                          "estimate it again, or set it by hand") from error
    scene.zero123.input_elevation = round(elevation, 1)
    scene.zero123.estimate_elevation = False


def _joined(scene: bpy.types.Scene, place: Place | None) -> bpy.types.Collection | None:
    """The collection of this scene that a result joins, or None if there is none."""
    found = scene.collection.children_recursive if place and place.collection else ()
    return next((item for item in found if place and item.name == place.collection), None)


def _input_view(folder: Path, document: dict[str, Any]) -> View | None:
    """The input image as a view, or None if its file is missing.

    The square image that the network saw is preferred, because only that one fits the frame.
    """
    source = document.get("input") or {}
    candidates = [folder / "input.png", Path(str(document.get("image", "")))]
    file = next((file for file in candidates if file.is_file()), None)
    if file is None:
        return None
    elevation = float(source.get("elevation_deg", 0.0))
    radius = float(source.get("radius", camera.DEFAULT_RADIUS))
    matrix = Matrix(camera.camera_to_world(0.0, elevation, radius).tolist())
    facts = {"azimuth_deg": 0.0, "elevation_deg": elevation, "radius": radius}
    return View(file, "Input", matrix, float(source.get("fov_deg", camera.FOV_DEG)), radius, facts)


def _title(folder: Path, document: dict[str, Any]) -> str:
    """A title for a result without one: from its folder's name, else from its image's."""
    named = read_folder_name(folder)
    return named.title if named else Path(str(document.get("image", ""))).stem or folder.name


def _record(kind: str, request: Request | None, document: dict[str, Any],
            files: list[Path]) -> Record:
    if request is not None and kind != request.KIND:
        request = None
    return Record(
        kind=kind, request=request.to_dict() if request else {},
        model=str(document.get("model", getattr(request, "model", ""))),
        seed=int(document.get("seed", getattr(request, "seed", 0)) or 0),
        files=[str(file) for file in files])
