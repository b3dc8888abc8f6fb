# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrate the shape network and measure its meshes.

    python -m engine.training.shape.evaluate calibrate WEIGHTS_FOLDER DATA
    python -m engine.training.shape.evaluate held-out WEIGHTS_FOLDER DATA --out FILE.json
    python -m engine.training.shape.evaluate scans WEIGHTS_FOLDER SCANS --out FILE.json

`calibrate` fits the map from the network's probability to the share of occupied places on the
held-out objects and writes `calibration.json`. `held-out` measures meshes against the carved voxels
of the same objects, for several thresholds; constants are chosen by it. `scans` measures meshes of
the public test set from view 00; nothing is ever chosen by it.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.optimize import isotonic_regression
from scipy.spatial import cKDTree

from ...evaluation.meshes import distances, normalised, occupancy, volumetric_iou
from ...evaluation.reconstructions import normalised_truth
from ...mesh.surface import extract
from ...mesh.triangles import FloatArray, Triangles
from ...shape.geometry import image_rays
from ...shape.prediction import ShapePrediction, ShapePredictor, load, silhouette_rays
from ...shape.surface import SurfaceConfig, surface_mesh
from .carving import RayScene
from .dataset import MAX_COUNT, Item, ShardFolder

KNOTS = 41
"""Knots of the stored calibration."""
GRID = 64
"""Voxels along each side of the grid on which volumes are compared, as in `evaluation.meshes`."""
SURFACE_POINTS = 30_000
THRESHOLDS = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


@dataclass(frozen=True)
class SurfaceScores:
    """Agreement of a predicted mesh with the truth in the truth's frame."""

    iou: float
    chamfer: float
    f_score: float
    normal_consistency: float
    """Mean absolute cosine between the normals of nearest surface points, both directions."""
    outline_iou: float
    """IoU of the mesh's silhouette from the input camera with the input's alpha."""


def premultiplied(rgba: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Straight alpha bytes as premultiplied float32."""
    image = rgba.astype(np.float32) / 255
    image[..., :3] *= image[..., 3:]
    return image


def fit_calibration(predictor: ShapePredictor, folder: ShardFolder, views: int = 4) -> dict[
        str, list[float]]:
    """Isotonic regression of the occupied share on the predicted probability.

    Each view of a held-out object has the same weight. Cells of silhouette rays are counted in
    1,000 classes of the predicted log-odds, so that the fit is small.
    """
    edges = np.linspace(-10, 10, 1001)
    weight, occupied = np.zeros(1002), np.zeros(1002)
    for item in folder.held_out:
        for view in range(min(views, len(item.cameras))):
            raw, target, rays = _held_out_frustum(predictor, folder, item, view)
            probability = raw[:, rays].ravel().clip(1e-6, 1 - 1e-6)
            cell = np.digitize(np.log(probability / (1 - probability)), edges)
            share = 1 / len(cell)
            weight += np.bincount(cell, minlength=1002) * share
            occupied += np.bincount(cell, target[:, rays].ravel(), minlength=1002) * share
    seen = weight > 0
    centres = np.concatenate([[-10], (edges[1:] + edges[:-1]) / 2, [10]])[seen]
    fitted = isotonic_regression(occupied[seen] / weight[seen], weights=weight[seen]).x
    log_odds = np.linspace(-8, 8, KNOTS)
    observed = np.interp(log_odds, centres, fitted)
    return {"predicted": [0.0, *(1 / (1 + np.exp(-log_odds))).round(6).tolist(), 1.0],
            "observed": [0.0, *observed.round(6).tolist(), float(round(observed[-1], 6))]}


def calibration_error(predictor: ShapePredictor, folder: ShardFolder) -> dict[str, float]:
    """Expected calibration error over ten classes and Brier score, before and after calibration.

    On view 3 of each held-out object; fit the calibration on the other views to compare.
    """
    found, truth, raw_found = [], [], []
    for item in folder.held_out:
        raw, target, rays = _held_out_frustum(predictor, folder, item, 3)
        raw_found.append(raw[:, rays].ravel())
        found.append(predictor.calibration(raw_found[-1]))
        truth.append(target[:, rays].ravel())
    result = {}
    for name, values in (("raw", raw_found), ("calibrated", found)):
        p, t = np.concatenate(values), np.concatenate(truth)
        cell = (p * 10).astype(int).clip(0, 9)
        count = np.bincount(cell, minlength=10)
        gap = np.abs(np.bincount(cell, p, 10) - np.bincount(cell, t, 10))
        result[f"{name}_ece"] = float(gap.sum() / count.sum())
        result[f"{name}_brier"] = float(((p - t) ** 2).mean())
    return result


def _held_out_frustum(predictor: ShapePredictor, folder: ShardFolder, item: Item, view: int) -> (
        tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]):
    """Uncalibrated probabilities, occupied shares (64^3 each) and the silhouette's rays."""
    image = premultiplied(folder.image(item, view))
    _, elevation, radius = item.cameras[view]
    raw = predictor.raw_probabilities(image, elevation, radius)
    return raw, folder.target(item, view) / MAX_COUNT, silhouette_rays(image[..., 3])


def turned(mesh: Triangles, azimuth_deg: float) -> Triangles:
    """A mesh of the input camera's frame in the world of an object seen from `azimuth_deg`."""
    c, s = np.cos(np.radians(azimuth_deg)), np.sin(np.radians(azimuth_deg))
    return Triangles(mesh.vertices @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]), mesh.faces)


