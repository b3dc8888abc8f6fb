# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares estimates of an image's elevation.

    python -m engine.evaluation.elevation held-out DATA [--methods network views matching]
    python -m engine.evaluation.elevation scans SCANS [--methods ...] [--every N] [--out FILE.json]

`network` is `engine.shape.elevation`; `views` the agreement of the silhouettes of 16 sampled views
(`engine.reconstruction.elevation`); `matching` compares SIFT features of the image and four nearby
views with the epipolar lines of each elevation, as One-2-3-45 (Liu et al. 2023, section 4.2) does
with a learned matcher. `combined` adds the log likelihood of `views` to the network's. Constants
are chosen with `held-out`, whose objects the network was not trained on, and never with `scans`.
Two images of each scan are measured: view 00, and view 17, which is the first one from a random
direction.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from .. import camera
from ..imaging import PreparedImage, foreground_alpha, frame_image
from ..models import load_pipeline
from ..reconstruction.elevation import CANDIDATES_DEG, estimate_elevation, relative_poses
from ..shape.elevation import ELEVATIONS_DEG, WEIGHTS, ElevationPredictor, ImageElevation, load

FloatArray = npt.NDArray[np.floating]

SCAN_VIEWS = (0, 17)
"""Indices of the views of a scan that are used as images."""
NEARBY = ((0.0, 10.0), (0.0, -10.0), (10.0, 0.0), (-10.0, 0.0))
"""Views that are matched with the image: (azimuth, elevation) relative to it, degrees."""
MATCH_SIZE = 256
"""Side in pixels at which features are matched."""
MAX_RATIO = 0.8
"""Largest ratio of the distances to the best and the second best feature (Lowe 2004)."""
MAX_ANGLE = 0.02
"""Angle between a feature and its epipolar plane from which a match is wrong, radians."""
AGREEMENT_SCALE = 0.05
"""Difference in the agreement of silhouettes that corresponds to a log likelihood of 1."""


@dataclass(frozen=True)
class TestImage:
    """An image with its true elevation."""

    name: str
    image: PreparedImage
    elevation_deg: float


def prepared(rgba: npt.NDArray[np.uint8]) -> PreparedImage:
    """The image, prepared as in a job."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.png"
        Image.fromarray(rgba).save(path)
        return frame_image(path).at(256)


def scan_images(folder: Path) -> Iterator[TestImage]:
    """Yield the `SCAN_VIEWS` of each public scan."""
    for path in sorted((folder / "views").glob("*.tar")):
        endings = (".json", *(f".{view:02d}.webp" for view in SCAN_VIEWS))
        with tarfile.open(path) as tar:
            content = {member.name: tar.extractfile(member).read()  # type: ignore[union-attr]
                       for member in tar if member.name.endswith(endings)}
        for name in sorted(name for name in content if name.endswith(".json")):
            key, views = name.removesuffix(".json"), json.loads(content[name])["views"]
            for view in SCAN_VIEWS:
                data = io.BytesIO(content[f"{key}.{view:02d}.webp"])
                rgba = np.asarray(Image.open(data).convert("RGBA"))
                yield TestImage(f"{key}.{view:02d}", prepared(rgba), views[view]["elevation"])


def held_out_images(folder: Path) -> Iterator[TestImage]:
    """Yield view 0 of each held-out object of the training shards."""
    from ..training.shape.dataset import ShardFolder

    shards = ShardFolder(folder)
    for item in shards.held_out:
        rgba = shards.image(item, 0)
        if (rgba[..., 3] > 127).any():
            yield TestImage(item.name, prepared(rgba), float(item.cameras[0][1]))


def agreement_of_views(pipeline: Any, image: PreparedImage) -> FloatArray:
    """Agreement of the silhouettes of sampled views for each of `CANDIDATES_DEG`."""
    rgb = sampled(pipeline, image, relative_poses())
    alpha = np.stack([foreground_alpha(view) for view in rgb])
    own = resized(image.alpha, alpha.shape[1])
    found = estimate_elevation(np.concatenate([alpha, own[None]]),
                               [*relative_poses(), (0.0, 0.0)], image.radius)
    return np.array(found.agreement)


def sampled(pipeline: Any, image: PreparedImage, poses: list[tuple[float, float]]) -> FloatArray:
    """Views (N x S x S x 3) at (azimuth, elevation) relative to the image's camera."""
    import torch

    azimuth, elevation = map(list, zip(*poses, strict=True))
    return np.asarray(pipeline(
        image.rgb, azimuth=azimuth, elevation=elevation, radius=[image.radius] * len(poses),
        input_elevation=0.0, input_radius=image.radius, output_type="np",
        generator=torch.Generator("cpu").manual_seed(0)).images)


def matching_cost(pipeline: Any, image: PreparedImage) -> FloatArray:
    """Mean clipped angle of matched features from their epipolar planes for each elevation of
    `ELEVATIONS_DEG`, radians; constant if nothing matches."""
    views = [image.rgb, *sampled(pipeline, image, list(NEARBY))]
    poses = np.array([(0.0, 0.0), *NEARBY])
    features = [sift_features(view) for view in views]
    pairs = [(i, j, *matches(features[i], features[j]))
             for i in range(len(views)) for j in range(i + 1, len(views))]
    costs = []
    for elevation in ELEVATIONS_DEG:
        elevations = np.clip(elevation + poses[:, 1], -89, 89)
        matrices = camera.camera_to_world(poses[:, 0], elevations, image.radius)
        angles = [epipolar_angles(matrices[i], matrices[j], a, b) for i, j, a, b in pairs]
        found = np.concatenate(angles)
        costs.append(np.minimum(found, MAX_ANGLE).mean() if len(found) else MAX_ANGLE)
    return np.array(costs)


