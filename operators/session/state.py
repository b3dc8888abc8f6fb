# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the add-on while it is enabled. It holds no references to Blender's data."""

from __future__ import annotations

from .checklist import Checklist
from .history import History
from .installation import Installation
from .job_store import JobStore
from .jobs import JobList
from .model_list import ModelList
from .model_work import ModelWork
from .open_file import OpenFile
from .preview_mesh import PreviewMeshes
from .runner import Runner
from .thumbnails import Thumbnails
from .timer import ImportJob, Timer
from .view_selection import ViewSelection


class Session:
    """The state of the add-on between two calls from Blender.

    Undo and the loading of another file do not change it. `open` and `close` are called when the
    add-on is enabled and disabled; after `close` the object is in its initial state.
    """

    def __init__(self) -> None:
        self.jobs = JobList()
        self.runner = Runner(self.jobs)
        """The engine process."""
        self.open_file = OpenFile()
        """The .blend file that is open."""
        self.job_store = JobStore(self.jobs)
        """Records of resumable jobs on the disk."""
        self.thumbnails = Thumbnails()
        self.preview_meshes = PreviewMeshes()
        """Meshes of running reconstructions in the 3D View."""
        self.history = History(self.thumbnails)
        """Results on the disk."""
        self.view_selection = ViewSelection(self.thumbnails)
        """The views of one result, from which views for a mesh are selected."""
        self.models = ModelList()
        self.model_work = ModelWork()
        """The download, import or verification of a model that is running."""
        self.checklist = Checklist(self.models)
        """The checks whether a first job can run."""
        self.installation = Installation()
        """The installation of the engine that is running."""
        self.timer = Timer(self)

    @property
    def busy(self) -> bool:
        """Whether the engine is starting, a job is running or a result waits for its import.

        Results that wait for another .blend file do not count.
        """
        return self.runner.busy or any(
            job.import_pending and self.open_file.is_open(job.file) for job in self.jobs)

    def open(self, import_job: ImportJob) -> None:
        """Start the session. `import_job` brings a finished job's result into the scene."""
        self.timer.open(import_job)

    def close(self) -> None:
        """Stop all processes, the timer and the drawing, and forget all jobs.

        The records of resumable jobs stay on the disk.
        """
        self.view_selection.clear()
        self.timer.close()
        self.checklist.stop()
        self.preview_meshes.clear()
        self.thumbnails.clear()
        self.installation.cancel()
        self.model_work.stop()
        self.runner.stop_engine()
        self.job_store.close()
        self.jobs.clear()
        self.open_file = OpenFile()


session = Session()
"""The one session of this Blender."""
