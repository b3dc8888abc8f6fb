# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders objects one after the other; a script for Blender, or for a Python with bpy.

Tasks (`RenderTask` in program.py) arrive as JSON lines on stdin. Each is answered by a line on
stdout: `{}` when the images are complete, otherwise `{"error": text}`. The script ends with stdin.
It imports nothing of the engine, which is not on Blender's path.
"""

import json
import os
import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

SURFACES = {'MESH', 'CURVE', 'SURFACE', 'META', 'FONT'}
MARK = "Zero123 Object"
"""Name of the collection in the .blend files that the extension writes."""
LAMP_LOCATION = (4.076, 1.005, 5.904)
"""Position of the lamp in Blender's default scene, metres. The original rendered its objects in
that scene."""
LAMP_WATTS = 1000.0
"""Power of that lamp, watts."""
WORLD_GREY = 0.051
"""Linear grey level of that scene's background."""
GPUS = {"auto": ('OPTIX', 'CUDA', 'HIP', 'METAL', 'ONEAPI'), "cuda": ('OPTIX', 'CUDA'),
        "mps": ('METAL',)}


def main() -> None:
    """Carry out tasks until stdin ends."""
    # Blender and its importers print to stdout, so answers use a duplicate of it.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    answer(answers, {"version": bpy.app.version_string})
    for line in sys.stdin:
        try:
            render(json.loads(line))
            answer(answers, {})
        except Exception as error:  # importers raise many types for invalid files
            answer(answers, {"error": last_line(error)})
    os._exit(0)  # Blender can crash while it shuts down


def answer(stream, message: dict) -> None:
    stream.write(json.dumps(message) + "\n")
    stream.flush()


def last_line(error: Exception) -> str:
    """The last line of an exception's text: importers report whole tracebacks."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def render(task: dict) -> None:
    """Fill `task["folder"]` with 000.png, 000.npy (3 x 4 world to camera), 001.png, ..."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    load(Path(task["model"]), scene)
    normalise(scene)
    illuminate(scene, task["light"])
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens, camera.data.sensor_width = 35.0, 32.0
    camera.data.clip_start = 0.01
    scene.collection.objects.link(camera)
    scene.camera = camera
    set_up(scene, task)
    for number, matrix in enumerate(task["cameras"]):
        camera.matrix_world = Matrix(matrix)
        stem = Path(task["folder"]) / f"{number:03d}"
        scene.cycles.seed = number
        scene.render.filepath = str(stem.with_suffix(".png"))
        bpy.ops.render.render(write_still=True)
        np.save(stem.with_suffix(".npy"), np.linalg.inv(np.array(matrix))[:3])


def load(path: Path, scene: bpy.types.Scene) -> None:
    """Import a model file's objects into the scene, without its cameras and lights."""
    match path.suffix.lower():
        case ".glb" | ".gltf":
            bpy.ops.import_scene.gltf(filepath=str(path), merge_vertices=True)
        case ".obj":
            bpy.ops.wm.obj_import(filepath=str(path))
        case ".fbx" if "fbx_import" in dir(bpy.ops.wm):
            bpy.ops.wm.fbx_import(filepath=str(path))
        case ".fbx":
            bpy.ops.import_scene.fbx(filepath=str(path))
        case ".blend":
            append(path, scene)
    for item in list(scene.objects):
        if item.type in {'CAMERA', 'LIGHT', 'LIGHT_PROBE'}:
            bpy.data.objects.remove(item)


def append(path: Path, scene: bpy.types.Scene) -> None:
    """Add the extension's own collection of a .blend file, else its first scene, else all objects.
    """
    with bpy.data.libraries.load(str(path)) as (source, target):
        marked = [name for name in source.collections if name.startswith(MARK)]
        if marked:
            target.collections = marked[-1:]
        elif source.scenes:
            target.scenes = source.scenes[:1]
        else:
            target.objects = source.objects
    groups = [*target.collections, *(loaded.collection for loaded in target.scenes)]
    inside = (item for group in groups for item in group.all_objects)
    for item in dict.fromkeys((*target.objects, *inside)):
        scene.collection.objects.link(item)


