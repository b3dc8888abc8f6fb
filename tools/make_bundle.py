# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads the wheels that the engine's Python is made of, for this system and this version of
Python, into a folder to carry to a computer without a network: `make_bundle.py FOLDER [BACKEND]`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.setup.backends import AUTO, choose_backend, library_steps
from engine.setup.segmentation_model import wheel_options


def make_bundle(folder: Path, backend: str) -> None:
    """The wheels of the locked versions; pip compares their hashes."""
    folder.mkdir(parents=True, exist_ok=True)
    for options in (*library_steps(choose_backend(backend)), wheel_options()):
        subprocess.run([sys.executable, "-m", "pip", "download", "--only-binary", ":all:",
                        "--dest", str(folder), *options], check=True)


if __name__ == "__main__":
    make_bundle(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else AUTO)
