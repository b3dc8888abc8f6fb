# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the inputs of a batch (images, folders, lists, tables) into one request for each image."""

from __future__ import annotations

import codecs
import csv
import io
import mimetypes
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.files import free_name
from ..core.request import AUTO, Request, default_of
from ..core.requests import REQUESTS

RESERVED = ("index.html", "status.json")
"""Names in the batch's folder that no result can have."""
SEPARATORS = (",", ";", "\t")
"""Characters between the cells of a table; the one that is most frequent in the first line."""
_DECIMAL_COMMA = re.compile(r"[-+\d,. ]*\d,\d[-+\d,. ]*")
IMAGE_SUFFIXES = (".heic", ".heif", ".avif", ".jxl", ".exr", ".hdr", ".dpx", ".cin", ".dng", ".cr2",
                  ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".psd", ".xcf", ".kra", ".svg")
"""Endings of image files that may not be readable, besides those that the system knows."""
TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True)
class Part:
    """A share of a batch: every `count`-th item, beginning with item `number`."""

    number: int = 1
    """From 1 to `count`."""
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Part:
        """The part named by a text such as 2/8. Raises EngineError `BAD_INPUT` for other texts."""
        number, slash, count = text.partition("/")
        if slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
            return cls(int(number), int(count))
        raise _bad(f"part can't be {text!r}", "give a number and how many there are, such as 2/8")


WHOLE = Part()


@dataclass(frozen=True)
class Item:
    """One image and the request to be done with it."""

    name: str
    """Name of its result's folder."""
    source: str
    """Where the item was requested, as shown to the user: "chairs.csv, line 3"."""
    image: str
    request: Request | None = None
    problem: tuple[str, str] = ("", "")
    """Reason and hint if the item could not be read; then it has no request."""

    @property
    def error(self) -> EngineError:
        """The problem, as an error."""
        return EngineError(ErrorCode.BAD_INPUT, *self.problem)


@dataclass
class _Row:
    """A line of a list or table, or an image that was named directly."""

    source: str
    values: dict[str, Any] = field(default_factory=dict)
    error: EngineError | None = None


def read_items(inputs: Sequence[Path], out: Path, kind: str,
               options: Mapping[str, Any]) -> list[Item]:
    """An item for each image that the inputs name, with its result in a folder of `out`.

    `inputs`: images, folders of images (without their subfolders), `.txt` lists with one image a
    line, and `.csv` or `.tsv` tables with a column `image` and any settings of the job as further
    columns. Relative paths in a list or table start at its own folder. `options`: settings of all
    jobs; the cells of a table take precedence. An input that cannot be read becomes an item with
    a problem, so that the other items are still processed.
    """
    items: list[Item] = []
    taken = set(RESERVED)
    for row in (row for path in inputs for row in _rows(path, REQUESTS[kind])):
        image = str(row.values.get("image", ""))
        given = next((str(row.values[f]) for f in REQUESTS[kind].fields_with("reads")
                      if row.values.get(f)), "")
        stem = Path(given or row.source).stem
        # No folder can have a NUL in its name.
        name = free_name(re.sub(r"[\x00-\x1f]", "_", stem), taken)
        values = {**options, **row.values, "out": str(out / name)}
        try:
            if row.error:
                raise row.error
            items.append(Item(name, row.source, image, REQUESTS[kind].from_dict(values)))
        except EngineError as error:
            items.append(Item(name, row.source, image, problem=(error.message, error.hint)))
    return items


def _rows(given: Path, request: type[Request]) -> Iterator[_Row]:
    """The images that one input names."""
    try:
        if given.is_dir():
            yield from _folder_rows(given)
        elif given.suffix.lower() in (".csv", ".tsv"):
            yield from _table_rows(given, request)
        elif given.suffix.lower() == ".txt":
            yield from _list_rows(given)
        else:
            yield _Row(str(given), {"image": str(given)})
    except EngineError as error:
        yield _Row(str(given), error=error)
    except OSError as error:
        yield _Row(str(given), error=_bad(f"{given} can't be read: {error.strerror}",
                                          "check the path"))
    except (UnicodeDecodeError, csv.Error) as error:
        yield _Row(str(given), error=_bad(f"{given} is not a readable text file: {error}",
                                          "save it as UTF-8"))