def sift_features(rgb: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Positions (N x 2, relative to the side) and descriptors (N x 128) of an image's features."""
    import cv2

    grey = cv2.resize(np.asarray(rgb, np.float32), (MATCH_SIZE, MATCH_SIZE)).mean(2)
    detector = cv2.SIFT_create(contrastThreshold=0.01)  # type: ignore[attr-defined]
    points, found = detector.detectAndCompute(
        np.rint(grey * 255).clip(0, 255).astype(np.uint8), None)
    if found is None:
        return np.zeros((0, 2)), np.zeros((0, 128), np.float32)
    return (np.array([point.pt for point in points]) + 0.5) / MATCH_SIZE, found


def matches(first: tuple[FloatArray, FloatArray],
            second: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Positions (M x 2 each) of features that are each other's best match by a clear margin."""
    import cv2

    if len(first[0]) < 2 or len(second[0]) < 2:
        return np.zeros((0, 2)), np.zeros((0, 2))
    pairs = [best for best, other in cv2.BFMatcher().knnMatch(first[1], second[1], k=2)
             if best.distance < MAX_RATIO * other.distance]
    back = {match.queryIdx: match.trainIdx
            for match in cv2.BFMatcher().match(second[1], first[1])}
    kept = [match for match in pairs if back.get(match.trainIdx) == match.queryIdx]
    return (first[0][[match.queryIdx for match in kept]].reshape(-1, 2),
            second[0][[match.trainIdx for match in kept]].reshape(-1, 2))


def epipolar_angles(first: FloatArray, second: FloatArray, a: FloatArray,
                    b: FloatArray) -> FloatArray:
    """Angles in radians between the rays through `b` (M x 2) and the epipolar planes of `a`.

    `first`, `second`: camera-to-world matrices of the two images.
    """
    rays_a, rays_b = rays(first, a), rays(second, b)
    normal = np.cross(rays_a, second[:3, 3] - first[:3, 3])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True).clip(1e-9)
    return np.abs((normal * rays_b).sum(-1))


def rays(matrix: FloatArray, places: FloatArray) -> FloatArray:
    """Unit directions in the world (M x 3) of image positions (M x 2, relative to the side)."""
    slope = np.tan(np.radians(camera.FOV_DEG) / 2) * (2 * places - 1)
    local = np.column_stack([slope[:, 0], -slope[:, 1], -np.ones(len(places))])
    local /= np.linalg.norm(local, axis=-1, keepdims=True)
    return local @ matrix[:3, :3].T


def resized(alpha: FloatArray, size: int) -> FloatArray:
    """Opacities (H x W) at size x size pixels."""
    return np.asarray(Image.fromarray(np.asarray(alpha, np.float32)).resize(
        (size, size), Image.Resampling.BOX))


def combined(network: ImageElevation, agreement: FloatArray) -> ImageElevation:
    """The network's probabilities times the likelihood of the silhouettes' agreement."""
    log = np.interp(ELEVATIONS_DEG, CANDIDATES_DEG, agreement) / AGREEMENT_SCALE
    weights = network.probabilities * np.exp(log - log.max())
    return ImageElevation(weights / weights.sum())


def estimates(test: TestImage, predictor: ElevationPredictor, pipeline: Any,
              methods: list[str]) -> dict[str, float]:
    """The elevation by each method, degrees."""
    network = predictor.predict(test.image.premultiplied)
    found = {"network": network.elevation_deg, "uncertainty": network.uncertainty_deg}
    if "views" in methods:
        agreement = agreement_of_views(pipeline, test.image)
        found["views"] = float(CANDIDATES_DEG[int(agreement.argmax())])
        found["combined"] = combined(network, agreement).elevation_deg
    if "matching" in methods:
        cost = matching_cost(pipeline, test.image)
        found["matching"] = float(ELEVATIONS_DEG[int(cost.argmin())])
    return {name: round(value, 2) for name, value in found.items()}


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Median and mean absolute error and the share below 10 degrees, by method."""
    truth, scores = np.array([row["truth"] for row in rows]), {}
    for name in rows[0]:
        if name in ("name", "truth", "uncertainty"):
            continue
        error = np.abs(np.array([row[name] for row in rows]) - truth)
        scores[name] = {"images": len(rows), "median": round(float(np.median(error)), 2),
                        "mean": round(float(error.mean()), 2),
                        "below_10": round(float((error < 10).mean()), 3)}
    return scores


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Compare estimates of the elevation.")
    parser.add_argument("what", choices=["held-out", "scans"])
    parser.add_argument("data", type=Path)
    parser.add_argument("--methods", nargs="+", choices=["network", "views", "matching"],
                        default=["network"])
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--model", default="nano", help="model that samples the views")
    parser.add_argument("--every", type=int, default=1, help="only every n-th image")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    pipeline = (load_pipeline(args.model, "cpu", "auto")
                if {"views", "matching"} & set(args.methods) else None)
    if pipeline is not None:
        pipeline.set_progress_bar_config(disable=True)
    predictor = load(args.weights)
    source = held_out_images if args.what == "held-out" else scan_images
    rows = []
    for number, test in enumerate(source(args.data)):
        if number % args.every == 0:
            rows.append({"name": test.name, "truth": round(test.elevation_deg, 2),
                         **estimates(test, predictor, pipeline, args.methods)})
    if args.out:
        args.out.write_text(json.dumps({"summary": summary(rows), "images": rows}, indent=1),
                            encoding="utf-8")
    print(json.dumps(summary(rows), indent=1))


if __name__ == "__main__":
    main()
