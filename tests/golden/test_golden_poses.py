# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relative poses have the original's signs and units."""

import pytest

from engine.camera import relative_pose, relative_pose_from_extrinsics

pytestmark = pytest.mark.golden


def test_zero123_pose(golden_inputs, meets):
    polar, azimuth, radius = golden_inputs["poses_deg"].T
    pose = relative_pose(azimuth, -polar, radius, input_elevation_deg=0.0, input_radius=0.0)
    meets(pose[:, None], "T_zero123")


def test_stable_zero123_pose(golden_inputs, meets):
    polar, azimuth, radius = golden_inputs["poses_deg"].T
    elevation = golden_inputs["cond_elevation_deg"][:, None]
    pose = relative_pose(azimuth, elevation - polar, radius, input_elevation_deg=elevation,
                         encoding="stable")
    meets(pose[:, :, None], "T_stable")


def test_pose_from_camera_matrices(golden_inputs, meets):
    pose = relative_pose_from_extrinsics(golden_inputs["getT_target_RT"],
                                         golden_inputs["getT_cond_RT"])
    meets(pose, "getT")