def outline_iou(mesh: Triangles, alpha: FloatArray, elevation_deg: float, radius: float) -> float:
    """IoU of the silhouette of a mesh in the input camera's frame with the alpha."""
    eye, rays = image_rays(0.0, elevation_deg, radius, alpha.shape[0])
    rays = rays.reshape(-1, 3)
    hit = RayScene(mesh.vertices[mesh.faces]).is_occluded(np.broadcast_to(eye, rays.shape), rays)
    inside = alpha.ravel() >= 0.5
    return float((hit & inside).sum() / max((hit | inside).sum(), 1))


def surface_points(mesh: Triangles, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Points, uniform over the area, and the normals of their faces."""
    corners = mesh.vertices[mesh.faces].astype(float)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normal, axis=1)
    face = rng.choice(len(area), SURFACE_POINTS, p=area / area.sum())
    u, v = rng.random((2, SURFACE_POINTS, 1))
    root = np.sqrt(u)
    a, b, c = np.moveaxis(corners[face], 1, 0)
    return (1 - root) * a + root * (1 - v) * b + root * v * c, normal[face] / area[face, None]


def compare_surfaces(mesh: Triangles, truth: Triangles) -> tuple[float, float, float]:
    """Chamfer distance, F-score and normal consistency of two meshes in one frame."""
    rng = np.random.default_rng(0)
    (ours, our_normals), (theirs, their_normals) = (
        surface_points(thing, rng) for thing in (mesh, truth))
    chamfer, f_score = distances(ours, theirs)
    there, back = cKDTree(theirs).query(ours)[1], cKDTree(ours).query(theirs)[1]
    consistency = (np.abs((our_normals * their_normals[there]).sum(1)).mean()
                   + np.abs((their_normals * our_normals[back]).sum(1)).mean()) / 2
    return chamfer, f_score, float(consistency)


def voxel_iou(mesh: Triangles, voxels: npt.NDArray[np.bool_]) -> float:
    """IoU of a mesh in the object's frame with its solid voxels, at the centres of a 64^3 grid."""
    index = ((np.arange(GRID) + 0.5) / GRID * len(voxels)).astype(int)
    truth, found = voxels[np.ix_(index, index, index)], occupancy(mesh, GRID)
    return float((truth & found).sum() / max((truth | found).sum(), 1))


def evaluate_held_out(predictor: ShapePredictor, folder: ShardFolder, every: int = 1,
                      config: SurfaceConfig | None = None) -> dict[str, dict[str, float]]:
    """IoU, in the object's frame, of each held-out object's mesh at each threshold (view 0)."""
    scores = {}
    for item in folder.held_out[::every]:
        voxels, image = folder.voxels(item), premultiplied(folder.image(item, 0))
        azimuth, elevation, radius = item.cameras[0]
        prediction = predictor.predict(image, elevation, radius)
        scores[item.name] = {}
        for threshold in THRESHOLDS:
            used = replace(config or SurfaceConfig(), threshold=threshold)
            mesh = turned(surface_mesh(prediction, image[..., 3], used), azimuth)
            scores[item.name][str(threshold)] = round(voxel_iou(mesh, voxels), 4)
    return scores


def voxel_mesh(voxels: npt.NDArray[np.bool_]) -> Triangles:
    """The boundary of solid voxels of the unit cube."""
    side = 1 / len(voxels)
    return extract(voxels.astype(np.float32), 0.5, (0.5 * side - 0.5,) * 3, side)


def read_scans(folder: Path) -> dict[str, tuple[npt.NDArray[np.float32], float, float]]:
    """View 00 of each scan, premultiplied, with its elevation and radius, by name."""
    scans = {}
    for path in sorted((folder / "views").glob("*.tar")):
        with tarfile.open(path) as tar:
            members = {member.name: member for member in tar}
            for name in sorted(members):
                if name.endswith(".json"):
                    key = name.removesuffix(".json")
                    camera = json.load(tar.extractfile(members[name]))["views"][0]
                    data = tar.extractfile(members[f"{key}.00.webp"]).read()
                    image = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
                    scans[key] = (premultiplied(image), camera["elevation"], camera["radius"])
    return scans


def score_scan(prediction: ShapePrediction, alpha: FloatArray, truth: Triangles) -> SurfaceScores:
    """All scores of one scan."""
    mesh = surface_mesh(prediction, alpha)
    chamfer, f_score, consistency = compare_surfaces(mesh, truth)
    return SurfaceScores(
        volumetric_iou(mesh, truth), chamfer, f_score, consistency,
        outline_iou(mesh, alpha, prediction.elevation_deg, prediction.radius))


def evaluate_scans(predictor: ShapePredictor, folder: Path) -> dict[str, dict[str, float]]:
    """Scores of the direct mesh of each scan in the frame of the truth, from view 00."""
    scores = {}
    for name, (image, elevation, radius) in read_scans(folder).items():
        thing = normalised_truth(folder / "meshes" / f"{name}.glb")
        corners = thing.corners.reshape(-1, 3)
        truth = normalised(Triangles(corners, np.arange(len(corners)).reshape(-1, 3)))
        prediction = predictor.predict(image, elevation, radius)
        scores[name] = {key: round(value, 4) for key, value in vars(
            score_scan(prediction, image[..., 3], truth)).items()}
    return scores


def means(scores: dict[str, dict[str, float]]) -> dict[str, float]:
    """Mean of each score over the objects."""
    names = next(iter(scores.values()))
    return {name: round(float(np.mean([row[name] for row in scores.values()])), 4)
            for name in names}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Calibrate and evaluate the shape network.")
    parser.add_argument("what", choices=["calibrate", "held-out", "scans"])
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only every n-th held-out object")
    args = parser.parse_args()
    predictor = load(args.weights)
    if args.what == "calibrate":
        folder = ShardFolder(args.data)
        three = fit_calibration(predictor, folder, views=3)
        (args.weights / "calibration.json").write_text(json.dumps(three), encoding="utf-8")
        print(calibration_error(load(args.weights), folder))
        fitted = fit_calibration(predictor, folder)
        (args.weights / "calibration.json").write_text(json.dumps(fitted), encoding="utf-8")
        return
    scores = (evaluate_held_out(predictor, ShardFolder(args.data), args.every)
              if args.what == "held-out" else evaluate_scans(predictor, args.data))
    if args.out:
        args.out.write_text(json.dumps({"mean": means(scores), "objects": scores}, indent=1),
                            encoding="utf-8")
    print(len(scores), means(scores))


if __name__ == "__main__":
    main()
