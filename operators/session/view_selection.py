# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The views of one result, to choose those that are good enough for a mesh. No bpy reference.

A view is a pose with one or more samples: those that the job made and those made again since. What
was chosen is kept beside the result, which itself stays as it is.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import bpy

from ...engine.camera import DEFAULT_RADIUS
from ...engine.core import staging as outputs
from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.requests import Request, load_request
from ..scene.views import angles_text, pose_of, read_views
from . import preferences as addon
from .thumbnails import thumbnails

PICKS_FILE = "picks.json"
SCHEMA = "zero123.picks/1"
_META = ("model", "steps", "guidance", "sampler")


@dataclass(frozen=True)
class Sample:
    """One picture of a pose."""

    file: str
    seed: int
    sample: int
    """Which of its job's samples, from 0: with the same seed and number it comes out the same."""

    @property
    def key(self) -> str:
        """Of its thumbnail."""
        return f"view {self.file}"


@dataclass
class PickedView:
    """A pose and what there is to choose from."""

    facts: dict[str, Any]
    """Its entry of views.json, of the first sample."""
    samples: list[Sample]
    chosen: int = 0
    use: bool = True
    made: int = 0
    """How many of the samples are the result's own."""

    @property
    def sample(self) -> Sample:
        """The chosen one."""
        return self.samples[self.chosen]

    @property
    def pose(self) -> tuple[float, float, float]:
        """Azimuth and elevation in degrees, radius."""
        return pose_of(self.facts)

    @property
    def label(self) -> str:
        """As a person reads it: "90°, 20°"."""
        return angles_text(*self.pose[:2])


