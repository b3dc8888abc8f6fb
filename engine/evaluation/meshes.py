# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of a shape against the true mesh: Chamfer distance, F-score, normals, volumetric IoU.

100,000 points are sampled on each surface, and volumes are compared on a 64^3 grid. The truth is
normalised by its bounding box (longest side 1, centred), the shape as its `Alignment` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from ..mesh.raster import rasterise
from ..mesh.triangles import FloatArray, IntArray, Triangles
from .nearest import Nearest, SearchTree, nearest_both_ways

POINTS = 100_000
"""Samples of a surface. At this number a mesh scores a Chamfer distance of 0.0021 against itself;
fewer samples score more."""
F_THRESHOLD = 0.02
"""Distance up to which a point counts as found, in units of the truth's longest side."""
GRID = 64
"""Cells along each axis of the volume grid."""
ICP_STEPS = 30
"""Iterations of ICP, after which it no longer moves shapes that it can align."""
ICP_POINTS = 5000
"""Points of the source that ICP uses."""


class Alignment(Enum):
    """Alignment of a shape before the comparison."""

    NONE = "none"
    """None: the shape is in the frame of the normalised truth, as SyncDreamer's protocol requires.
    """
    SCALE = "scale"
    """The shape is normalised by its own bounding box, as in EscherNet's protocol."""
    ICP = "icp"
    """The shape is normalised, then moved by the similarity transform that ICP finds."""


@dataclass(frozen=True)
class MeshScores:
    """Agreement of a shape with the truth, in units of the truth's longest side."""

    chamfer: float
    """Mean of the two directed mean distances, not squared."""
    f_score: float
    """Harmonic mean of precision and recall at `F_THRESHOLD`, in [0, 1]."""
    normal_consistency: float | None
    """Mean absolute cosine between the normals of nearest points, averaged over both directions, in
    [0, 1] (Mescheder et al. 2019, section 4); None for point clouds, which have no normals."""
    chamfer_icp: float
    """Chamfer distance after the similarity transform that ICP finds, whatever the alignment."""
    f_score_icp: float
    """F-score after that transform."""
    iou: float | None
    """Intersection over union of the enclosed volumes; None for point clouds, which enclose none.
    """


@dataclass(frozen=True)
class _Surface:
    """Samples of a surface, with normals unless it is a point cloud."""

    points: FloatArray
    normals: FloatArray | None

    def moved(self, linear: FloatArray, shift: FloatArray) -> _Surface:
        """The samples after a similarity transform."""
        normals = self.normals
        if normals is not None:
            normals = normals @ linear.T / np.cbrt(np.linalg.det(linear))
        return _Surface(self.points @ linear.T + shift, normals)


def compare(shape: Triangles | FloatArray, truth: Triangles, *, points: int = POINTS, seed: int = 0,
            alignment: Alignment = Alignment.SCALE) -> MeshScores:
    """Scores of a mesh, or of (n, 3) points, against the truth.

    The same seed samples the same points, also of a cloud with more than `points` points.
    """
    truth = normalised(truth)
    if alignment is not Alignment.NONE:
        shape = _normalised_shape(shape)
    rng = np.random.default_rng(seed)
    ours, theirs = _sampled(shape, points, rng), _sampled(truth, points, rng)
    linear, shift = similarity_icp(ours.points, theirs.points)
    aligned = ours.moved(linear, shift)
    if alignment is Alignment.ICP:
        ours = aligned
        if isinstance(shape, Triangles):
            shape = Triangles(shape.vertices @ linear.T + shift, shape.faces)
    chamfer_icp, f_score_icp = distances(aligned.points, theirs.points)
    there, back = nearest_both_ways(ours.points, theirs.points)
    iou = volumetric_iou(shape, truth) if isinstance(shape, Triangles) else None
    return MeshScores(*_chamfer_and_f_score(there, back),
                      _normal_consistency(ours, theirs, there, back), chamfer_icp, f_score_icp, iou)


def _normalised_shape(shape: Triangles | FloatArray) -> Triangles | FloatArray:
    if isinstance(shape, Triangles):
        return normalised(shape)
    centre, side = _box(shape)
    return (shape - centre) / side


def _sampled(shape: Triangles | FloatArray, count: int, rng: np.random.Generator) -> _Surface:
    """At most `count` samples of a mesh's surface or of a cloud."""
    if isinstance(shape, Triangles):
        return _Surface(*sample_with_normals(shape, count, rng))
    if len(shape) <= count:
        return _Surface(shape, None)
    return _Surface(shape[rng.choice(len(shape), count, replace=False)], None)


def _normal_consistency(a: _Surface, b: _Surface, there: Nearest, back: Nearest) -> float | None:
    if a.normals is None or b.normals is None:
        return None
    cosines = (np.abs((a.normals * b.normals[there.indices]).sum(axis=1)).mean(),
               np.abs((b.normals * a.normals[back.indices]).sum(axis=1)).mean())
    return float(np.mean(cosines))


def volumetric_iou(mesh: Triangles, truth: Triangles) -> float:
    """Intersection over union of the enclosed volumes, on a grid around both meshes."""
    both = np.concatenate([thing.vertices[np.unique(thing.faces)] for thing in (mesh, truth)])
    centre, side = _box(both)
    a, b = (occupancy(Triangles((thing.vertices - centre) / side, thing.faces))
            for thing in (mesh, truth))
    return float((a & b).sum() / max((a | b).sum(), 1))


