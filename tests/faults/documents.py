# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies for almost valid documents and for arbitrary ones."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

SCALARS = (st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
           | st.sampled_from([10**400, -1, 2**63, 1e308, "", "..", "/etc/passwd", "a\0b",
                              "x" * 5000, "\ud800", "NaN"]))
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6)
"""Arbitrary JSON values, including values that often cause errors."""
DEEP = st.sampled_from([200, 900, 3000, 100_000]).map(lambda depth: "[" * depth + "]" * depth)
"""JSON text of deeply nested lists."""


@st.composite
def altered(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to three of its values, at any depth, replaced, dropped or added."""
    document = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 3))):
        parents = list(_containers(document))
        if not parents:
            break
        parent = draw(st.sampled_from(parents))
        keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        if not keys:
            continue
        key = draw(st.sampled_from(keys))
        match draw(st.sampled_from(["replace", "replace", "replace", "drop", "add"])):
            case "replace":
                parent[key] = draw(JUNK)
            case "drop":
                del parent[key]
            case "add" if isinstance(parent, dict):
                parent[draw(st.text(max_size=8))] = draw(JUNK)
    return document


def texts(document: Any) -> st.SearchStrategy[bytes]:
    """Bytes of a file that should contain the document."""
    whole = json.dumps(document).encode()
    return (altered(document).map(lambda value: json.dumps(value).encode())
            | st.integers(0, len(whole)).map(lambda end: whole[:end])
            | JUNK.map(lambda value: json.dumps(value).encode())
            | DEEP.map(str.encode) | st.binary(max_size=50))


def _containers(value: Any) -> Any:
    """All dicts and lists in a document."""
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)
