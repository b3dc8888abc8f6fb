# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small images for the panels, by key. Blender reads a file when it is first drawn."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy

from .jobs import Job, JobState


class Thumbnails:
    """The images that panels draw; they are added outside of drawing."""

    def __init__(self) -> None:
        self._previews: Any = None
        self._jobs: dict[str, int] = {}
        """Job id to the number of its image that is shown."""

    def update(self, jobs: Iterable[Job]) -> bool:
        """Add new images of jobs and remove those of ended jobs. Returns whether any changed."""
        if bpy.app.background:
            return False
        # A running job's preview is deleted at its end, with its other intermediate results.
        shown = {job.id: job for job in jobs if job.image and (not job.state.ended or (
            job.state is JobState.DONE and job.image == job.result))}
        gone = [key for key in self._jobs if key not in shown]
        new = [job for job in shown.values() if self._jobs.get(job.id) != job.image_count]
        for key in gone:
            del self._jobs[key]
            self.drop(key)
        for job in new:
            self._jobs[job.id] = job.image_count
            if job.image is not None:
                self.show(job.id, job.image)
        return bool(gone or new)

    def show(self, key: str, path: Path) -> None:
        """Add an image file under a key; a known key's file is read again."""
        if self._previews is None:
            import bpy.utils.previews

            self._previews = bpy.utils.previews.new()
        self.drop(key)
        self._previews.load(key, str(path), 'IMAGE', True)

    def drop(self, key: str) -> None:
        """Remove an image."""
        if key in self:
            del self._previews[key]

    def icon(self, key: str) -> int:
        """The value for `icon_value`; 0 if there is no such image."""
        return self._previews[key].icon_id if key in self else 0

    def __contains__(self, key: str) -> bool:
        return self._previews is not None and key in self._previews

    def clear(self) -> None:
        """Remove all images; Blender reports collections that are left at its exit."""
        if self._previews is not None:
            bpy.utils.previews.remove(self._previews)
        self._previews = None
        self._jobs.clear()
