# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The views that come with a mesh: images of it, and the views to which it was fitted.

Images of the mesh agree with it and with each other, and have sharp outlines. Those of nano's
meshes are also closer to the truth than nano's own views (docs/reconstruction.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.reporting import Reporter
from ..core.requests import FITTED_VIEWS, MESH_VIEWS
from .sampling import save_input

if TYPE_CHECKING:
    from ..imaging import PreparedImage
    from ..imaging.view_set import ViewSet
    from ..mesh.textured import TexturedMesh

VIEW_SIZE = 512
"""Side of the images in pixels. The texture resolves at least as many, see `PHOTO_SIZE` of the job;
16 images take one CPU second."""
SOURCE = "source"
"""Key of `views.json` that says what its images show."""
MESH = "mesh"
"""Value of `SOURCE` for images of a mesh; the views of a model have no such key."""

Pose = tuple[float, float, float]
"""Azimuth and elevation in degrees, radius in scene units."""


def poses_of(views: ViewSet) -> list[Pose]:
    """The poses of views in their order; several samples of a pose count once."""
    columns = views.azimuth_deg.tolist(), views.elevation_deg.tolist(), views.radius.tolist()
    return list(dict.fromkeys(zip(*columns, strict=True)))


def render_views(mesh: TexturedMesh, poses: list[Pose], fov_deg: float, meta: dict[str, Any],
                 reporter: Reporter) -> ViewSet:
    """Images of a mesh, `VIEW_SIZE` pixels wide, in its own colours without light.

    `meta`: as in a `ViewSet`.
    """
    import numpy as np

    from ..imaging import premultiplied
    from ..imaging.view_set import ViewSet
    from ..mesh.rendering import of_mesh

    triangles = of_mesh(mesh)
    images = []
    for done, pose in enumerate(poses):
        reporter.progress("render views", done, len(poses))
        rgba = triangles.render(*pose, VIEW_SIZE, fov_deg=fov_deg)
        images.append(premultiplied(rgba / np.float32(255)))
    reporter.progress("render views", len(poses), len(poses))
    azimuth, elevation, radius = np.array(poses, float).T
    return ViewSet(images=np.stack(images), azimuth_deg=azimuth, elevation_deg=elevation,
                   radius=radius, sample=np.zeros(len(poses), int), fov_deg=fov_deg,
                   meta={**meta, SOURCE: MESH})


def save_views(folder: Path, shown: ViewSet, fitted: ViewSet | None,
               image: PreparedImage | None) -> None:
    """Write the images of a mesh and the views to which it was fitted, if there are any, each with
    the input image.
    """
    for name, views in ((MESH_VIEWS, shown), (FITTED_VIEWS, fitted)):
        if views is not None:
            views.save(folder / name)
            if image is not None:
                save_input(folder / name, image)


def fitted_beside(views_json: str) -> Path | None:
    """The file of the views to which a mesh was fitted, beside the file of the mesh's images; None
    for any other file."""
    file = Path(views_json)
    fitted = file.parent.parent / FITTED_VIEWS / file.name
    return fitted if file.parent.name == MESH_VIEWS and fitted.is_file() else None
