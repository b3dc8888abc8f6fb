# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command line in the documentation is one that the program understands."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from engine.cli.main import COMMON, _parser

ROOT = Path(__file__).resolve().parents[3]
START = "python -m engine "
COMMANDS = sorted({line.strip().removeprefix(START)
                   for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
                   for line in path.read_text(encoding="utf-8").splitlines()
                   if line.strip().startswith(START)})


@pytest.mark.parametrize("command", COMMANDS)
def test_documented_command_is_accepted(command: str):
    words = [word for word in shlex.split(command, comments=True) if word not in COMMON]
    _parser(words[0]).parse_args(words)


def test_documentation_contains_commands():
    assert len(COMMANDS) > 20
