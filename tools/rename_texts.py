# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries translations over to changed English texts.

    python tools/rename_texts.py RENAMES.json

RENAMES.json maps each old English text to the new one. The translation of the old text becomes the
translation of the new one, in every language; read whether it still fits. The test
tests/blender/test_translations.py names the missing and the leftover texts.
"""

from __future__ import annotations

import ast
import json
import sys
import textwrap
from pathlib import Path

LANGUAGES = Path(__file__).resolve().parents[1] / "ui" / "translations"
WIDTH = 100
"""Characters in a line of source code."""


def rename(file: Path, renames: dict[str, str]) -> set[str]:
    """Rename texts in one file of translations. Returns the old texts that were found."""
    source = file.read_text(encoding="utf-8")
    texts = read_texts(source)
    found = texts.keys() & renames.keys()
    if found:
        texts = {renames.get(english, english): text for english, text in texts.items()}
        head = source[:source.index("TEXTS = {")]
        file.write_text(head + format_texts(texts), encoding="utf-8")
    return found


def read_texts(source: str) -> dict[str, str]:
    """The dictionary TEXTS of a file of translations."""
    values = [node.value for node in ast.parse(source).body
              if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TEXTS"]
    return ast.literal_eval(values[0])


def format_texts(texts: dict[str, str]) -> str:
    """The dictionary as source code, in the order of the English texts."""
    lines = ["TEXTS = {"]
    for english, text in sorted(texts.items()):
        key, value = map(_quoted, (english, text))
        if len(f"    {key}: {value},") <= WIDTH:
            lines.append(f"    {key}: {value},")
        else:
            lines += [*_wrapped(key, 4, ":"), *_wrapped(value, 8, ",")]
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _wrapped(quoted: str, indent: int, end: str) -> list[str]:
    """A quoted text as adjacent literals that fit into the lines."""
    space = " " * indent
    if len(space + quoted + end) <= WIDTH:
        return [space + quoted + end]
    *parts, last = textwrap.wrap(quoted[1:-1], WIDTH - indent - 3, break_long_words=False,
                                 break_on_hyphens=False)
    return [*(f'{space}"{part} "' for part in parts), f'{space}"{last}"{end}']


def main(arguments: list[str]) -> int:
    """Rename in all languages. Returns the exit status: 1 if an old text was not found."""
    renames = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    files = [file for file in LANGUAGES.glob("*/*.py") if "TEXTS = {\n" in file.read_text("utf-8")]
    found = set().union(*(rename(file, renames) for file in files))
    for english in sorted(renames.keys() - found):
        print(f"not found: {english}", file=sys.stderr)
    return int(len(found) < len(renames))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
