# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the GLB files that the engine writes: one textured mesh. Does not import bpy."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_MAGIC, _JSON, _BINARY = 0x46546C67, 0x4E4F534A, 0x004E4942
_PNG = b"\x89PNG\r\n\x1a\n"
_ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
"""Odd 64-bit multipliers of a hash of vertices. Two different vertices have the same hash with a
probability of about 10^-9 per mesh, which would leave a seam open."""
_VIEW_KEYS = {"buffer", "byteOffset", "byteLength", "target"}
_ACCESSOR_KEYS = {"bufferView", "byteOffset", "componentType", "count", "type", "min", "max",
                  "name"}


@dataclass(frozen=True)
class TexturedTriangles:
    """A mesh with one material that is a base colour texture."""

    vertices: np.ndarray
    """V x 3 float32, Z up; vertices that were doubled for the texture's seams are joined."""
    faces: np.ndarray
    """F x 3 int32, counter-clockwise seen from outside; no face has a vertex twice."""
    uv: np.ndarray
    """F x 3 x 2 float32, of each corner; v up."""
    texture: bytes
    """A PNG file."""
    roughness: float
    metallic: float


def read_glb(path: Path) -> TexturedTriangles | None:
    """The mesh in a file of the form that the engine writes; None for any other file."""
    try:
        document, binary = _chunks(path.read_bytes())
        return _textured_triangles(document, binary)
    except (OSError, ValueError, TypeError, LookupError, RecursionError, struct.error):
        return None


def _chunks(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """The document and the buffer of a binary glTF 2.0 file."""
    magic, version, _, json_size, json_type = struct.unpack_from("<5I", content)
    start = 20 + json_size
    binary_size, binary_type = struct.unpack_from("<2I", content, start)
    if (magic, version, json_type, binary_type) != (_MAGIC, 2, _JSON, _BINARY):
        raise ValueError("not a binary glTF 2.0 file")
    return json.loads(content[20:start]), memoryview(content)[start + 8:start + 8 + binary_size]


def _textured_triangles(document: dict[str, Any], binary: memoryview) -> TexturedTriangles | None:
    import numpy as np

    match document:
        case {"scene": 0, "scenes": [{"nodes": [0], **scene}], "nodes": [{"mesh": 0, **node}],
              "meshes": [{"primitives": [{"attributes": {"POSITION": int(position),
                                                         "NORMAL": int(normal),
                                                         "TEXCOORD_0": int(uv), **attributes},
                                          "indices": int(indices), "mode": 4, "material": 0,
                                          **primitive}], **mesh}],
              "materials": [{"pbrMetallicRoughness": {
                  "baseColorTexture": {"index": 0, **slot}, "roughnessFactor": roughness,
                  "metallicFactor": metallic, **factors}, "doubleSided": False, **material}],
              "textures": [{"source": 0, **sampler}],
              "images": [{"bufferView": int(image), "mimeType": "image/png", **texture_image}],
              "accessors": list(), "bufferViews": list(), "buffers": [_], "asset": _, **rest}:
            pass
        case _:
            return None
    unknown = {*scene, *node, *attributes, *primitive, *mesh, *slot, *factors, *material, *sampler,
               *texture_image, *rest} - {"name", "extras"}
    texture = bytes(_view(document, binary, image))
    if unknown or not texture.startswith(_PNG):
        return None
    faces = _array(document, binary, indices, (5125, "SCALAR")).reshape(-1, 3)
    points, normals = (_array(document, binary, accessor, (5126, "VEC3"))
                       for accessor in (position, normal))
    corners = _array(document, binary, uv, (5126, "VEC2")).take(faces, axis=0)
    vertices, place = _join(points, normals)
    joined = place.take(faces)
    a, b, c = joined.T
    whole = (a != b) & (b != c) & (c != a)  # others would crash Blender
    if not (whole.any() and np.isfinite(vertices).all()):
        return None
    x, y, z = vertices.T
    u, v = np.moveaxis(corners[whole], -1, 0)
    return TexturedTriangles(np.stack([x, -z, y], axis=1), joined[whole],
                             np.stack([u, 1 - v], axis=-1), texture, float(roughness),
                             float(metallic))


def _view(document: dict[str, Any], binary: memoryview, index: int) -> memoryview:
    """The bytes of a buffer view."""
    view = document["bufferViews"][index]
    start, size = view.get("byteOffset", 0), view["byteLength"]
    if view.keys() - _VIEW_KEYS or view["buffer"] or not 0 <= start <= start + size <= len(binary):
        raise ValueError("a buffer view of another kind")
    return binary[start:start + size]


def _array(document: dict[str, Any], binary: memoryview, index: int,
           kind: tuple[int, str]) -> np.ndarray:
    """An accessor's numbers, N x width; `kind` is its component and element type."""
    import numpy as np

    accessor = document["accessors"][index]
    if accessor.keys() - _ACCESSOR_KEYS or kind != (accessor["componentType"], accessor["type"]):
        raise ValueError("an accessor of another kind")
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}[kind[1]]
    view = _view(document, binary, accessor["bufferView"])[accessor.get("byteOffset", 0):]
    dtype = {5125: "<u4", 5126: "<f4"}[kind[0]]
    numbers = np.frombuffer(view[:4 * width * accessor["count"]], dtype)
    return numbers.reshape(accessor["count"], width)


def _join(positions: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct vertices (V x 3), and for each old vertex the index of its new one (N).

    Vertices are joined only if their normals are equal too, so that surfaces that touch stay apart.
    """
    import numpy as np

    bits = np.hstack([positions, normals]) + np.float32(0)  # -0 and 0 have different bits
    # Sorting by a hash takes a fifth of the time of sorting by all columns.
    order = np.argsort(bits.view(np.uint64) @ np.array(_ODD, np.uint64), kind="stable")
    ordered = bits[order]
    first = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))
    place = np.empty(len(order), np.int32)
    place[order] = np.cumsum(first) - 1
    return positions[order[first]], place
