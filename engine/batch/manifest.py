# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a batch in its folder: claims on items, and status.json for people and programs.

Any number of processes may work in the same folder. A claim is a lock of the operating system,
which is released when its process ends, so no claim can be left over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from ..core.errors import EngineError, ErrorCode
from ..core.files import UNREADABLE_JSON
from ..core.locks import locked_file, try_lock
from ..core.own_documents import check_json
from ..core.requests import REQUEST_FILE, save_request
from ..core.resume import request_key
from ..core.staging import HINT, staged_file
from .inputs import WHOLE, Item, Part

SCHEMA = "zero123.batch/1"


class State(Enum):
    """State of an item. The value is the text in status.json."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass
class ItemStatus:
    """An item in status.json."""

    name: str
    """Name of the result's folder."""
    source: str
    """Where the item was requested: an image, or a line of a list."""
    image: str
    out: str
    key: str = ""
    """Digest of the request and the image."""
    state: State = State.WAITING
    seconds: float = 0.0
    """Duration of the job."""
    ended: float = 0.0
    """End of the job, in seconds since 1970."""
    error: dict[str, str] | None = None
    """Code, message and hint of a failed item."""

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ItemStatus:
        """The inverse of `to_json`. Raises ValueError or TypeError for any other value."""
        entry = cls(**{**values, "state": State(values["state"])})
        error = entry.error or dict.fromkeys(("code", "message", "hint"), "")
        texts = (entry.name, entry.source, entry.image, entry.out, entry.key, error["code"],
                 error["message"], error["hint"])
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("a field that must be a text is not a text")
        if entry.error:
            ErrorCode(error["code"])
        entry.seconds, entry.ended = _seconds(entry.seconds), _seconds(entry.ended)
        return entry

    def to_json(self) -> dict[str, Any]:
        """All fields as plain JSON."""
        return {**asdict(self), "state": self.state.value}


@dataclass
class Manifest:
    """The state of a batch, shared by all processes that work in its folder."""

    folder: Path
    items: Sequence[Item]
    """All items of the batch."""
    part: Part = WHOLE
    """The part of the items that this process runs."""
    opened: float = field(default_factory=time.time)
    """Start of this run, in seconds since 1970: earlier failures are tried again."""

    @property
    def todo(self) -> list[Item]:
        """The items that this process runs."""
        return list(self.items[self.part.number - 1::self.part.count])

    @property
    def path(self) -> Path:
        """The path of status.json."""
        return self.folder / "status.json"

    @property
    def hidden(self) -> Path:
        """The folder for locks and unfinished work."""
        return self.folder / ".batch"

    def open(self) -> None:
        """Make the folder and add the items to status.json.

        Raises:
            EngineError: `DISK` if it can't be written, `BAD_INPUT` if status.json was written by a
            person.
        """
        try:
            self.hidden.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(ErrorCode.DISK, f"can't write to {self.folder}: {error.strerror}",
                              HINT) from error
        check_json(self.path, "schema", "items")
        with self._changing() as entries:
            names = {item.name for item in self.items}
            for name, entry in list(entries.items()):
                if name not in names and entry.state in (State.WAITING, State.FAILED):
                    del entries[name]  # no longer requested
            ours = {item.name for item in self.todo}
            for item in self.items:
                old = entries.pop(item.name, None)
                running = old and old.state is State.RUNNING and self._is_claimed(item)
                failed = old and old.state is State.FAILED and item.name not in ours
                keep = old and (running or failed)
                entries[item.name] = old if old and keep else self._first_status(item)

    def entries(self) -> dict[str, ItemStatus]:
        """The items in status.json by name; those of earlier batches come first."""
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            return {values["name"]: ItemStatus.from_json(values) for values in document["items"]}
        except UNREADABLE_JSON:
            return {}  # missing or of another program; it is rebuilt from the results

    def is_settled(self, item: Item) -> bool:
        """Whether the item is done, or has failed since this batch began."""
        entry = self.entries().get(item.name)
        key = request_key(item.request) if item.request else ""
        if (entry and entry.key == key and entry.state is State.FAILED
                and entry.ended >= self.opened):
            return True
        return self._record(item, key) is not None

    def claim(self, item: Item) -> AbstractContextManager[bool]:
        """Claim an item for a block, which receives False if another process has claimed it."""
        return try_lock(self.hidden / f"{item.name}.lock")

    def set_state(self, item: Item, state: State, seconds: float = 0.0,
              error: EngineError | None = None) -> None:
        """Set an item's state in status.json."""
        with self._changing() as entries:
            # Another batch in the same folder may have removed it as not requested.
            entry = entries.setdefault(item.name, self._first_status(item))
            entry.state, entry.seconds, entry.ended = state, round(seconds, 3), time.time()
            entry.error = error.to_dict() if error else None

    def record(self, item: Item, seconds: float, folder: Path) -> None:
        """Record in a finished result's folder what it was made from, which makes it valid."""
        assert item.request is not None
        save_request(item.request, folder, key=request_key(item.request),
                     seconds=round(seconds, 3), ended=time.time())

    def _first_status(self, item: Item) -> ItemStatus:
        """An item's state according to its folder: done or waiting."""
        key = request_key(item.request) if item.request else ""
        entry = ItemStatus(item.name, item.source, item.image, str(self.folder / item.name), key)
        record = self._record(item, key)
        if record is not None:
            entry.state = State.DONE
            entry.seconds, entry.ended = record["seconds"], record["ended"]
        return entry

    def _record(self, item: Item, key: str) -> dict[str, float] | None:
        """End and duration of the job that made the result, if it is what the item requests."""
        folder = self.folder / item.name
        if item.request is None or not (folder / item.request.RESULT_FILE).is_file():
            return None
        try:
            record = json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8"))
            times = {name: _seconds(record[name]) for name in ("seconds", "ended")}
            return times if record["key"] == key else None
        except UNREADABLE_JSON:
            return None

    def _is_claimed(self, item: Item) -> bool:
        with self.claim(item) as ours:
            return not ours

    @contextmanager
    def _changing(self) -> Iterator[dict[str, ItemStatus]]:
        """The items of status.json, to be changed; they are written at the end of the block."""
        with locked_file(self.hidden / "status.lock"):
            entries = self.entries()
            yield entries
            counts = {state.value: sum(entry.state is state for entry in entries.values())
                      for state in State}
            document = {"schema": SCHEMA, "counts": counts,
                        "items": [entry.to_json() for entry in entries.values()]}
            with staged_file(self.path) as stage:
                stage.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _seconds(value: Any) -> float:
    """A duration or time from a file. Raises ValueError if it is not valid."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        raise ValueError(f"{value!r:.40} is not a time")
    return float(value)
