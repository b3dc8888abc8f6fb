# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures for the panels, by key. Blender reads the files, when it first draws them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy

from .jobs import Job, JobState


class Thumbnails:
    """What the panels may draw; filled outside of drawing."""

    def __init__(self) -> None:
        self._previews: Any = None
        self._jobs: dict[str, int] = {}
        """By job: number of its picture that is shown."""

    def update(self, jobs: Iterable[Job]) -> bool:
        """Take in new pictures of jobs, drop those that are gone. Returns whether any changed."""
        if bpy.app.background:
            return False
        # A running job's picture is deleted with its other intermediate results at its end.
        shown = {job.id: job for job in jobs if job.picture and (not job.state.ended or (
            job.state is JobState.DONE and job.picture == job.result))}
        gone = [key for key in self._jobs if key not in shown]
        new = [job for job in shown.values() if self._jobs.get(job.id) != job.picture_count]
        for key in gone:
            del self._jobs[key]
            self.drop(key)
        for job in new:
            self._jobs[job.id] = job.picture_count
            if job.picture is not None:
                self.show(job.id, job.picture)
        return bool(gone or new)

    def show(self, key: str, path: Path) -> None:
        """Have a picture file ready under a key, read anew if the key is known."""
        if self._previews is None:
            import bpy.utils.previews

            self._previews = bpy.utils.previews.new()
        self.drop(key)
        self._previews.load(key, str(path), 'IMAGE', True)

    def drop(self, key: str) -> None:
        """Forget a picture."""
        if key in self:
            del self._previews[key]

    def icon(self, key: str) -> int:
        """For `icon_value`; 0 if there is no such picture."""
        return self._previews[key].icon_id if key in self else 0

    def __contains__(self, key: str) -> bool:
        return self._previews is not None and key in self._previews

    def clear(self) -> None:
        """Forget all: Blender complains at exit of collections that are left."""
        if self._previews is not None:
            bpy.utils.previews.remove(self._previews)
        self._previews = None
        self._jobs.clear()


thumbnails = Thumbnails()
