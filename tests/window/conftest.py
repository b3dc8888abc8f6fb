# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: a real Blender with a window on a virtual screen."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

SCREEN = "1280x800x24"
TIME_LIMIT_S = 3600
PROGRAMS = ("Xvfb", "xwd", "convert")
SCENARIO = Path(__file__).with_name("scenario.py")


@pytest.fixture(scope="session")
def blender() -> str:
    """The Blender program, which ZERO123_BLENDER names."""
    program = os.environ.get("ZERO123_BLENDER")
    if not program:
        pytest.skip("needs ZERO123_BLENDER, the path of a Blender program")
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (packages xvfb, x11-apps, imagemagick)")
    return program


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> Path:
    """ZERO123_WINDOW_MODEL, or a tiny model with random weights, which is quick."""
    given = os.environ.get("ZERO123_WINDOW_MODEL")
    if given:
        return Path(given).resolve()
    return request.getfixturevalue("tiny_model")


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """A virtual screen's DISPLAY."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as number:
        yield f":{number.readline().strip()}"
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ZERO123_WINDOW_PICTURE, or a small drawing on a transparent background."""
    given = os.environ.get("ZERO123_WINDOW_PICTURE")
    if given:
        return Path(given).resolve()
    image = Image.new("RGBA", (256, 256))
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 60, 216, 236), fill=(214, 110, 40, 255))
    draw.rectangle((118, 20, 138, 80), fill=(60, 120, 50, 255))
    path = tmp_path_factory.mktemp("picture") / "pumpkin.png"
    image.save(path)
    return path


@pytest.fixture(scope="session")
def photo(picture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image on a background, without transparency, as a camera takes it."""
    path = tmp_path_factory.mktemp("photo") / f"{picture.stem}.jpg"
    with Image.open(picture).convert("RGBA") as image:
        wall = Image.new("RGBA", image.size, (226, 222, 214, 255))
        Image.alpha_composite(wall, image).convert("RGB").save(path, quality=95)
    return path


@pytest.fixture(scope="session")
def bundle(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nearly empty wheels from which the engine is installed, in `wheels` and `locks`."""
    folder = tmp_path_factory.mktemp("bundle")
    script = project_root / "tests" / "helpers" / "empty_wheels.py"
    subprocess.run([sys.executable, script, folder / "wheels", folder / "locks"],
                   env={"PYTHONPATH": str(project_root)}, check=True)
    return folder


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for screenshots, which ZERO123_SCREENSHOTS names, or a temporary one."""
    folder = Path(os.environ.get("ZERO123_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Told:
    """The end of a Blender process."""

    status: int
    report: dict[str, object]
    log: str


Tell = Callable[[str, Path], Told]


@pytest.fixture(scope="session")
def tell(blender: str, archive: Path, model: Path, screen: str, picture: Path, photo: Path,
         bundle: Path, pictures: Path) -> Tell:
    """Returns a function that runs one of scenario.py's stories in a Blender with its own user
    folders.
    """
    task = {"blender": blender, "python": sys.executable, "archive": str(archive),
            "model": str(model), "bundle": str(bundle), "picture": str(picture),
            "photo": str(photo), "pictures": str(pictures),
            # Views of random weights give no mesh.
            "mesh_model": str(model) if os.environ.get("ZERO123_WINDOW_MODEL") else "nano"}
    # Wheels and indexes of this computer must not be used.
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("PIP_", "UV_"))}
    environment |= {"DISPLAY": screen, "PIP_CONFIG_FILE": os.devnull}

    def run(story: str, folder: Path) -> Told:
        user, report, log = folder / "user", folder / f"{story}.json", folder / f"{story}.log"
        user.mkdir(exist_ok=True)
        own = {"story": story, "results": str(folder / "results"), "report": str(report)}
        command = [blender, "--offline-mode", "--factory-startup", "--enable-event-simulate",
                   "--window-geometry", "0", "0", "1280", "800", "--python-exit-code", "9",
                   "--python", str(SCENARIO), "--", json.dumps({**task, **own})]
        with log.open("w") as output:
            status = subprocess.run(
                command, env={**environment, "BLENDER_USER_RESOURCES": str(user)},
                timeout=TIME_LIMIT_S, stdout=output, stderr=subprocess.STDOUT,
                check=False).returncode
        content = json.loads(report.read_text()) if report.is_file() else {}
        return Told(status, content, log.read_text()[-4000:])

    return run


def seen(told: Told) -> dict[str, object]:
    """The report of a Blender that has completed its story."""
    assert told.status == 0, told.log
    return told.report


@pytest.fixture(scope="session")
def report(tell: Tell, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The observations of the main story."""
    return seen(tell("whole", tmp_path_factory.mktemp("window")))


@pytest.fixture(scope="session")
def report_after_crash(tell: Tell, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The observations in the Blender after the one that was killed."""
    folder = tmp_path_factory.mktemp("crash")
    told = tell("crash", folder)
    assert told.status == -signal.SIGKILL, told.report.get("error") or told.log
    return seen(tell("after_crash", folder))


@pytest.fixture(scope="session")
def report_of_panels(tell: Tell, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The observations in a Blender in which every panel was opened."""
    return seen(tell("panels", tmp_path_factory.mktemp("panels")))


@pytest.fixture(scope="session")
def shows(pictures: Path) -> Callable[[str], bool]:
    """Whether a screenshot was taken and is not of one colour."""
    def check(name: str) -> bool:
        with Image.open(pictures / f"{name}.png") as image:
            colors = image.convert("RGB").getcolors(maxcolors=1 << 24)
        return colors is not None and len(colors) > 50
    return check
