# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation names existing operators, arguments and labels of the interface."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from interface_texts import of_classes, of_code

_ROW = re.compile(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", re.MULTILINE)
_LABEL = re.compile(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)")
BLENDERS_OWN = {"Allow Online Access", "Get Extensions", "Install from Disk...", "Save As"}
"""Labels of Blender itself that the user guide names."""


@pytest.fixture(scope="module")
def scripting(project_root):
    return (project_root / "docs" / "scripting.md").read_text(encoding="utf-8")


def _operators(extension, bpy) -> set[str]:
    return {cls.bl_idname.partition(".")[2] for cls in extension("operators").CLASSES
            if issubclass(cls, bpy.types.Operator)}


def test_scripting_lists_every_operator(bpy, extension, scripting):
    assert {name for name, _ in _ROW.findall(scripting)} == _operators(extension, bpy)


def test_scripting_names_existing_arguments(bpy, scripting):
    """In the tables, words in backquotes that are not operators are arguments."""
    for name, arguments in _ROW.findall(scripting):
        known = set(getattr(bpy.ops.zero123, name).get_rna_type().properties.keys())
        told = set(re.findall(r"`(\w+)`", arguments)) - {"views", "reconstruct",
                                                         "reconstruct_mesh"}
        assert told <= known, name


def test_scripting_code_uses_existing_arguments(bpy, scripting):
    for block in re.findall(r"```python\n(.*?)```", scripting, re.DOTALL):
        for call in ast.walk(ast.parse(block)):
            if isinstance(call, ast.Call) and "bpy.ops.zero123." in ast.unparse(call.func):
                operator = getattr(bpy.ops.zero123, ast.unparse(call.func).rpartition(".")[2])
                known = set(operator.get_rna_type().properties.keys())
                assert {keyword.arg for keyword in call.keywords} <= known


def test_user_guide_uses_the_labels(bpy, extension, project_root):
    root: Path = project_root
    files = [*root.glob("ui/**/*.py"), *root.glob("operators/**/*.py")]
    labels = of_classes(bpy, [*extension("ui").CLASSES, *extension("operators").CLASSES])
    labels |= {text for path in files for text in of_code(path)}
    labels |= {path.stem.replace("_", " ") for path in root.glob("ui/shipped/presets/*/*.py")}
    guide = (root / "docs" / "user-guide.md").read_text(encoding="utf-8")
    told = {label for label in _LABEL.findall(guide) if ">" not in label and "NAME" not in label}
    assert sorted(told - labels - BLENDERS_OWN) == []


@pytest.mark.needs_engine
def test_scripting_example_runs(bpy, scene, scripting, picture, tmp_path, monkeypatch, capsys):
    (tmp_path / "chair.png").write_bytes(picture.read_bytes())
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```python\n(.*?)```", scripting, re.DOTALL)
    assert example is not None
    exec(compile(example[1], "docs/scripting.md", "exec"), {})
    assert capsys.readouterr().out.count("Camera") == 5
    assert (tmp_path / "chair.blend").is_file()