def _folder_rows(folder: Path) -> Iterator[_Row]:
    from ..imaging.reading import image_suffixes

    readable = image_suffixes()
    images = sorted(path for path in folder.iterdir() if not path.name.startswith(".")
                    and path.is_file() and (path.suffix.lower() in readable or _is_image(path)))
    if not images:
        raise _bad(f"{folder} contains no images",
                   "give the folder that contains the images directly")
    for path in images:
        error = None if path.suffix.lower() in readable else _bad(
            f"{path.suffix} files can't be read", "save the image as PNG or JPEG")
        yield _Row(str(path), {"image": str(path)}, error)


def _is_image(path: Path) -> bool:
    """Whether a file's name says that it is an image, in any format."""
    kind = mimetypes.guess_type(path.name)[0] or ""
    return kind.startswith("image/") or path.suffix.lower() in IMAGE_SUFFIXES


def _list_rows(path: Path) -> Iterator[_Row]:
    lines = [(number, line.strip().strip("\"'"))  # file managers copy paths in quotes
             for number, line in enumerate(_text(path).splitlines(), 1)
             if line.strip() and not line.strip().startswith("#")]
    if not lines:
        raise _bad(f"{path} contains no image paths", "write one path per line")
    for number, name in lines:
        yield _Row(f"{path}, line {number}", {"image": _beside(path, name)})


def _beside(table: Path, name: str) -> str:
    """A path in a list or table: relative ones start at its folder, "~" is the home folder."""
    return str(table.parent / os.path.expanduser(name))


def _table_rows(path: Path, request: type[Request]) -> Iterator[_Row]:
    known = {f.name: f for f in fields(request) if not f.metadata.get("managed")}
    text, skipped = _text(path), 0
    if text[:4].lower() == "sep=":  # how Excel names the separator
        text, skipped = text.partition("\n")[2], 1
    heading = text.partition("\n")[0]
    separator = max(SEPARATORS, key=heading.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    columns = [column.strip().lower().replace("-", "_") for column in next(table, [])]
    unknown = [column for column in columns if column not in known]
    if unknown or "image" not in columns:
        problem = f"unknown columns {', '.join(unknown)}" if unknown else "no column image"
        raise _bad(f"{path} has {problem}",
                   f"the first line names columns of {', '.join(known)}")
    is_empty = True
    for cells in table:
        if any(cell.strip() for cell in cells):
            is_empty = False
            texts = map(_with_points, cells) if separator != "," else cells
            yield _table_row(path, table.line_num + skipped,
                             dict(zip(columns, texts, strict=False)), known)
    if is_empty:
        raise _bad(f"{path} contains no image paths", "add a line for each image")


def _with_points(cell: str) -> str:
    """A cell with numbers such as 1,85, as tables without commas between their cells write them."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell


def _text(path: Path) -> str:
    """The text of a list or table: UTF-8, or UTF-16 as some spreadsheets save it."""
    content = path.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        raise _bad(f"{path} is a spreadsheet's own file, not text", "export the table as CSV")
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig")


def _table_row(path: Path, line: int, cells: Mapping[str, str],
               known: Mapping[str, Field[Any]]) -> _Row:
    row = _Row(f"{path}, line {line}")
    for name, text in cells.items():
        try:
            if text.strip():
                row.values[name] = _value(known[name], text.strip())
        except ValueError:
            row.error = _bad(f"{name} can't be {text.strip()!r}", known[name].metadata["help"])
    inputs = [name for name, f in known.items() if f.metadata.get("reads") and row.values.get(name)]
    for name in inputs:
        row.values[name] = _beside(path, row.values[name])
    if not (row.error or inputs):
        row.error = _bad("the column image is empty in this line", "fill in the column image")
    return row


def _value(f: Field[Any], text: str) -> Any:
    """A cell as the type of its field. Numbers of a list are separated by blanks or semicolons."""
    default: Any = default_of(f)
    if isinstance(default, bool):
        if text.lower() not in TRUE + FALSE:
            raise ValueError(text)
        return text.lower() in TRUE
    if isinstance(default, list):
        return [float(word) for word in text.replace(";", " ").split()]
    if f.metadata.get("automatic"):
        return text if text == AUTO else float(text)
    return type(default)(text)


def _bad(message: str, hint: str) -> EngineError:
    return EngineError(ErrorCode.BAD_INPUT, message, hint)
