# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes `engine/setup/locks` and `wheels/requirements.txt`: every library in one exact
version, with the hashes of its files. uv resolves for all systems at once.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.setup.backends import LOCKS, Backend, TorchSource, torch_source  # noqa: E402

HEADER = """# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Written by `nox -s lock`.
"""
COMPILE = ("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
           "--generate-hashes", "--no-header", "--no-annotate")
OF_TORCH = re.compile(r"(torch|triton|nvidia-[\w-]+|cuda-[\w-]+)==")
"""Libraries that differ between the backends; all others are common."""
UV = "uv==0.13.9"
OTHERS = ((Backend.CPU, "linux"), (Backend.CUDA, "win32"), (Backend.ROCM, "linux"))
"""Builds of torch that the default index does not have."""


def main() -> None:
    """Write all files, and report missing hashes."""
    blocks = resolve((ROOT / "engine" / "requirements.txt").read_text(encoding="utf-8"))
    torch = [block for block in blocks if OF_TORCH.match(block)]
    write(LOCKS / "common.txt", [block for block in blocks if block not in torch])
    write(LOCKS / "torch.txt", torch)
    version = next(re.split(r"[\s;]", block)[0] for block in torch if block.startswith("torch=="))
    for backend, system in OTHERS:
        lock_build(version, torch_source(backend, system))
    write(ROOT / "wheels" / "requirements.txt", resolve(UV))


def resolve(requirements: str, *options: str) -> list[str]:
    """Requirements to blocks of text: one exact version, and its files' hashes, each."""
    text = subprocess.run([*COMPILE, *options, "-"], input=requirements, check=True,
                          capture_output=True, text=True).stdout
    return re.split(r"\n(?=\S)", text.strip())


def lock_build(requirement: str, source: TorchSource) -> None:
    """A build of torch from an index of its own, without hashes if that can't be reached."""
    build = f"{requirement}+{source.index.rsplit('/', 1)[1]}"
    try:
        write(LOCKS / source.lock, resolve(build, "--default-index", source.index))
    except subprocess.CalledProcessError as error:
        print(f"{source.lock} can't be looked up: {error.stderr.strip().splitlines()[0]}")
        path = LOCKS / source.lock
        if not (path.is_file() and f"\n{build} " in path.read_text(encoding="utf-8")):
            print(f"{source.lock} has no hashes")
            write(path, [build])


def write(path: Path, blocks: list[str]) -> None:
    """A file of requirements."""
    path.write_text(HEADER + "\n".join(blocks) + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(blocks)}")


if __name__ == "__main__":
    main()
