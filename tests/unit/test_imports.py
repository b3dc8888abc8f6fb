# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point downwards: no circle, no upward import, and no library in a package that must not
import it.

All imports of the source are read, also those inside functions. Imports for type checkers alone are
left out, because they do not run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LAYERS = (
    ("engine.core", "engine.camera"),
    ("engine.setup",),
    ("engine.transport",),
    ("engine.imaging", "engine.mesh"),
    ("engine.fields", "engine.diffusion"),
    ("engine.models",),
    ("engine.shape",),
    ("engine.reconstruction",),
    ("engine.training",),
    ("engine.jobs",),
    ("engine.evaluation",),
    ("engine.remote",),
    ("engine.batch",),
    ("engine.cli",),
    ("engine.__main__",),
    ("operators.scene",),
    ("operators.session",),
    ("operators",),
    ("ui",),
)
"""From the lowest to the highest. A package may import those of its own line and of lines above it
in this table; the longest name that fits a module decides."""

KNOWN_UPWARD: set[tuple[str, str]] = set()
"""Upward imports that are still to be cut. This set may only shrink."""

KNOWN_CIRCLES: set[tuple[str, str]] = set()
"""Pairs of modules in a circle that is still to be cut. This set may only shrink."""

LIBRARIES = {
    "bpy": (("engine",), ("engine.training.rendering.in_blender",)),
    "torch": (("ui", "operators", "engine.core", "engine.transport", "engine.setup"),
              ("engine.core.device_memory",)),  # queries a GPU on which torch computes
}
"""Libraries with the packages that must not import them, and the modules that are exempt."""


@cache
def modules() -> dict[str, Path]:
    """The source files of the product by their dotted name; a package is its `__init__`."""
    paths = [path for name in ("engine", "operators", "ui") for path in (ROOT / name).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
            for path in sorted(paths)}


@cache
def imports(module: str) -> frozenset[str]:
    """Dotted names of all modules that a module imports, of the product and of libraries."""
    path = modules()[module]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return frozenset(name for node in _running_imports(tree) for name in _names(node, package))


def _running_imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from _running_imports(child)


def _names(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (_module(alias.name) for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        start = package.split(".")[:len(package.split(".")) - node.level + 1]
        base = ".".join([*start, *([base] if base else [])])
    for alias in node.names:
        yield _module(f"{base}.{alias.name}") if f"{base}.{alias.name}" in modules() else (
            _module(base))


def _module(name: str) -> str:
    """The product's module that a dotted name belongs to; a library's name as it is."""
    while name not in modules() and "." in name and name.partition(".")[0] in (
            "engine", "operators", "ui"):
        name = name.rpartition(".")[0]
    return name


def layer(module: str) -> int:
    """The line of `LAYERS` that a module belongs to."""
    fitting = [(len(name), line) for line, names in enumerate(LAYERS) for name in names
               if f"{module}.".startswith(f"{name}.")]
    return max(fitting)[1] if fitting else -1


def upward() -> set[tuple[str, str]]:
    """Pairs (importing module, imported module) that point upwards."""
    return {(module, name) for module in modules() for name in imports(module)
            if name in modules() and layer(module) < layer(name)}


def circles() -> set[tuple[str, str]]:
    """Pairs (importing module, imported module) that lie on a circle of imports."""
    below = {module: _reached(module) for module in modules()}
    return {(module, name) for module in modules() for name in imports(module)
            if name in modules() and name != module and module in below[name]}


def _reached(module: str) -> set[str]:
    found, waiting = set(), [module]
    while waiting:
        for name in imports(waiting.pop()):
            if name in modules() and name not in found:
                found.add(name)
                waiting.append(name)
    return found


def _lines(pairs: set[tuple[str, str]]) -> str:
    return "\n".join(f"{module} imports {name}" for module, name in sorted(pairs))


def test_no_import_points_upwards():
    new = upward() - KNOWN_UPWARD
    assert not new, _lines(new)


def test_imports_make_no_circle():
    new = circles() - KNOWN_CIRCLES
    assert not new, _lines(new)


def test_the_known_offenders_are_still_there():
    gone = (KNOWN_UPWARD - upward()) | (KNOWN_CIRCLES - circles())
    assert not gone, f"remove from the lists of known offenders:\n{_lines(gone)}"


def test_libraries_stay_where_they_belong():
    found = {(module, library) for library, (packages, allowed) in LIBRARIES.items()
             for module in modules() if module not in allowed
             and any(f"{module}.".startswith(f"{package}.") for package in packages)
             and any(name.partition(".")[0] == library for name in imports(module))}
    assert not found, _lines(found)


def test_every_module_has_a_layer():
    assert [name for name in modules() if layer(name) < 0 and name != "engine"] == []
