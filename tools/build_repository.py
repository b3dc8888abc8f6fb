# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds a static repository of extensions for a web server, to which Blender can subscribe:
`build_repository.py EXTENSION.zip FOLDER`. Every package in it contains uv for its platform.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

from build_extension import MANIFEST, ROOT, rewrite, run_tool

WHEELS = ROOT / "wheels"
PLATFORMS = {
    "linux-x64": "manylinux_2_17_x86_64",
    "macos-arm64": "macosx_11_0_arm64",
    "macos-x64": "macosx_10_12_x86_64",
    "windows-x64": "win_amd64",
}
"""Platforms: Blender's names and those of wheels."""
MAX_BYTES = 100_000_000
"""Largest package, so that nothing is packed by mistake: the weights take 60 MB and uv 18 MB."""
PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Zero123 for Blender</title>
<h1>Zero123 for Blender</h1>
<p>In Blender: Preferences, Get Extensions, Repositories, Add Remote Repository, and the address of
<a href="index.json">index.json</a>. Or drag the package for your system into Blender.</p>
${body}
</html>
"""


def build_repository(extension: Path, folder: Path, uv: Mapping[str, Path]) -> list[Path]:
    """Packages out of the extension's zip, and their index, in `folder`.

    `uv`: a wheel of it for every platform.

    Raises:
        RuntimeError: If a package is too large, or Blender's tool does not accept it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.zip"):
        old.unlink()
    with ZipFile(extension) as archive:
        manifest = archive.read(MANIFEST).decode()
    packages = []
    for platform, wheel in uv.items():
        package = folder / f"{extension.stem}-{platform}.zip"
        own = manifest.replace("\n[permissions]", f'platforms = ["{platform}"]\n\n[permissions]', 1)
        rewrite(extension, package,
                {MANIFEST: own.encode(), f"wheels/{wheel.name}": wheel.read_bytes()})
        run_tool("validate", str(package))
        if package.stat().st_size > MAX_BYTES:
            raise RuntimeError(f"{package} has {package.stat().st_size / 1e6:.1f} MB")
        packages.append(package)
    _write_index(folder)
    return packages


def fetch_uv(tag: str) -> Path:
    """The pinned wheel of uv for a platform, downloaded unless it is there, verified by pip."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
         "--require-hashes", "-r", str(WHEELS / "requirements.txt"),
         "--platform", tag, "--dest", str(WHEELS)], check=True)
    return max(WHEELS.glob(f"uv-*-py3-none-{tag}*.whl"), key=lambda path: path.stat().st_mtime)


def _write_index(folder: Path) -> None:
    """Blender's index, in an order that doesn't depend on the disk, and a page without a date."""
    with tempfile.TemporaryDirectory() as temporary:
        template = Path(temporary) / "page.html"
        template.write_text(PAGE, encoding="utf-8")
        run_tool("server-generate", "--repo-dir", str(folder), "--html",
                 "--html-template", str(template))
    path = folder / "index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    index["data"].sort(key=lambda entry: entry["archive_url"])
    path.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    wheels = {platform: fetch_uv(tag) for platform, tag in PLATFORMS.items()}
    for path in build_repository(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), wheels):
        print(f"{path.stat().st_size / 1e6:6.1f} MB  {path}")
