# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job inside Blender, as a user does it: install the extension and make results from an
image.

Writes `scene.blend`, `views/`, `mesh.glb` and `preview.png` into the output folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # the studio
SAMPLE, SAMPLE_ELEVATION_DEG = HERE / "bottle.png", 20.0


def main() -> int:
    options = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="zero123-demo-") as scratch:
        # Blender's settings and extensions are stored here, not in the user's folder.
        os.environ["BLENDER_USER_RESOURCES"] = scratch
        install_extension(options.extension.resolve())
        picture = str(options.image.resolve())
        out = options.out.resolve()
        out.mkdir(parents=True, exist_ok=True)
        job = Path(scratch) / "job"
        run("views", "generate_views", filepath=picture, orbit=8, out=str(job / "views"),
            **options.camera, seed=options.seed)
        run("mesh", "reconstruct_mesh", filepath=picture, out=str(job / "mesh"),
            **options.camera, seed=options.seed)
        shutil.copytree(job / "views", out / "views", dirs_exist_ok=True)
        shutil.copy(job / "mesh" / "mesh.glb", out / "mesh.glb")
        shutil.copy(job / "mesh" / "report.json", out / "report.json")
        save_scene(out)
        render_preview(options.image.resolve(), out)
    print(f"\nDone. Look at\n  {out / 'preview.png'}\n  {out / 'scene.blend'}\n"
          f"  {out / 'mesh.glb'}\n  {out / 'views'}", flush=True)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", nargs="?", type=Path, help="a photo; default: a bottle")
    parser.add_argument("--input-elevation", type=float,
                        help="degrees above the horizon from which it was taken; default: an "
                        "estimate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--extension", type=Path, required=True, help="the extension's zip")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.input_elevation is None and not options.image:
        options.input_elevation = SAMPLE_ELEVATION_DEG
    options.camera = ({} if options.input_elevation is None
                      else {"input_elevation": options.input_elevation})
    options.image = options.image or SAMPLE
    return options


def install_extension(archive: Path) -> None:
    """Install the extension like "Install from Disk" in the preferences."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.extensions.package_install_files(
        repo="user_default", filepath=str(archive), enable_on_install=True, overwrite=True)


def run(what: str, operator: str, **settings) -> None:
    """Call an operator, which without a window runs to its end, and print its duration."""
    import bpy

    started = time.monotonic()
    print(f"{what}: started", flush=True)
    getattr(bpy.ops.zero123, operator)(**settings)
    print(f"{what}: {time.monotonic() - started:.0f} s", flush=True)


def save_scene(out: Path) -> None:
    """Save the scene with the views as image empties, their cameras and the mesh."""
    import bpy

    bpy.ops.wm.save_as_mainfile(filepath=str(out / "scene.blend"), check_existing=False)


def render_preview(image: Path, out: Path) -> None:
    """`preview.png`: the input image, the mesh from four sides, and the views below."""
    from studio import render_rows, save_sheet, strip_of

    rows = render_rows([(image, out / "mesh.glb")])
    views = sorted((out / "views").glob("view_*.png"))
    save_sheet([*rows, strip_of(views, rows[0].width)], out / "preview.png")


if __name__ == "__main__":
    status = 1
    try:
        status = main()
    except RuntimeError as error:  # an operator's report, which contains the engine's message
        print(str(error).strip(), file=sys.stderr)
    # Blender as a module may crash when Python unloads it, after all work is done.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
