# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras: poses, intrinsics and orbits. This module defines all angle and axis conventions.

World: Z up, right-handed; the object's bounding box is centred at the origin and its longest side
is 1. A camera at azimuth a, elevation e and radius r is located at
r * (cos e cos a, cos e sin a, sin e)
and looks at the origin with Z up. The input camera has azimuth 0. Camera axes are Blender's and
OpenGL's: X right, Y up, looking along -Z.

Blender imports this module when it starts, so numpy is imported only when it is first used.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[np.floating]"
PoseEncoding = Literal["zero123", "stable"]

FOV_DEG = math.degrees(2 * math.atan(32 / 2 / 35))
"""Field of view of the training cameras: 35 mm lens on a 32 mm sensor, 49.13 degrees."""
DEFAULT_RADIUS = 1.85
"""Middle of the training distances 1.5 to 2.2."""


def camera_position(azimuth_deg: npt.ArrayLike, elevation_deg: npt.ArrayLike,
                    radius: npt.ArrayLike) -> Array:
    """Camera centres. Arguments broadcast to shape S; returns S x 3."""
    import numpy as np

    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    direction = np.stack(np.broadcast_arrays(
        np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth),
        np.sin(elevation)), axis=-1)
    return direction * np.asarray(radius, dtype=float)[..., None]


def camera_to_world(azimuth_deg: npt.ArrayLike, elevation_deg: npt.ArrayLike,
                    radius: npt.ArrayLike) -> Array:
    """Matrices of cameras that look at the origin. Arguments broadcast to S; returns S x 4 x 4.

    Directly above and below the origin, where Z cannot be up, "right" is the limit along the
    meridian.
    """
    import numpy as np

    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    azimuth, elevation = np.broadcast_arrays(azimuth, elevation)
    zero = np.zeros_like(azimuth)
    right = np.stack([-np.sin(azimuth), np.cos(azimuth), zero], axis=-1)
    up = np.stack([-np.sin(elevation) * np.cos(azimuth), -np.sin(elevation) * np.sin(azimuth),
                   np.cos(elevation)], axis=-1)
    position = camera_position(azimuth_deg, elevation_deg, radius)
    matrix = np.zeros((*position.shape[:-1], 4, 4))
    matrix[..., :3, 0] = right
    matrix[..., :3, 1] = up
    matrix[..., :3, 2] = np.cross(right, up)
    matrix[..., :3, 3] = position
    matrix[..., 3, 3] = 1.0
    return matrix


def spherical_from_position(position: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """(azimuth_deg in [0, 360), elevation_deg, radius) of camera centres of shape S x 3."""
    import numpy as np

    x, y, z = np.moveaxis(np.asarray(position, dtype=float), -1, 0)
    azimuth = np.degrees(np.arctan2(y, x)) % 360.0
    elevation = np.degrees(np.arctan2(z, np.hypot(x, y)))
    return azimuth, elevation, np.sqrt(x * x + y * y + z * z)


def focal_length_px(size: int, fov_deg: float = FOV_DEG) -> float:
    """Focal length in pixels of a square image of `size` pixels."""
    return size / 2 / math.tan(math.radians(fov_deg) / 2)


def relative_pose(azimuth_deg: npt.ArrayLike, elevation_deg: npt.ArrayLike,
                  radius: npt.ArrayLike, *, input_elevation_deg: npt.ArrayLike = 0.0,
                  input_radius: npt.ArrayLike = DEFAULT_RADIUS,
                  encoding: PoseEncoding = "zero123") -> Array:
    """The network's encoding of the target camera by four numbers: S x 4 float32.

    "zero123" (Zero-1-to-3, section 3.2; `get_T` of its data set): [polar delta in radians,
    sin azimuth, cos azimuth, radius delta], with polar delta = input elevation - elevation, so
    positive means that the camera moves down. `azimuth_deg` is relative to the input view,
    positive = the camera moves to its right. "stable" (Stable Zero123, as threestudio feeds it):
    the last number is the input camera's polar angle in radians instead, and the radius is unused.
    """
    import numpy as np

    azimuth, elevation, radius, input_elevation, input_radius = np.broadcast_arrays(
        np.asarray(azimuth_deg, float), np.asarray(elevation_deg, float), np.asarray(radius, float),
        np.asarray(input_elevation_deg, float), np.asarray(input_radius, float))
    last = radius - input_radius if encoding == "zero123" else np.radians(90.0 - input_elevation)
    return np.stack([np.radians(input_elevation - elevation), np.sin(np.radians(azimuth)),
                     np.cos(np.radians(azimuth)), last], axis=-1).astype(np.float32)


def relative_pose_from_extrinsics(target: npt.ArrayLike, condition: npt.ArrayLike) -> Array:
    """The "zero123" pose of world-to-camera matrices (S x 3 x 4), as the original computes it.

    Returns S x 4 float32; the camera centre is -R^T t.
    """
    import numpy as np

    centres = [-np.einsum("...ji,...j->...i", m[..., :3], m[..., 3])
               for m in (np.asarray(target, float), np.asarray(condition, float))]
    (azimuth, elevation, radius), (azimuth_in, elevation_in, radius_in) = map(
        spherical_from_position, centres)
    return relative_pose(azimuth - azimuth_in, elevation, radius,
                         input_elevation_deg=elevation_in, input_radius=radius_in)


def two_ring_orbit(count: int, low_deg: float = 0.0,
                   high_deg: float = 40.0) -> list[tuple[float, float]]:
    """(azimuth, elevation) of `count` cameras on two rings, staggered, for reconstruction.

    Two elevations distinguish shapes that look alike from one; each ring has half the cameras.
    """
    low = (count + 1) // 2
    high = count - low
    ring = [(360.0 * i / low, low_deg) for i in range(low)]
    return ring + [(360.0 * (i + 0.5) / high, high_deg) for i in range(high)]
