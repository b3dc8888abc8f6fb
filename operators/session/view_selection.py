# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The views of one result, from which the user selects those for a mesh. No bpy references.

A view is a pose with one or more samples: those of the job and those generated since. The selection
is saved beside the result; the result itself is not changed.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import bpy

from ...engine.camera import DEFAULT_RADIUS
from ...engine.core import staging
from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.files import UNREADABLE_JSON
from ...engine.core.requests import Request, load_request
from ..scene.folder_names import read_folder_name
from ..scene.views import angles_text, pose_of, read_views
from .thumbnails import Thumbnails

SELECTION_FILE = "picks.json"
SCHEMA = "zero123.picks/1"
_META = ("model", "steps", "guidance", "sampler")


@dataclass(frozen=True)
class ViewSample:
    """One image of a pose."""

    file: str
    seed: int
    sample: int
    """Number among its job's samples, from 0; seed and number determine the image."""

    @property
    def key(self) -> str:
        """The key of its thumbnail."""
        return f"view {self.file}"


@dataclass
class SelectableView:
    """A pose with its samples, and the user's choice."""

    facts: dict[str, Any]
    """The first sample's entry in views.json."""
    samples: list[ViewSample]
    chosen: int = 0
    use: bool = True
    made: int = 0
    """Number of samples that belong to the result itself; the others were generated later."""

    @property
    def sample(self) -> ViewSample:
        """The chosen sample."""
        return self.samples[self.chosen]

    @property
    def pose(self) -> tuple[float, float, float]:
        """Azimuth and elevation in degrees, radius."""
        return pose_of(self.facts)

    @property
    def label(self) -> str:
        """Azimuth and elevation as text: "90°, 20°"."""
        return angles_text(*self.pose[:2])


