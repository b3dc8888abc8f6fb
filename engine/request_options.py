# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request's fields as options of the command line. Standard library only."""

from __future__ import annotations

from dataclasses import MISSING, Field
from typing import Any


def request_option(f: Field[Any]) -> dict[str, Any]:
    """What argparse has to know of a request's field. Limits are checked by the request."""
    default = f.default_factory() if f.default_factory is not MISSING else f.default
    help = f.metadata["help"].replace("%", "%%")
    if f.name == "out":
        return {"required": True, "metavar": "PATH", "help": help}
    if isinstance(default, bool):
        return {"action": "store_true", "help": help}
    if isinstance(default, list):
        return {"nargs": "+", "type": float, "default": default, "help": help,
                "metavar": f.name[0].upper()}
    if default not in ("", None):
        help += f" (default: {default})"
    options = {"type": type(default), "default": default, "help": help}
    if "choices" in f.metadata:
        return options | {"choices": f.metadata["choices"]}
    return options | {"metavar": f.name.rpartition("_")[2].upper()}