def normalised(mesh: Triangles) -> Triangles:
    """The mesh, moved and scaled so that its bounding box is centred and has the longest side 1."""
    centre, side = _box(mesh.vertices[np.unique(mesh.faces)])
    return Triangles((mesh.vertices - centre) / side, mesh.faces)


def _box(points: FloatArray) -> tuple[FloatArray, float]:
    """Centre (3,) and longest side of the bounding box of (n, 3) points."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, (high - low).max()


def sample_with_normals(mesh: Triangles, count: int,
                        rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """(count, 3) points, uniform over the area, and their triangles' unit normals, (count, 3)."""
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces], 1, 0)
    normals = np.cross(b - a, c - a)
    area = np.linalg.norm(normals, axis=1)
    face = rng.choice(len(area), count, p=area / area.sum())
    u, v = rng.random((2, count, 1))
    root = np.sqrt(u)  # uniform in a triangle (Osada et al. 2002, equation 1)
    points = (1 - root) * a[face] + root * (1 - v) * b[face] + root * v * c[face]
    return points, normals[face] / area[face, None]


def distances(a: FloatArray, b: FloatArray) -> tuple[float, float]:
    """Chamfer distance and F-score of two point sets, (n, 3) and (m, 3)."""
    return _chamfer_and_f_score(*nearest_both_ways(a, b))


def _chamfer_and_f_score(there: Nearest, back: Nearest) -> tuple[float, float]:
    precision, recall = ((way.distances < F_THRESHOLD).mean() for way in (there, back))
    f_score = 2 * precision * recall / max(precision + recall, 1e-12)
    return float((there.distances.mean() + back.distances.mean()) / 2), float(f_score)


def mean_distances(a: FloatArray, b: FloatArray) -> tuple[float, float]:
    """Mean distance of the points of `a` from `b`, and of the points of `b` from `a`."""
    there, back = nearest_both_ways(a, b)
    return float(there.distances.mean()), float(back.distances.mean())


def similarity_icp(source: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The (3, 3) matrix and (3,) shift of the similarity transform from source to target, by
    iterated closest points.

    Each step is the closed form of Umeyama (1991) on `ICP_POINTS` points of the source.
    """
    tree = SearchTree(target)
    some = source[::max(1, len(source) // ICP_POINTS)]
    linear, shift = np.eye(3), np.zeros(3)
    for _ in range(ICP_STEPS):
        moved = some @ linear.T + shift
        turn, step = _similarity(moved, target[tree.nearest(moved).indices])
        linear, shift = turn @ linear, turn @ shift + step
    return linear, shift


def _similarity(source: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The similarity transform, (3, 3) and (3,), that best maps `source` to `target`, (k, 3)
    each."""
    from_centre, to_centre = source.mean(axis=0), target.mean(axis=0)
    centred = source - from_centre
    u, singular, vt = np.linalg.svd((target - to_centre).T @ centred)
    mirror = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    scale = (singular * mirror).sum() / (centred**2).sum()
    linear = scale * (u * mirror) @ vt
    return linear, to_centre - linear @ from_centre


def occupancy(mesh: Triangles, resolution: int = GRID) -> npt.NDArray[np.bool_]:
    """Which cell centres of [-0.5, 0.5]^3 the mesh encloses: (resolution,) * 3 bool, indexed x y z.

    The winding number along an axis is the sum of the signed surface crossings before a cell. It is
    wrong behind a hole in the surface, so the three axes decide by majority: scans have holes.
    """
    votes = np.zeros((resolution,) * 3, int)
    for shift in range(3):
        rolled = _winding_along_z(np.roll(mesh.vertices, -shift, axis=1), mesh.faces, resolution)
        votes += np.moveaxis(rolled, (0, 1, 2), [(axis + shift) % 3 for axis in range(3)]) > 0.5
    return votes >= 2


def parity_occupancy(mesh: Triangles, resolution: int = GRID) -> npt.NDArray[np.bool_]:
    """As `occupancy`, but decided by the parity of the crossings along x alone."""
    rolled = _winding_along_z(np.roll(mesh.vertices, -1, axis=1), mesh.faces, resolution,
                              signed=False)
    return np.moveaxis(rolled, (0, 1, 2), (1, 2, 0)).astype(int) % 2 == 1


def _winding_along_z(vertices: FloatArray, faces: IntArray, resolution: int,
                     signed: bool = True) -> FloatArray:
    """Winding numbers, (resolution,) * 3, from crossings along the third coordinate.

    `signed`: False counts all crossings as +1.
    """
    corners = vertices[faces]
    # Slightly off the grid, so that no edge of a regular mesh passes exactly through cell centres.
    # Parity needs each crossing once: centres must avoid diagonals of squares, too, by more than
    # the rasteriser's tolerance.
    offset = 1e-5 if signed else np.array([1e-3, 2.7e-3])
    pixels = (corners[..., :2] + 0.5) * resolution + offset
    a, b, c = np.moveaxis(corners[..., :2], 1, 0)
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    facing = np.sign(ux * vy - uy * vx)
    crossings = np.zeros((resolution * resolution, resolution + 1))
    for fragments in rasterise(pixels, resolution):
        height = fragments.interpolate(corners[..., 2:])[:, 0]
        cell = np.clip(np.ceil((height + 0.5) * resolution - 0.5), 0, resolution).astype(int)
        # A surface that faces down is entered, one that faces up is left.
        step = -facing[fragments.face] if signed else 1
        np.add.at(crossings, (fragments.pixel, cell), step)
    winding = np.cumsum(crossings, axis=1)[:, :resolution]
    return winding.reshape((resolution,) * 3).transpose(1, 0, 2)
