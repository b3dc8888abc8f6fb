# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the shape network's meshes without any diffusion.

    python -m engine.evaluation.shape_network held-out DATA [--weights FOLDER] [--out FILE.json]
    python -m engine.evaluation.shape_network scans SCANS [--weights FOLDER] [--out FILE.json]
    python -m engine.evaluation.shape_network displaced SCANS [--out FILE.json]

`held-out` compares meshes with the carved voxels of the training's held-out objects, for several
thresholds; constants are chosen by it. `scans` compares meshes with the public test set, from view
00 and in the frame of the truth; nothing is ever chosen by it. `displaced` compares each scan with
itself after a small shift, which shows how exact a mesh must be for an IoU that is asked for.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..mesh.triangles import FloatArray, Triangles
from ..shape.geometry import image_rays
from ..shape.prediction import WEIGHTS, ShapePredictor, load
from ..shape.surface import SurfaceConfig, surface_mesh
from ..shape.symmetry import symmetric
from ..training.shape.carving import RayScene
from ..training.shape.dataset import ShardFolder, premultiplied
from .meshes import GRID, Alignment, compare, occupancy
from .reconstructions import normalised_truth

POINTS = 30_000
"""Samples of a surface; a mesh scores a Chamfer distance of about 0.004 against itself."""
SHIFTS = (0.003, 0.006, 0.01, 0.015)
"""Shifts in scene units, of objects whose longest side is 1."""
THRESHOLDS = (None, 0.2, 0.25, 0.3, 0.4)
"""Fixed thresholds; None is the threshold that is chosen for each prediction."""


def turned(mesh: Triangles, azimuth_deg: float) -> Triangles:
    """A mesh rotated from the input camera's frame to the object's, seen from `azimuth_deg`."""
    c, s = np.cos(np.radians(azimuth_deg)), np.sin(np.radians(azimuth_deg))
    return Triangles(mesh.vertices @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]), mesh.faces)


def outline_iou(mesh: Triangles, alpha: FloatArray, elevation_deg: float, radius: float) -> float:
    """IoU of the silhouette of a mesh, seen from the input camera, with the input's alpha."""
    eye, rays = image_rays(0.0, elevation_deg, radius, alpha.shape[0])
    rays = rays.reshape(-1, 3)
    hit = RayScene(mesh.vertices[mesh.faces]).is_occluded(np.broadcast_to(eye, rays.shape), rays)
    inside = alpha.ravel() >= 0.5
    return float((hit & inside).sum() / max((hit | inside).sum(), 1))


def voxel_iou(mesh: Triangles, voxels: npt.NDArray[np.bool_]) -> float:
    """IoU of a mesh in the object's frame with its solid voxels, at the centres of a 64^3 grid."""
    index = ((np.arange(GRID) + 0.5) / GRID * len(voxels)).astype(int)
    truth, found = voxels[np.ix_(index, index, index)], occupancy(mesh, GRID)
    return float((truth & found).sum() / max((truth | found).sum(), 1))


def evaluate_held_out(predictor: ShapePredictor, folder: ShardFolder,
                      every: int = 1) -> dict[str, dict[str, float]]:
    """IoU of each held-out object's mesh from view 0, by threshold, in the object's frame."""
    scores: dict[str, dict[str, float]] = {}
    for item in folder.held_out[::every]:
        voxels, image = folder.voxels(item), premultiplied(folder.image(item, 0))
        azimuth, elevation, radius = item.cameras[0]
        prediction = symmetric(predictor.predict(image, elevation, radius))
        scores[item.name] = {}
        for threshold in THRESHOLDS:
            used = SurfaceConfig(threshold=threshold)
            mesh = turned(surface_mesh(prediction, image[..., 3], used), azimuth)
            scores[item.name][str(threshold)] = round(voxel_iou(mesh, voxels), 4)
    return scores


def read_scans(folder: Path) -> dict[str, tuple[npt.NDArray[np.float32], float, float]]:
    """View 00 of each scan, premultiplied, with its elevation and radius, by name."""
    scans = {}
    for path in sorted((folder / "views").glob("*.tar")):
        with tarfile.open(path) as tar:
            content = {member.name: tar.extractfile(member).read()  # type: ignore[union-attr]
                       for member in tar if member.name.endswith((".json", ".00.webp"))}
        for name in sorted(content):
            if name.endswith(".json"):
                key = name.removesuffix(".json")
                camera = json.loads(content[name])["views"][0]
                image = Image.open(io.BytesIO(content[f"{key}.00.webp"])).convert("RGBA")
                scans[key] = (premultiplied(np.asarray(image)), camera["elevation"],
                              camera["radius"])
    return scans


def read_truth(folder: Path, name: str) -> Triangles:
    """The mesh of one scan; its bounding box is centred and its longest side is 1."""
    corners = normalised_truth(folder / "meshes" / f"{name}.glb").corners.reshape(-1, 3)
    return Triangles(corners, np.arange(len(corners)).reshape(-1, 3))


def displaced_iou(mesh: Triangles, shift: float) -> float:
    """Mean IoU of a mesh with itself after a shift (scene units) along x, y and z."""
    cells = occupancy(mesh, GRID)
    moved = [occupancy(Triangles(mesh.vertices + shift * axis, mesh.faces), GRID)
             for axis in np.eye(3)]
    return float(np.mean([(cells & other).sum() / max((cells | other).sum(), 1)
                          for other in moved]))


def evaluate_displaced(folder: Path) -> dict[str, dict[str, float]]:
    """Mean IoU of each scan with itself after a shift, by the shift's length."""
    return {path.stem: {str(shift): round(displaced_iou(read_truth(folder, path.stem), shift), 4)
                        for shift in SHIFTS}
            for path in sorted((folder / "meshes").glob("*.glb"))}


def evaluate_scans(predictor: ShapePredictor, folder: Path) -> dict[str, dict[str, float]]:
    """Scores of the direct mesh of each scan, from view 00, in the frame of the truth."""
    scores = {}
    for name, (image, elevation, radius) in read_scans(folder).items():
        truth = read_truth(folder, name)
        prediction = symmetric(predictor.predict(image, elevation, radius))
        mesh = surface_mesh(prediction, image[..., 3])
        found = compare(mesh, truth, points=POINTS, alignment=Alignment.NONE)
        scores[name] = {
            "iou": found.iou, "chamfer": found.chamfer, "f_score": found.f_score,
            "normal_consistency": found.normal_consistency,
            "outline_iou": outline_iou(mesh, image[..., 3], elevation, radius)}
    return {name: {key: round(float(value or 0), 4) for key, value in row.items()}
            for name, row in scores.items()}


def means(scores: dict[str, dict[str, float]]) -> dict[str, float]:
    """Mean of each score over the objects."""
    return {name: round(float(np.mean([row[name] for row in scores.values()])), 4)
            for name in next(iter(scores.values()))}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the shape network's meshes.")
    parser.add_argument("what", choices=["held-out", "scans", "displaced"])
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only every n-th held-out object")
    args = parser.parse_args()
    if args.what == "displaced":
        scores = evaluate_displaced(args.data)
    elif args.what == "scans":
        scores = evaluate_scans(load(args.weights), args.data)
    else:
        scores = evaluate_held_out(load(args.weights), ShardFolder(args.data), args.every)
    if args.out:
        args.out.write_text(json.dumps({"mean": means(scores), "objects": scores}, indent=1),
                            encoding="utf-8")
    print(len(scores), means(scores))


if __name__ == "__main__":
    main()
