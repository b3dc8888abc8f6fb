# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth continuation of values over a mesh, from the vertices where they are known."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from .triangles import FloatArray, Triangles

ATTACHMENT = 100.0
"""Weight of a known value relative to the difference to one neighbour: known values change by about
1 % at most."""
ITERATIONS = 500
"""Maximum number of conjugate gradient steps."""
TOLERANCE = 1e-5
"""Relative residual at which the iterations end. It is dominated by the attached vertices; at 1e-3
the values between them are still off by 0.1."""


def membrane_interpolation(mesh: Triangles, values: FloatArray, confidence: FloatArray,
                           reach: float = np.inf, vertical: float = 1.0) -> FloatArray:
    """Values (V x C) at all vertices: the given ones where they are certain, smooth in between.

    Minimises the squared differences between neighbours, to the given values (V x C) weighted by
    their `confidence` (V, in [0, 1]), and to zero: away from the known vertices the values fall to
    1 / e within `reach` (world units; infinite: not at all). `vertical`: weight of differences
    along Z against horizontal ones; below 1, values continue along horizontal lines. This is the
    membrane interpolation of seamless image cloning (Pérez, Gangnet and Blake 2003, section 2),
    screened by `reach`. Connected parts without any certain value get the confident mean, or zero
    if `reach` is finite.
    """
    laplacian, spacing = _laplacian(mesh, vertical)
    pull = ATTACHMENT * confidence
    screen = (spacing / reach) ** 2
    total = confidence.sum()
    mean = np.zeros(values.shape[1])
    if not np.isfinite(reach) and total > 0:
        mean = (confidence[:, None] * values).sum(0) / total
    # A weak pull towards the mean, which decides where nothing is known.
    weight = pull + screen + 1e-6
    matrix = (laplacian + sparse.diags(weight)).tocsr()
    precondition = sparse.diags(1 / matrix.diagonal())
    right = pull[:, None] * (values - mean)
    columns = [linalg.cg(matrix, column, rtol=TOLERANCE, maxiter=ITERATIONS, M=precondition)[0]
               for column in right.T]
    return mean + np.stack(columns, axis=1)


def _laplacian(mesh: Triangles, vertical: float) -> tuple[sparse.csr_matrix, float]:
    """The graph Laplacian of a mesh's edges (V x V), and the mean length of an edge.

    `vertical`: weight of a vertical edge; that of a horizontal one is 1.
    """
    edges = np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=-1).reshape(-1, 2)
    count = len(mesh.vertices)
    one, other = edges.T
    along = mesh.vertices[one] - mesh.vertices[other]
    lengths = np.maximum(np.linalg.norm(along, axis=1), 1e-12)
    weights = 1 + (vertical - 1) * (along[:, 2] / lengths) ** 2
    adjacency = sparse.coo_matrix((weights, (one, other)), shape=(count, count)).tocsr()
    adjacency = adjacency.maximum(adjacency.T)
    degree = np.asarray(adjacency.sum(axis=1))[:, 0]
    return (sparse.diags(degree) - adjacency).tocsr(), float(lengths.mean()) if len(edges) else 1.0
