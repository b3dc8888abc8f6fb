# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether a first job can run: the engine's Python, its libraries, a model.

There are two checks: a quick one of files only, and the engine's `doctor` in a separate process,
which imports all libraries and finds the device.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...engine.cli.doctor import shortened
from ...engine.core.errors import EngineError, ErrorCode
from ...engine.core.protocol import Done, Failed, Log
from ...engine.models.catalogue import ModelInfo, find_model
from ...engine.models.folder import ModelState, folder_state, found_folder, model_state
from ...engine.models.licence_store import licence_accepted
from ...engine.remote.ssh_host import SshHost
from ...engine.setup.environment import ROOT, engine_environment, find_python, isolated_python
from ...engine.transport.process import EngineProcess
from . import preferences as addon
from .model_list import ModelList
from .runner import MODELS_VARIABLE


class Checklist:
    """The results of both checks."""

    def __init__(self, models: ModelList) -> None:
        self._models = models
        self.python: Path | None = None
        """The Python that runs the engine; None if a remote computer runs it."""
        self.host: SshHost | None = None
        """The remote computer."""
        self.python_error: EngineError | None = None
        self.model_error: EngineError | None = None
        self.facts: dict[str, Any] = {}
        """The doctor's findings about this Python: "device", "memory_mb" and more."""
        self.facts_error: EngineError | None = None
        """The problem that the doctor found."""
        self.report = ""
        """The doctor's whole report."""
        self._process: EngineProcess | None = None

    @property
    def incomplete(self) -> bool:
        """Whether a problem is known."""
        return any((self.python_error, self.model_error, self.facts_error))

    @property
    def has_engine(self) -> bool:
        """Whether there is a Python or a remote computer for the engine."""
        return self.python is not None or self.host is not None

    @property
    def running(self) -> bool:
        """Whether the doctor is running."""
        return self._process is not None

    def lacks_memory(self, info: ModelInfo) -> bool:
        """Whether a model needs more main memory than was free during the doctor's check."""
        return self.facts.get("device") == "cpu" and (
            info.memory_bytes > self.facts["free_memory_mb"] * 1e6)

    def refresh(self, context: bpy.types.Context) -> None:
        """Run the quick check. The doctor's findings about another Python are dropped."""
        chosen = addon.preferences(context)
        before = (self.python, self.host)
        self.python = self.python_error = None
        self.host = chosen.host
        try:
            if self.host is None:
                self.python = find_python(chosen.engine_python or None, addon.engine_folder())
        except EngineError as error:
            self.python_error = error
        if (self.python, self.host) != before:
            self.facts, self.facts_error, self.report = {}, None, ""
        folder = addon.model_folder(context)
        self._models.refresh(folder)
        self.model_error = None
        try:
            if self.host is None:  # a remote engine knows its own models
                self.model_error = model_problem(context.scene.zero123.model, folder)
        except EngineError as error:  # the record of accepted licences cannot be read
            self.model_error = error

    def start_doctor(self, context: bpy.types.Context) -> None:
        """Start the doctor; `poll` processes its answer.

        Raises:
            EngineError: It cannot be started.
        """
        doctor = ["-m", "engine", "doctor", "--json"]
        if self.host is not None:
            command = self.host.command(*doctor)
        elif self.python is not None:
            command = [*isolated_python(self.python), *doctor]
        else:
            raise self.python_error or EngineError(ErrorCode.ENVIRONMENT, "no engine was found")
        self.stop()
        variables = {MODELS_VARIABLE: str(addon.model_folder(context))}
        self._process = EngineProcess(command, {**engine_environment(), **variables}, ROOT,
                                      addon.engine_log(context))

    def poll(self, timeout: float = 0.0) -> bool:
        """Process the doctor's answer, waiting `timeout` seconds. Returns whether it came."""
        process = self._process
        if process is None:
            return False
        message = process.receive(timeout)
        match message:
            case Log():
                self.report = message.text
                return False
            case Done():
                self.facts, self.facts_error = message.result, None
            case Failed() if message.error.code is ErrorCode.MODEL_DAMAGED:
                self.facts, self.facts_error, self.model_error = {}, None, message.error
            case Failed():
                self.facts, self.facts_error = {}, message.error
            case None if process.ended:
                self.facts, self.facts_error = {}, EngineError(
                    ErrorCode.ENVIRONMENT, "the engine's Python cannot run the engine",
                    "install the engine again; its log may contain details")
            case _:
                return False
        self.stop()
        return True

    def finish(self) -> None:
        """Wait for the doctor's answer."""
        while self.running:
            self.poll(timeout=0.5)

    def stop(self) -> None:
        """Stop the doctor if it is running."""
        if self._process is not None:
            self._process.stop(0.0)
            self._process.close()
            self._process = None


def model_problem(model: str, folder: Path) -> EngineError | None:
    """The reason why a model cannot be used, by a quick check of its files; None if it can.

    `folder`: the models folder.
    """
    info = find_model(model)
    place = found_folder(model, folder)
    state = folder_state(place) if info is None else model_state(info, folder)
    if state.absent:
        return EngineError(ErrorCode.MODEL_MISSING, f"the model {model} is not on this computer",
                           "download it, import its checkpoint, or use the bundled model")
    if state is ModelState.DAMAGED:
        return EngineError(ErrorCode.MODEL_DAMAGED, f"the model {model} is damaged",
                           "remove it, then download or import it again")
    if info is not None and not licence_accepted(info, folder):
        return EngineError(ErrorCode.BAD_INPUT, f"the licence of {model} is not accepted",
                           "read and accept it in the Models panel")
    return None


def report_text(checklist: Checklist) -> str:
    """The facts for a problem report, as far as they are known."""
    problems = [f"{name:20} {error}" for name, error in (
        ("engine's Python", checklist.python_error), ("model", checklist.model_error),
        ("engine", checklist.facts_error)) if error is not None]
    blender = f"{'blender':20} {bpy.app.version_string}, {bpy.app.build_platform.decode()}"
    return shortened("\n".join([blender, checklist.report, *problems]))
