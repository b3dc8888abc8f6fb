# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds every text of the interface: in the registered classes, and in the code that draws."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

TEXT_KEYWORDS = ("text", "heading")
TRANSLATORS = ("iface_", "tip_", "rpt_")
"""Names by which the code calls Blender's translation of a text."""


def of_classes(bpy: ModuleType, classes: list[Any]) -> set[str]:
    """Labels, tooltips, and the names, tooltips and choices of properties."""
    found = set()
    for cls in classes:
        rna = _rna(bpy, cls)
        # Blender renames a menu of presets after the one that was chosen last.
        if not (issubclass(cls, bpy.types.Menu) and hasattr(cls, "preset_subdir")):
            found.add(getattr(cls, "bl_label", ""))
        found.add(getattr(cls, "bl_description", ""))
        if issubclass(cls, bpy.types.Operator):
            found.add(rna.description)
        for name in _annotations(cls):
            prop = rna.properties.get(name)
            if prop is None or prop.is_hidden:
                continue
            found |= {prop.name, prop.description}
            if prop.type == 'ENUM':
                for item in prop.enum_items:
                    found |= {item.name, item.description}
    return found - {""}


def _rna(bpy: ModuleType, cls: Any) -> Any:
    """Blender's description of a class; that of an operator's properties comes from its caller."""
    if not issubclass(cls, bpy.types.Operator):
        return cls.bl_rna
    module, _, name = cls.bl_idname.partition(".")
    return getattr(getattr(bpy.ops, module), name).get_rna_type()


def _annotations(cls: Any) -> set[str]:
    """Annotations of the project's own base classes; texts of Blender's classes are already
    translated.
    """
    return {name for base in cls.__mro__ if "zero123" in base.__module__
            for name in inspect.get_annotations(base)}


def of_code(path: Path) -> set[str]:
    """Literal texts that a file gives to a layout or to a translator."""
    return {text for call in _calls(path) for text in _texts(call)}


def reasons(path: Path) -> set[str]:
    """Reasons why a file's buttons may be greyed out: arguments of `unless`, or results of
    `why_...`.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = [node.value for function in ast.walk(tree) if isinstance(function, ast.FunctionDef)
            and function.name.startswith("why_") for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None]
    given = [call.args[1] for call in _calls(path)
             if isinstance(call.func, ast.Name) and call.func.id == "unless"]
    return {node.value for value in said + given for node in ast.walk(value)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and " " in node.value}


def errors(path: Path) -> set[str]:
    """Constant sentences and hints of a file's errors. Those that name a verb or option of the
    command line in backquotes do not occur in Blender.
    """
    values = [value for call in _calls(path)
              if isinstance(call.func, ast.Name) and call.func.id == "EngineError"
              for value in call.args[1:3]]
    values += [node.value for node in ast.parse(path.read_text(encoding="utf-8")).body
               if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HINT"]
    return {value.value for value in values
            if isinstance(value, ast.Constant) and value.value and "`" not in value.value}


def untold(path: Path) -> list[str]:
    """Places where a file shows a text to the user without a translator."""
    return [f"{path.name}:{call.lineno}" for call in _calls(path)
            if isinstance(call.func, ast.Attribute)
            and ((call.func.attr == "poll_message_set" and not _is_translated(call.args[0]))
                 or (call.func.attr == "report" and len(call.args) == 2
                     and isinstance(call.args[1], ast.Constant)))]


def _is_translated(value: ast.expr) -> bool:
    return (isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
            and value.func.id in TRANSLATORS)


def stages(path: Path) -> set[str]:
    """Names of the stages that a file of the engine reports, as the panel shows them."""
    return {call.args[0].value.capitalize() for call in _calls(path)
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("progress", "stage")
            and call.args
            and isinstance(call.args[0], ast.Constant)}


def untranslatable(path: Path) -> list[str]:
    """Places where a file draws a composed text, which no dictionary can contain. Such a text must
    be translated piece by piece and drawn with `translate=False`.
    """
    return [f"{path.name}:{call.lineno}" for call in _calls(path)
            if isinstance(call.func, ast.Attribute) and not _is_given(call, "translate")
            for keyword in call.keywords if keyword.arg in TEXT_KEYWORDS
            and _drawn(call) and not isinstance(keyword.value, ast.Constant)]


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _drawn(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in (
        "label", "operator", "prop", "progress", "menu", "popover", "operator_menu_enum",
        "column", "row", "template_ID", "prop_search")


def _texts(call: ast.Call) -> Iterator[str]:
    values: list[ast.expr] = []
    if isinstance(call.func, ast.Name) and call.func.id in TRANSLATORS:
        values = call.args
    elif _drawn(call):
        values = [keyword.value for keyword in call.keywords if keyword.arg in TEXT_KEYWORDS]
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
            yield value.value


def _is_given(call: ast.Call, name: str) -> bool:
    return any(keyword.arg == name for keyword in call.keywords)
