# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration of a kind of job: its settings, and how the rest of the program treats it.

Every table that differs between kinds of jobs is a class attribute of `Request` or an entry in a
field's metadata, so the command line, the server, batches, remote computers and Blender all read
the same declaration. Standard library only: Blender's own Python imports this module.
"""

from __future__ import annotations

import os
import reprlib
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from .errors import EngineError, ErrorCode

REQUEST_FILE = "request.json"
"""File in a result's folder that records the request. It is written last."""
RESUMES_HINT = "the same command resumes from here"
"""Hint for a stopped command that resumes without being asked to."""
RESUME_OPTION_HINT = "the same command with --resume resumes from here"
"""Hint for a stopped command that resumes only with `--resume`."""


FILE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".glb", ".gltf", ".obj", ".ply", ".stl", ".fbx",
                 ".usd", ".json", ".zip", ".safetensors", ".ckpt")
"""Endings of names that a person gives to a file, not to a folder of results."""


class SceneImport(Enum):
    """The kinds of objects that a finished result is imported as."""

    NOTHING = "nothing"
    """It is not imported."""
    VIEWS = "views"
    """Planes and cameras, from a views.json."""
    MESH = "mesh"
    """A mesh object, from a GLB file."""
    IMAGE = "image"
    """The scene's image to work with, from an image file."""
    ELEVATION = "elevation"
    """The elevation of the input camera, from a JSON file."""
    MODEL = "model"
    """The scene's model, from a folder in diffusers layout."""


AUTO = "auto"
"""In place of a number that the job finds out by itself."""


