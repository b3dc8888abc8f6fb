# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identifies the published model in a file or folder from evidence: its place in the Hugging Face
cache, its size, its original name. Standard library only.

Stable Zero123 takes the input view's polar angle where Zero-1-to-3 takes a difference of radii,
and nothing in the weights' names and shapes says which of the two a file holds
(https://github.com/threestudio-project/threestudio/issues/360). Nothing is assumed here: if the
evidence is missing or contradictory, the user has to choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ..core.errors import EngineError, ErrorCode
from ..core.files import read_json_object
from .catalogue import CATALOGUE, INDEX_FILE, ModelInfo, Task, find_model
from .hub_cache import hub_id_of

if TYPE_CHECKING:
    from ..camera import PoseEncoding

SIZE_TOLERANCE = 0.002
"""Largest relative difference from a published file's size: torch.save's padding varies."""
FILES_WITH_A_SOURCE = (INDEX_FILE, "unet/config.json", "vae/config.json",
                       "cc_projection/config.json", "clip_camera_projection/config.json")
"""Files in which diffusers records the source of a network, as `_name_or_path`."""
_OTHER_NAMES = ("230000", "300000", "zero123-diffusers", "zero123-weights")
"""Published names of Zero-1-to-3 (cv.cs.columbia.edu) that are not in the catalogue."""
_ZERO123 = re.compile(r"zero-?123-?(xl|ema|105000|165000)(-.*)?")
STABLE = "stable-zero123"
"""Entry whose licence applies if a model is only known to be some version of Stable Zero123."""


@dataclass(frozen=True)
class Evidence:
    """A fact that indicates a published model."""

    pose_encoding: PoseEncoding
    reason: str
    """The fact as a phrase, such as "the size of stable_zero123.ckpt"."""
    info: ModelInfo | None = None
    """The catalogue's entry, if the fact indicates one."""


def evidence_of_file(path: Path) -> list[Evidence]:
    """Evidence from the name and the size of a checkpoint."""
    found = list(_by_names([path.name, path.stem]))
    size = path.stat().st_size if path.is_file() else 0
    for info in _original_checkpoints():
        if abs(size - info.size_bytes) <= SIZE_TOLERANCE * info.size_bytes:
            found.append(Evidence(info.pose_encoding, f"the size of {info.files[0]}"))
            break
    return found + list(_by_hub_id(path.parent))


def evidence_of_folder(folder: Path) -> list[Evidence]:
    """Evidence from a model folder's name, its location, and the sources recorded by diffusers."""
    noted = [_source_in(folder / name) for name in FILES_WITH_A_SOURCE]
    names = [folder.name, *(name.rpartition("/")[2] for name in noted)]
    return [*_by_hub_id(folder), *_by_repos(noted), *_by_names(names)]


def pose_encoding_of(found: Iterable[Evidence], chosen: PoseEncoding | None, what: Path,
                     hint: str) -> PoseEncoding:
    """The chosen pose encoding, or, without a choice, the one on which all evidence agrees.

    Raises:
        EngineError: `BAD_INPUT`, naming both, if there is no evidence or it is contradictory.
    """
    if chosen is not None:
        return chosen
    found = list(found)
    encodings = {one.pose_encoding for one in found}
    if len(encodings) == 1:
        return encodings.pop()
    why = "; ".join(f"{one.reason} means {one.pose_encoding}" for one in found)
    raise EngineError(
        ErrorCode.BAD_INPUT,
        f"the pose encoding of {what} is unknown" if not found else
        f"the name, size and origin of {what} indicate different pose encodings: {why}", hint)


def encoding_of_folder(folder: Path, index: dict[str, object], chosen: PoseEncoding | None,
                       hint: str) -> PoseEncoding:
    """The pose encoding of a model folder: stated by its index, chosen, or found by evidence.

    Raises:
        EngineError: as `pose_encoding_of`; `BAD_INPUT` if the choice differs from the index.
    """
    stated = stated_encoding(index)
    if stated is None:
        return pose_encoding_of(evidence_of_folder(folder), chosen, folder, hint)
    if chosen not in (None, stated):
        raise EngineError(ErrorCode.BAD_INPUT, f"{folder} states the pose encoding {stated}",
                          "set the pose encoding to auto")
    return stated


def licences_to_ask_for(found: Iterable[Evidence], encoding: PoseEncoding) -> list[ModelInfo]:
    """The catalogue's entries whose licences are known to cover the weights.

    The encoding "stable" implies weights of Stability AI, whatever their name.
    """
    entries = list({one.info.name: one.info for one in found if one.info is not None}.values())
    if encoding == "stable" and not any(info.pose_encoding == "stable" for info in entries):
        entries += [info for info in CATALOGUE if info.name == STABLE]
    return entries


def _original_checkpoints() -> Iterator[ModelInfo]:
    """The catalogue's entries that consist of one original file."""
    return (info for info in CATALOGUE if info.task is Task.VIEWS and info.files)


def _by_hub_id(folder: Path) -> Iterator[Evidence]:
    name = hub_id_of(folder)
    yield from _by_repos([name] if name else [])
    if name:
        yield from _by_names([name.rpartition("/")[2]])


def _by_repos(names: Iterable[str]) -> Iterator[Evidence]:
    for info in CATALOGUE:
        if info.task is Task.VIEWS and info.whole_repository and info.repo in names:
            yield Evidence(info.pose_encoding, f"the repository {info.repo}", info)


def _by_names(names: Iterable[str]) -> Iterator[Evidence]:
    """Evidence from original names of files, folders and repositories."""
    for name in names:
        plain = re.sub(r"[_ ]", "-", name.lower())
        entry = next((info for info in _original_checkpoints() if plain == info.name
                      or name == info.files[0] or plain == Path(info.files[0]).stem.lower()
                      .replace("_", "-")), None)
        if entry is not None:
            yield Evidence(entry.pose_encoding, f"the name {name}", entry)
        elif re.search(r"stable-?zero-?123", plain):
            yield Evidence("stable", f"the name {name}", find_model(
                "stable-zero123c" if re.search(r"stable-?zero-?123-?c\b", plain) else STABLE))
        elif plain in _OTHER_NAMES or _ZERO123.fullmatch(plain):
            yield Evidence("zero123", f"the name {name}")


def _source_in(path: Path) -> str:
    """The `_name_or_path` in a configuration; "" if there is none."""
    return str(read_json_object(path).get("_name_or_path") or "")


def stated_encoding(index: dict[str, object]) -> PoseEncoding | None:
    """The pose encoding that a folder's index states, as the engine's own folders do."""
    stated = index.get("pose_encoding")
    if stated is None:
        return None
    from ..camera import PoseEncoding as Known

    for known in get_args(Known):
        if stated == known:
            return known  # type: ignore[no-any-return]
    raise EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"unknown pose encoding {str(stated)[:40]!r}",
                      f"choose from {', '.join(get_args(Known))}")
