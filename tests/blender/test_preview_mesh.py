# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh of a running reconstruction for the 3D View; a window test checks the drawing."""

from __future__ import annotations

import numpy as np


def test_read_preview_shades_the_mesh(extension, tmp_path):
    """A tetrahedron: the corner that points to the light is brighter than one that points away."""
    vertices = np.array([[0, 0, 1], [1, -1, -0.5], [-1, -1, -0.5], [0, 1, -0.5]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
    path = tmp_path / "preview.npz"
    normals = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    np.savez(path, vertices=vertices, normals=normals, faces=faces,
             colours=np.full((4, 3), 200, np.uint8))
    shape = extension("operators.session.preview_mesh").read_preview(path)
    np.testing.assert_array_equal(shape.vertices, vertices)
    assert shape.colours.dtype == np.float32
    assert shape.colours[:, 3].min() == 1
    assert shape.colours[:, :3].max() <= 200 / 255 + 1e-6
    assert shape.colours[0, 0] > shape.colours[3, 0]


def test_read_preview_ignores_missing_and_damaged_files(extension, tmp_path):
    read_preview = extension("operators.session.preview_mesh").read_preview
    assert read_preview(tmp_path / "gone.npz") is None
    (tmp_path / "bad.npz").write_bytes(b"PK\3\4 cut off")
    assert read_preview(tmp_path / "bad.npz") is None


def test_job_keeps_its_newest_previews(extension):
    protocol, jobs = extension("engine.core.protocol"), extension("operators.session.jobs")
    request = extension("engine.core.requests").ReconstructRequest(image="a.png", out="b")
    job = jobs.Job("1", request, "a")
    for count in (1, 2):
        assert job.apply(protocol.Preview("1", "/tmp/preview.png"))
        assert (job.image.name, job.image_count) == ("preview.png", count)
    assert job.preview is None
    for count in (1, 2):
        assert job.apply(protocol.Preview("1", "/tmp/preview.npz"))
        assert job.preview_count == count
    assert job.preview is not None
    assert job.preview.name == "preview.npz"