def normalise(scene: bpy.types.Scene) -> None:
    """Centre the visible objects' box at the origin, and scale its longest side to 1."""
    low, high = bounds()
    side = float((high - low).max())
    if not np.isfinite(side) or side <= 0:
        raise ValueError("it has no surface")
    frame = bpy.data.objects.new("Frame", None)
    for item in scene.objects:
        if item.parent is None or item.parent.name not in scene.objects:
            world = item.matrix_world.copy()
            item.parent, item.matrix_parent_inverse = frame, Matrix()
            item.matrix_basis = world
    scene.collection.objects.link(frame)
    frame.matrix_world = (Matrix.Diagonal((1 / side, 1 / side, 1 / side, 1))
                          @ Matrix.Translation(-Vector(((low + high) / 2).tolist())))


def bounds() -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner of all visible objects of the scene, including instances."""
    points = [np.full((1, 3), np.nan)]
    for instance in bpy.context.evaluated_depsgraph_get().object_instances:
        if instance.object.type not in SURFACES or not instance.show_self:
            continue
        mesh = instance.object.to_mesh()
        vertices = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", vertices)
        matrix = np.array(instance.matrix_world)
        points.append(vertices.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
        instance.object.to_mesh_clear()
    every = np.concatenate(points)[1:] if len(points) > 1 else points[0]
    if not len(every):
        every = points[0]
    return every.min(axis=0), every.max(axis=0)


def illuminate(scene: bpy.types.Scene, light: dict) -> None:
    """Add the object's own area light, and the lamp and background of the default scene."""
    area = bpy.data.lights.new("Area", 'AREA')
    area.energy, area.size = light["watts"], light["size"]
    lamp = bpy.data.lights.new("Lamp", 'POINT')
    lamp.energy, lamp.shadow_soft_size = LAMP_WATTS, 0.1
    for data, location in ((area, light["location"]), (lamp, LAMP_LOCATION)):
        item = bpy.data.objects.new(data.name, data)
        item.location = location
        item.visible_camera = False
        scene.collection.objects.link(item)
    world = bpy.data.worlds.new("World")
    world.color = (WORLD_GREY,) * 3
    scene.world = world


def set_up(scene: bpy.types.Scene, task: dict) -> None:
    """Configure Cycles with the original's settings."""
    settings, cycles = scene.render, scene.cycles
    settings.engine = 'CYCLES'
    cycles.device = 'GPU' if use_gpu(task["device"]) else 'CPU'
    cycles.samples = task["samples"]
    cycles.diffuse_bounces = cycles.glossy_bounces = 1
    cycles.transparent_max_bounces = cycles.transmission_bounces = 3
    cycles.filter_width = 0.01
    cycles.use_denoising = can_denoise(cycles)
    settings.film_transparent = True
    settings.use_persistent_data = True  # the same object and light for every view
    settings.threads_mode, settings.threads = 'FIXED', task["threads"]
    settings.resolution_x = settings.resolution_y = task["size"]
    settings.resolution_percentage = 100
    image = settings.image_settings
    if hasattr(image, "media_type"):
        image.media_type = 'IMAGE'
    image.file_format, image.color_mode, image.color_depth = 'PNG', 'RGBA', '8'
    scene.view_settings.view_transform = 'Filmic'  # the default of the original's Blender 3.2


def can_denoise(cycles) -> bool:
    """Choose the denoiser that works on every device; False for a build without it."""
    try:
        cycles.denoiser = 'OPENIMAGEDENOISE'
    except TypeError:
        return False
    return True


def use_gpu(device: str) -> bool:
    """Choose the first kind of GPU that Cycles finds here; False if there is none."""
    preferences = bpy.context.preferences.addons["cycles"].preferences
    for kind in GPUS.get(device, ()):
        try:
            preferences.compute_device_type = kind
        except TypeError:  # not in this build
            continue
        preferences.refresh_devices()
        found = [entry for entry in preferences.devices if entry.type == kind]
        for entry in preferences.devices:
            entry.use = entry in found
        if found:
            return True
    return False


main()
