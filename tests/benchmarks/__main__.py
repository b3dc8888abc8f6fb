# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks: times relative to a reference in the same process, memory, and errors by steps.

`nox -s bench` prints the tables and writes `bench.json`; `nox -s bench -- --only unet memory` runs
parts. A share below 1 is faster than the reference.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from blender_side import blender_side  # noqa: E402
from fields import renderer  # noqa: E402
from memory import peaks  # noqa: E402
from networks import evaluations  # noqa: E402
from steps import errors  # noqa: E402
from timing import Row  # noqa: E402
from training_data import unpacking  # noqa: E402
from views import batching  # noqa: E402

PARTS = {"renderer": renderer, "views": batching, "unet": evaluations, "memory": peaks,
         "steps": errors, "unpack": unpacking, "blender": blender_side}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS])
    options = parser.parse_args()
    tables: dict[str, list[Row]] = {}
    for part in options.only:
        tables[part] = []
        for row in PARTS[part]():
            tables[part].append(row)
            # Printed at once, so that a stopped benchmark still shows its first tables.
            options.out.write_text(json.dumps(tables, indent=2), encoding="utf-8")
            print(part, *map(written, row.values()), sep=", ", file=sys.stderr, flush=True)
        show(part, tables[part])


def show(part: str, rows: list[Row]) -> None:
    """Print a table; the first column is words."""
    columns = list(rows[0])
    lines = [columns, *([written(row[column]) for column in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print(f"\n{part}")
    for first, *others in lines:
        print(first.ljust(widths[0]), *(cell.rjust(width) for cell, width
                                        in zip(others, widths[1:], strict=True)), sep="  ",
              flush=True)


def written(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