@dataclass
class ViewSelection:
    """The views in the panel: those of the result that was chosen last."""

    thumbnails: Thumbnails
    path: Path | None = None
    """The result's views.json."""
    document: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    """Name of the image, as the user knows it."""
    request: Request | None = None
    views: list[SelectableView] = field(default_factory=list)
    open: int = -1
    """The view whose samples are shown; -1 for none."""

    def load(self, path: Path, title: str = "") -> None:
        """Load the views of a views.json and the selection that was saved beside it.

        Raises:
            EngineError: `BAD_INPUT` if it cannot be read; the views loaded before stay.
        """
        views, document = read_selectable_views(path)
        self.clear()
        self.path, self.document, self.views = path, document, views
        named = read_folder_name(path.parent)
        self.title = title or (named.title if named else
                               Path(str(document.get("image", ""))).stem or path.parent.name)
        self.request = load_request(path.parent) or load_request(path.parent.parent)
        self._show(sample for view in self.views for sample in view.samples)

    def clear(self) -> None:
        """Unload the views."""
        for view in self.views:
            for sample in view.samples:
                self.thumbnails.drop(sample.key)
        self.path, self.title, self.document, self.request = None, "", {}, None
        self.views, self.open = [], -1

    def find(self, pose: tuple[float, float, float]) -> int:
        """Index of the view with this pose; -1 if there is none."""
        return next((i for i, view in enumerate(self.views) if view.pose == pose), -1)

    def add(self, index: int, path: Path) -> None:
        """Add the samples of a views.json to a view, and choose the first of them.

        Raises:
            EngineError: `BAD_INPUT` if it cannot be read.
        """
        found, document = read_views(path)
        view, seed = self.views[index], _whole(document.get("seed"))
        new = [ViewSample(str(item.file), seed, _whole(item.facts.get("sample"))) for item in found]
        view.chosen = len(view.samples)
        view.samples += new
        self._show(new)
        self.save()

    def save(self) -> None:
        """Save the selection beside the result; if that fails, it lasts until Blender ends."""
        if self.path is None:
            return
        views = [{"use": view.use, "chosen": view.chosen,
                  "added": [asdict(sample) for sample in view.samples[view.made:]]}
                 for view in self.views]
        file = self.path.with_name(SELECTION_FILE)
        with suppress(OSError, EngineError), staging.staged_file(file) as stage:
            stage.write_text(json.dumps({"schema": SCHEMA, "views": views}), encoding="utf-8")

    def write(self, folder: Path) -> Path:
        """Write the selected views' images with a views.json to a folder; returns the file.

        Raises:
            EngineError: `BAD_INPUT` if none is selected, `DISK` if the folder cannot be written.
        """
        used = [view for view in self.views if view.use]
        if not used:
            raise EngineError(ErrorCode.BAD_INPUT, "no view is selected",
                              "select at least one view")
        entries = []
        try:
            with staging.staged_folder(folder, replaces=("view_[0-9][0-9][0-9].png",)) as stage:
                for number, view in enumerate(used):
                    name = f"view_{number:03d}.png"
                    shutil.copyfile(view.sample.file, stage / name)
                    entries.append({**view.facts, "file": name, "sample": view.sample.sample,
                                    "seed": view.sample.seed})
                document = {**self.document, "views": entries}
                (stage / "views.json").write_text(json.dumps(document, indent=1),
                                                  encoding="utf-8")
        except OSError as error:
            raise EngineError(ErrorCode.DISK, f"cannot write the selected views: {error}",
                              staging.HINT) from error
        return folder / "views.json"

    def settings(self) -> dict[str, Any]:
        """The request fields that all views of the result were generated with."""
        source = self.document.get("input") or {}
        values = {name: self.document[name] for name in _META if self.document.get(name)}
        values["input_elevation"] = float(source.get("elevation_deg", 0.0))
        values["input_radius"] = float(source.get("radius", DEFAULT_RADIUS))
        if self.request is not None:
            made = self.request.to_dict()
            values.update({name: made[name] for name in (*_META, "framing", "eta")
                           if name in made})
        return values

    def source_image(self) -> str:
        """Path of the image that the views were generated from; if it is gone, of the prepared
        input image beside the views.

        Raises:
            EngineError: `BAD_INPUT` if neither exists.
        """
        assert self.path is not None
        for file in (str(self.document.get("image", "")), str(self.path.with_name("input.png"))):
            if file and Path(file).is_file():
                return file
        raise EngineError(
            ErrorCode.BAD_INPUT, "the image from which these views were generated no longer exists",
            "generate the views again")

    def _show(self, samples: Any) -> None:
        if not bpy.app.background:
            for sample in samples:
                self.thumbnails.show(sample.key, Path(sample.file))


def read_selectable_views(path: Path) -> tuple[list[SelectableView], dict[str, Any]]:
    """The views of a views.json with the saved selection, and the whole document.

    Raises:
        EngineError: `BAD_INPUT` if it cannot be read.
    """
    found, document = read_views(path)
    views: dict[tuple[float, float, float], SelectableView] = {}
    for view in found:
        known = views.setdefault(pose_of(view.facts), SelectableView(view.facts, []))
        seed = _whole(view.facts.get("seed", document.get("seed")))
        known.samples.append(ViewSample(str(view.file), seed, _whole(view.facts.get("sample"))))
        known.made += 1
    _restore(list(views.values()), path.with_name(SELECTION_FILE))
    return list(views.values()), document


def _restore(views: list[SelectableView], file: Path) -> None:
    """Apply a saved selection; parts that do not match the result or are gone are ignored."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA or len(document["views"]) != len(views):
            return
        for view, kept in zip(views, document["views"], strict=True):
            added = [ViewSample(str(sample["file"]), int(sample["seed"]), int(sample["sample"]))
                     for sample in kept["added"]]
            view.samples += [sample for sample in added if Path(sample.file).is_file()]
            view.use = bool(kept["use"])
            view.chosen = min(max(int(kept["chosen"]), 0), len(view.samples) - 1)
    except UNREADABLE_JSON:
        return


def _whole(value: object) -> int:
    """An integer from a file; 0 for any other value."""
    return value if isinstance(value, int) else 0
