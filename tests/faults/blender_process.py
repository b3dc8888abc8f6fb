# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a real Blender with the extension, calls its operators, and can kill it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import psutil

from engine.core.requests import REQUESTS, Request

PROGRAM = Path(__file__).with_name("blender_program.py")
PATIENCE_S = 180.0
OPERATORS = {"views": "generate_views", "reconstruct": "reconstruct_mesh",
             "segment": "remove_background", "prepare": "prepare_picture",
             "elevation": "estimate_elevation", "text": "text_to_image",
             "render": "render_dataset", "train": "train_model"}
assert OPERATORS.keys() == REQUESTS.keys()


def settings(request: Request) -> dict[str, Any]:
    """The operator's keywords for a request: the values that differ from the defaults. An operator
    takes a folder, also for kinds whose result is one file; the one that cuts out always uses a new
    folder among the results.
    """
    values = {}
    for f in fields(request):
        default = f.default if f.default_factory is MISSING else f.default_factory()
        if (value := getattr(request, f.name)) != default:
            values[f.name] = value
    values["out"] = str(Path(request.out).with_suffix(""))
    if "image" in values:
        values["filepath"] = values.pop("image")
    if request.KIND == "segment":
        del values["out"]
    return values


class BlenderProcess:
    """A Blender process; a context manager that ends it together with its engine.

    Args:
        archive: the extension's zip.
        user: Blender's folder for settings and extensions, which several Blenders use in turn.
        results: the results folder in the preferences.
    """

    def __init__(self, archive: Path, user: Path, results: Path) -> None:
        for folder in (user, results):
            folder.mkdir(parents=True, exist_ok=True)
        self.ends: list[tuple[str, str, str | None]] = []
        """Terminal reports that reached the jobs: job, kind of report, error's code."""
        self.stages: list[tuple[str, str]] = []
        """Progress: job, stage."""
        self.settled: dict[str, tuple[str, str | None]] = {}
        """State and error of the jobs that have ended, and were imported if they had a result."""
        self.engine: int | None = None
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._log = (user / "blender.log").open("a")
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(archive), str(results)], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            env={**os.environ, "BLENDER_USER_RESOURCES": str(user)})
        self.pid = self._process.pid
        threading.Thread(target=self._read, daemon=True).start()
        self._until(lambda facts: "ready" in facts)

    def __enter__(self) -> BlenderProcess:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20.0)
        finally:
            self._process.kill()
            self._log.close()

    def order(self, order: str, **arguments: Any) -> Any:
        """Call a function of the program in Blender. Returns its answer.

        Raises:
            RuntimeError: with an operator's report.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"order": order, **arguments}) + "\n")
        facts = self._until(lambda facts: "answer" in facts)
        if "error" in facts:
            raise RuntimeError(facts["error"])
        self.engine = facts["engine"]
        return facts["answer"]

    def start(self, request: Request, **more: Any) -> str:
        """Start a job by its operator. Returns the job."""
        (job,) = self.order("operate", operator=OPERATORS[request.KIND],
                            settings={**settings(request), **more})
        return job

    def operate(self, operator: str, **keywords: Any) -> list[str]:
        """Call another operator. Returns the jobs that are new."""
        return self.order("operate", operator=operator, settings=keywords)

    def wait(self, *jobs: str) -> list[tuple[str, str | None]]:
        """Wait until jobs have ended and are imported. Returns their states and errors."""
        while not self.settled.keys() >= set(jobs):
            self._until(lambda facts: "settled" in facts)
        return [self.settled[job] for job in jobs]

    def wait_for_stage(self, job: str, stage: str) -> None:
        """Wait until a job has reached a stage."""
        while (job, stage) not in self.stages:
            self._until(lambda facts: facts.get("stage") == stage)

    def watch(self, seconds: float) -> None:
        """Process events for this many seconds."""
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            try:
                self._note(self._lines.get(timeout=remaining))
            except queue.Empty:
                return

    def kill(self) -> list[psutil.Process]:
        """Kill Blender. Returns its child processes and their descendants."""
        process = psutil.Process(self.pid)
        process.suspend()  # so that it cannot start another process meanwhile
        family = process.children(recursive=True)
        process.kill()
        self._process.wait(PATIENCE_S)
        return family

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put({})

    def _until(self, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Process events up to the first one for which `enough` is true."""
        while True:
            facts = self._lines.get(timeout=PATIENCE_S)
            assert facts, f"Blender has ended; see {self._log.name}"
            self._note(facts)
            if enough(facts):
                return facts

    def _note(self, facts: dict[str, Any]) -> None:
        match facts:
            case {"end": job, "kind": kind, "code": code}:
                self.ends.append((job, kind, code))
            case {"progress": job, "stage": stage}:
                self.stages.append((job, stage))
            case {"settled": job, "state": state, "error": error}:
                self.settled[job] = state, error