def option(default: Any, help: str, **metadata: Any) -> Any:
    """A field of a request.

    `metadata` may hold:

    - `min`, `max`: limits of a number;
    - `automatic`: True for a number that "auto" may stand for, which is the default then;
    - `choices`: allowed strings, and `shown`: those of them that the interface offers;
    - `path`: "file" or "folder", for a text that names one;
    - `reads`: True if the job starts from the file or folder that the text names;
    - `beside`: glob pattern of files in the same folder that belong to that file;
    - `managed`: True if the program sets it for each job, not a table of settings;
    - `changes_result`: False if a job may be resumed, or its result kept, with another value.
    """
    metadata["help"] = help
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(kw_only=True)
class Request:
    """Base of all kinds of jobs. The class attributes declare how a kind is handled."""

    KIND: ClassVar[str] = ""
    """Name on the wire, in files and, unless `CLI_PARENT` is set, on the command line."""
    TITLE: ClassVar[str] = ""
    """One or two words that name the result in the interface."""
    HANDLER: ClassVar[str] = ""
    """Function that does the job, as "module:function". It takes the request and a reporter, and
    returns its report as plain JSON. A module that begins with a dot is relative to `engine`; it is
    imported when the first job of this kind runs."""
    POSITIONAL: ClassVar[str] = "image"
    """Field that the command line takes without an option: what the job starts from."""
    CLI_PARENT: ClassVar[str] = ""
    """Verb of the command line that this kind's verb belongs to, such as "dataset"."""
    CANCELLED_HINT: ClassVar[str] = "nothing was written"
    """Hint for a person who has stopped the job on the command line."""
    OUT_IS_FOLDER: ClassVar[bool] = True
    """Whether `out` names a folder; otherwise it names a file."""
    RESULT_FILE: ClassVar[str] = ""
    """With a folder: the file in it that stands for the whole result; empty for the folder itself.
    With a file: the name that is suggested for it."""
    OWN_FILES: ClassVar[tuple[str, ...]] = ()
    """Glob patterns, relative to `out`, of all files that the job may write there."""
    RESUMABLE: ClassVar[bool] = False
    """Whether a stopped job can be resumed: it then has the field `resume`."""
    ADDS_TO_RESULT: ClassVar[bool] = False
    """Whether the job adds to a result that is there, instead of replacing it."""
    IN_BATCHES: ClassVar[bool] = False
    """Whether `batch` offers this kind."""
    SCENE_IMPORT: ClassVar[SceneImport] = SceneImport.NOTHING
    """The objects that the result is imported as in Blender's scene."""

    out: str = option("", "folder that receives the results", path="folder", managed=True,
                      changes_result=False)

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            _check(f, value)
            if f.metadata.get("path"):  # no shell replaces the "~" of "--out=~/x" or of a list
                setattr(self, f.name, os.path.expanduser(value))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Request:
        """The request with these fields.

        Raises:
            EngineError: `BAD_INPUT` for an unknown field or a value outside its limits.
        """
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise EngineError(
                ErrorCode.BAD_INPUT,
                f"unknown settings for {cls.KIND}: {reprlib.repr(sorted(unknown))}",
                f"choose from {', '.join(f.name for f in fields(cls))}",
            )
        return cls(**values)

    @classmethod
    def fields_with(cls, key: str) -> dict[str, Field[Any]]:
        """The fields whose metadata has a true value under this key, by name."""
        return {f.name: f for f in fields(cls) if f.metadata.get(key)}

    @classmethod
    def out_in(cls, folder: Path) -> Path:
        """The value of `out` for a result in this folder."""
        return folder if cls.OUT_IS_FOLDER else folder / cls.RESULT_FILE

    @property
    def result(self) -> Path:
        """The file or folder that stands for the whole result; it exists once the job is done."""
        out = Path(self.out)
        return out / self.RESULT_FILE if self.OUT_IS_FOLDER and self.RESULT_FILE else out

    def has_result(self) -> bool:
        """Whether the folder `out` holds files that a job of this kind may have written."""
        return any(True for pattern in self.OWN_FILES for _ in Path(self.out).glob(pattern))

    def written_files(self) -> tuple[str, ...]:
        """Glob patterns, relative to `out`, of the files that this request may write."""
        return self.OWN_FILES

    def require_input(self) -> None:
        """Check that the request names a result and something to start from.

        Raises:
            EngineError: `BAD_INPUT` if it does not.
        """
        if not self.out:
            raise EngineError(ErrorCode.BAD_INPUT, "no file or folder was given for the result",
                              "give `out`")
        if not self._names_input():
            raise EngineError(ErrorCode.BAD_INPUT, f"no {self.POSITIONAL} was given",
                              f"give `{self.POSITIONAL}`")
        self._check_suffix()

    def _check_suffix(self) -> None:
        """Refuse a result whose name has the suffix of another kind of file."""
        out, wanted = Path(self.out), Path(self.RESULT_FILE).suffix
        if self.out.startswith("~"):  # `os.path.expanduser` has left it
            raise EngineError(ErrorCode.BAD_INPUT, f"the home folder {out.parts[0]} does not exist",
                              f"check the name, or write ./{self.out} if the name begins with ~")
        suffix = out.suffix.lower()
        if not self.OUT_IS_FOLDER and suffix != wanted and not out.is_dir():
            raise EngineError(ErrorCode.BAD_INPUT,
                              f"the result is a {wanted} file, but {out.name} has another suffix",
                              f"give a name that ends in {wanted}")
        if self.OUT_IS_FOLDER and suffix in FILE_SUFFIXES and not out.is_dir():
            raise EngineError(ErrorCode.BAD_INPUT,
                              f"the result is a folder, but {out.name} is the name of a file",
                              f"give a name without {out.suffix}")

    def _names_input(self) -> bool:
        return bool(getattr(self, self.POSITIONAL).strip())

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain JSON."""
        return asdict(self)


@dataclass(kw_only=True)
class ResumableRequest(Request):
    """A long job that keeps what it has done when it is stopped."""

    RESUMABLE = True
    CANCELLED_HINT = RESUME_OPTION_HINT

    resume: bool = option(False, "resume the same job where it was stopped", managed=True,
                          changes_result=False)


def default_of(f: Field[Any]) -> Any:
    """The default value of a field."""
    return f.default_factory() if f.default_factory is not MISSING else f.default


def _can_be_a_path(text: str) -> bool:
    """Whether the system can be asked for a file of this name."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _check(f: Field[Any], value: Any) -> None:
    """Raise BAD_INPUT unless the value has the default's type and lies within its limits."""
    default = default_of(f)
    if f.metadata.get("automatic"):
        if isinstance(value, str) and value == AUTO:
            return
        default = 0.0
    expected = (int, float) if isinstance(default, float) else type(default)
    good = isinstance(value, expected) and isinstance(value, bool) == isinstance(default, bool)
    if isinstance(default, list):
        good = isinstance(value, list) and all(
            isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) < 1e6 for v in value)
    # Shortened: a value from outside may be megabytes, or lists within lists.
    problem = f"{f.name.replace('_', '-')} can't be {reprlib.repr(value)}"
    if not good or (isinstance(value, str) and not _can_be_a_path(value)):
        raise EngineError(ErrorCode.BAD_INPUT, problem, f.metadata["help"])
    choices = f.metadata.get("choices")
    if choices and value not in choices:
        raise EngineError(ErrorCode.BAD_INPUT, problem, f"choose from {', '.join(choices)}")
    low, high = f.metadata.get("min"), f.metadata.get("max")
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise EngineError(ErrorCode.BAD_INPUT, problem, f"the range is {low:g} to {high:g}")
