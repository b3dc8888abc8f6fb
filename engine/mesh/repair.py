# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs a closed surface where it touches itself, so that its edges join two faces each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .triangles import FloatArray, IntArray, Triangles

GAP = 0.1
"""Distance by which parts move apart, as a share of that from the edge's middle into a face."""


def crowded_edges(mesh: Triangles) -> IntArray:
    """The edges that join more than two faces: E x 2 indices of vertices."""
    edges = np.sort(np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], -1).reshape(-1, 2), 1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    return unique[count > 2]


def without_flaps(mesh: Triangles) -> Triangles:
    """The mesh without pairs of opposite faces on the same three vertices.

    Such pairs enclose no volume and cause most crowded edges. Unused vertices are removed, too.
    """
    _, group, count = np.unique(np.sort(mesh.faces, axis=1), axis=0, return_inverse=True,
                                return_counts=True)
    if (count == 1).all():
        return mesh
    faces = mesh.faces[count[group.reshape(-1)] == 1]
    used, renumbered = np.unique(faces, return_inverse=True)
    return replace(mesh, vertices=mesh.vertices[used], faces=renumbered.reshape(-1, 3))


def unpinched(mesh: Triangles) -> Triangles:
    """The mesh with every crowded edge divided, so that each piece has its own middle.

    Edge collapses can fold a surface onto itself: four faces then share an edge and the mesh counts
    as open. The faces around such an edge are paired as they bound the same side of the surface;
    each pair gets a middle vertex of its own, moved a little into the pair, which costs one more
    triangle per face.
    """
    mesh = without_flaps(mesh)
    faces = mesh.faces
    vertices = list(mesh.vertices)
    for a, b in crowded_edges(mesh):
        around = np.nonzero((faces == a).any(axis=1) & (faces == b).any(axis=1))[0]
        pairs = _pairs(mesh.vertices[[a, b]], *_fan(faces[around], a, b, np.array(vertices)))
        added = []
        for pair in around[pairs]:
            apexes = faces[pair][~np.isin(faces[pair], (a, b))]
            middle = (vertices[a] + vertices[b]) / 2
            towards = np.mean([vertices[i] for i in apexes], axis=0)
            vertices.append(middle + GAP * (towards - middle))
            new = len(vertices) - 1
            added.append(np.where(faces[pair] == a, new, faces[pair]))
            added.append(np.where(faces[pair] == b, new, faces[pair]))
        faces = np.concatenate([np.delete(faces, around[pairs].reshape(-1), axis=0), *added])
    return replace(mesh, vertices=np.array(vertices), faces=faces)


def _fan(faces: IntArray, a: int, b: int, vertices: FloatArray) -> tuple[FloatArray, IntArray]:
    """(K x 3 third vertices, K directions: 1 if a face runs from a to b, -1 if back)."""
    after = np.roll(faces, -1, axis=1)
    forward = ((faces == a) & (after == b)).any(axis=1)
    third = faces[~np.isin(faces, (a, b))]
    return vertices[third], np.where(forward, 1, -1)


def _pairs(edge: FloatArray, thirds: FloatArray, direction: IntArray) -> IntArray:
    """P x 2 indices of faces that are neighbours around the edge and run along it opposite ways."""
    axis = edge[1] - edge[0]
    axis = axis / max(np.linalg.norm(axis), 1e-12)
    arms = thirds - edge[0]
    arms = arms - np.outer(arms @ axis, axis)
    side = np.cross(axis, arms[0])
    open_: list[int] = []
    pairs = []
    for face in np.argsort(np.arctan2(arms @ side, arms @ arms[0]), kind="stable"):
        if open_ and direction[open_[-1]] != direction[face]:
            pairs.append((open_.pop(), face))
        else:
            open_.append(int(face))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