@dataclass
class Picks:
    """What the panel shows; of the result that was chosen last."""

    path: Path | None = None
    """The result's views.json."""
    document: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    """Name of the picture, as a person knows it."""
    request: Request | None = None
    views: list[PickedView] = field(default_factory=list)
    open: int = -1
    """The view whose samples are shown; -1 for none."""

    def load(self, path: Path, title: str = "") -> None:
        """Take the views of a views.json, with what was chosen of them before.

        Raises:
            EngineError: `BAD_INPUT` if it can't be read; what was loaded stays.
        """
        views, document = read_picked_views(path)
        self.clear()
        self.path, self.document, self.views = path, document, views
        named = addon.read_folder_name(path.parent)
        self.title = title or (named.title if named else
                               Path(str(document.get("image", ""))).stem or path.parent.name)
        self.request = load_request(path.parent) or load_request(path.parent.parent)
        self._show(sample for view in self.views for sample in view.samples)

    def clear(self) -> None:
        """Forget the result."""
        for view in self.views:
            for sample in view.samples:
                thumbnails.drop(sample.key)
        self.path, self.title, self.document, self.request = None, "", {}, None
        self.views, self.open = [], -1

    def find(self, pose: tuple[float, float, float]) -> int:
        """Which view has this pose; -1 if none has."""
        return next((i for i, view in enumerate(self.views) if view.pose == pose), -1)

    def add(self, index: int, path: Path) -> None:
        """Take the samples of a views.json as further ones of a view, and choose the first.

        Raises:
            EngineError: `BAD_INPUT` if it can't be read.
        """
        found, document = read_views(path)
        view, seed = self.views[index], _whole(document.get("seed"))
        new = [Sample(str(item.file), seed, _whole(item.facts.get("sample"))) for item in found]
        view.chosen = len(view.samples)
        view.samples += new
        self._show(new)
        self.keep()

    def keep(self) -> None:
        """Write what is chosen beside the result; where that can't be, it lasts for the session."""
        if self.path is None:
            return
        views = [{"use": view.use, "chosen": view.chosen,
                  "added": [asdict(sample) for sample in view.samples[view.made:]]}
                 for view in self.views]
        file = self.path.with_name(PICKS_FILE)
        partial = file.with_name(file.name + ".part")
        with suppress(OSError):
            partial.write_text(json.dumps({"schema": SCHEMA, "views": views}), encoding="utf-8")
            os.replace(partial, file)

    def write(self, folder: Path) -> Path:
        """The chosen pictures with their views.json in a folder of their own.

        Raises:
            EngineError: `BAD_INPUT` if none is chosen, `DISK` if the folder can't be written.
        """
        used = [view for view in self.views if view.use]
        if not used:
            raise EngineError(ErrorCode.BAD_INPUT, "no view is chosen", "tick at least one")
        entries = []
        try:
            with outputs.staged_folder(folder, replaces=("view_[0-9][0-9][0-9].png",)) as stage:
                for number, view in enumerate(used):
                    name = f"view_{number:03d}.png"
                    shutil.copyfile(view.sample.file, stage / name)
                    entries.append({**view.facts, "file": name, "sample": view.sample.sample,
                                    "seed": view.sample.seed})
                document = {**self.document, "views": entries}
                (stage / "views.json").write_text(json.dumps(document, indent=1),
                                                  encoding="utf-8")
        except OSError as error:
            raise EngineError(ErrorCode.DISK, f"can't write the chosen views: {error}",
                              outputs.HINT) from error
        return folder / "views.json"

    def settings(self) -> dict[str, Any]:
        """The request's fields that all views of the result were made with."""
        source = self.document.get("input") or {}
        values = {name: self.document[name] for name in _META if self.document.get(name)}
        values["input_elevation"] = float(source.get("elevation_deg", 0.0))
        values["input_radius"] = float(source.get("radius", DEFAULT_RADIUS))
        if self.request is not None:
            made = self.request.to_dict()
            values.update({name: made[name] for name in (*_META, "framing", "eta")
                           if name in made})
        return values

    def picture(self) -> str:
        """The picture that the views were made from; the one that the network saw, if that is gone.

        Raises:
            EngineError: `BAD_INPUT` if there is neither.
        """
        assert self.path is not None
        for file in (str(self.document.get("image", "")), str(self.path.with_name("input.png"))):
            if file and Path(file).is_file():
                return file
        raise EngineError(
            ErrorCode.BAD_INPUT, "the picture that these views were made from is gone",
            "generate the views again")

    def _show(self, samples: Any) -> None:
        if not bpy.app.background:
            for sample in samples:
                thumbnails.show(sample.key, Path(sample.file))


def read_picked_views(path: Path) -> tuple[list[PickedView], dict[str, Any]]:
    """The views of a views.json with what was chosen of them, and the whole document.

    Raises:
        EngineError: `BAD_INPUT` if it can't be read.
    """
    found, document = read_views(path)
    views: dict[tuple[float, float, float], PickedView] = {}
    for view in found:
        known = views.setdefault(pose_of(view.facts), PickedView(view.facts, []))
        seed = _whole(view.facts.get("seed", document.get("seed")))
        known.samples.append(Sample(str(view.file), seed, _whole(view.facts.get("sample"))))
        known.made += 1
    _restore(list(views.values()), path.with_name(PICKS_FILE))
    return list(views.values()), document


def _restore(views: list[PickedView], file: Path) -> None:
    """Choose what was chosen before; what doesn't fit the result or is gone is left out."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA or len(document["views"]) != len(views):
            return
        for view, kept in zip(views, document["views"], strict=True):
            added = [Sample(str(sample["file"]), int(sample["seed"]), int(sample["sample"]))
                     for sample in kept["added"]]
            view.samples += [sample for sample in added if Path(sample.file).is_file()]
            view.use = bool(kept["use"])
            view.chosen = min(max(int(kept["chosen"]), 0), len(view.samples) - 1)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return


def _whole(value: object) -> int:
    """A number out of a file; 0 for anything else."""
    return value if isinstance(value, int) else 0


picks = Picks()
"""The ones of this Blender."""
