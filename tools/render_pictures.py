# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the documentation's pictures: `render_pictures.py PHOTOS [OUT]`.

PHOTOS is a folder of photographs; all of them are always shown, in the order of their names. OUT is
`docs/images` by default. Each photograph is reconstructed by `reconstruct --method direct` with its
default settings; the meshes are rendered by `studio.py`. Needs the engine's libraries and Blender
as a module.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from studio import Look, render_rows, save_sheet

ROOT = Path(__file__).resolve().parents[1]
ENDINGS = (".png", ".jpg", ".jpeg")
LOOK = Look(height=240, samples=24)


def main(photos: Path, out: Path) -> None:
    """Write `sheet.png`: one row for each photograph, with its mesh from four sides."""
    out.mkdir(parents=True, exist_ok=True)
    images = sorted(path for path in photos.iterdir() if path.suffix.lower() in ENDINGS)
    with tempfile.TemporaryDirectory() as scratch:
        pairs = [(image, reconstruct(image, Path(scratch) / image.stem)) for image in images]
        save_sheet(render_rows(pairs, LOOK), out / "sheet.png")


def reconstruct(image: Path, folder: Path) -> Path:
    """Reconstruct one photograph in a separate process. Returns its mesh."""
    subprocess.run([sys.executable, "-m", "engine", "reconstruct", str(image), "--out",
                    str(folder), "--method", "direct"], cwd=ROOT, check=True)
    return folder / "mesh.glb"


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve(),
         Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "docs" / "images")
    sys.stdout.flush()
    os._exit(0)  # Blender as a module may crash when Python unloads it
