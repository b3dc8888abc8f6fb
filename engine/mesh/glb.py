# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary glTF 2.0 of one textured mesh, written without a library: importing one takes a second."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .triangles import FloatArray, IntArray

MAGIC, VERSION = b"glTF", 2
JSON_CHUNK, BINARY_CHUNK = b"JSON", b"BIN\0"
"""Chunk types (glTF 2.0, section 4.4)."""
UNSIGNED_INT, FLOAT = 5125, 5126
"""Component types (section 3.6.2.2)."""
VERTICES, INDICES = 34962, 34963
"""Targets of buffer views (section 5.11.5)."""
LINEAR, LINEAR_MIPMAPS, CLAMP = 9729, 9987, 33071
"""Filters and wrapping of a sampler (section 5.26): textures are not repeated."""


@dataclass
class _Buffer:
    """The binary chunk with its views and accessors."""

    content: bytearray = field(default_factory=bytearray)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, content: bytes, target: int = 0) -> int:
        """Append bytes, aligned to four. Returns the index of their view."""
        self.content += bytes(-len(self.content) % 4)
        view = {"buffer": 0, "byteOffset": len(self.content), "byteLength": len(content)}
        self.views.append(view | {"target": target} if target else view)
        self.content += content
        return len(self.views) - 1

    def add_array(self, array: FloatArray | IntArray, kind: str) -> int:
        """Append a vertex attribute (K x C) or indices (K). Returns the index of the accessor."""
        is_float = array.dtype.kind == "f"
        values = array.astype("<f4" if is_float else "<u4")
        self.accessors.append({
            "bufferView": self.add(values.tobytes(), VERTICES if is_float else INDICES),
            "componentType": FLOAT if is_float else UNSIGNED_INT, "count": len(values),
            "type": kind, "min": np.atleast_1d(values.min(axis=0)).tolist(),
            "max": np.atleast_1d(values.max(axis=0)).tolist()})
        return len(self.accessors) - 1


def textured_glb(name: str, positions: FloatArray, normals: FloatArray, uv: FloatArray,
                 faces: IntArray, png: bytes) -> bytes:
    """One mesh with one rough, non-metallic material that shows a texture.

    `positions`, `normals` (unit): V x 3 in glTF's axes; `uv`: V x 2, v up; `faces`: F x 3; `png`:
    the file of the base colour texture. `name` is that of the node, the mesh and the material.
    """
    buffer = _Buffer()
    attributes = {"POSITION": buffer.add_array(positions, "VEC3"),
                  "NORMAL": buffer.add_array(normals, "VEC3"),
                  "TEXCOORD_0": buffer.add_array(uv * [1, -1] + [0, 1], "VEC2")}
    primitive = {"attributes": attributes, "material": 0,
                 "indices": buffer.add_array(faces.reshape(-1), "SCALAR")}
    image = {"bufferView": buffer.add(png), "mimeType": "image/png"}
    document = {
        "asset": {"version": "2.0", "generator": "Zero123 for Blender"},
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"name": name, "mesh": 0}],
        "meshes": [{"name": name, "primitives": [primitive]}],
        "materials": [{"name": name, "pbrMetallicRoughness": {
            "baseColorTexture": {"index": 0}, "metallicFactor": 0.0, "roughnessFactor": 1.0}}],
        "textures": [{"source": 0, "sampler": 0}], "images": [image],
        "samplers": [{"magFilter": LINEAR, "minFilter": LINEAR_MIPMAPS, "wrapS": CLAMP,
                      "wrapT": CLAMP}],
        "buffers": [{"byteLength": len(buffer.content)}], "bufferViews": buffer.views,
        "accessors": buffer.accessors}
    text = json.dumps(document, separators=(",", ":")).encode()
    chunks = _chunk(JSON_CHUNK, text, b" ") + _chunk(BINARY_CHUNK, bytes(buffer.content), b"\0")
    return MAGIC + struct.pack("<II", VERSION, 12 + len(chunks)) + chunks


def _chunk(kind: bytes, content: bytes, padding: bytes) -> bytes:
    content += padding * (-len(content) % 4)
    return struct.pack("<I", len(content)) + kind + content
