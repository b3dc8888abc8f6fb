# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a batch on a Ray cluster: one actor for each GPU, or for each core if there is no GPU.

The batch's folder is on this computer alone. Items are claimed and results published here, so no
item is done twice. The item of an actor that dies is given to another actor.
"""

from __future__ import annotations

import importlib
import io
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import EngineError, ErrorCode
from ..core.failures import first_line
from ..core.reporting import Reporter
from ..core.requests import Request
from ..remote.archive import files_under, pack, unpack
from ..remote.path_mapping import PathMapping, inputs
from ..remote.remote_model_cache import digest_of, local_model_folder
from .actor import Actor, SentModel, Task, TaskResult
from .html_report import HtmlReport
from .inputs import Item
from .item import POLL_S, clean_up, publish_result, record_failure, report_item
from .manifest import Manifest, State

ENGINE = Path(__file__).resolve().parents[1]
REQUIREMENTS = "engine/requirements-ray.txt"
ATTEMPTS = 3
"""Maximum number of attempts at an item whose actors die: the item itself may be the cause."""
STARTS = 3
"""Maximum number of consecutive failed starts per actor for which there is room."""


def run_on_ray(manifest: Manifest, reporter: Reporter, html_report: HtmlReport, address: str,
               limit: int = 0) -> None:
    """Run the items on at most `limit` Ray actors; 0 uses all that there is room for.

    Raises:
        EngineError: `ENVIRONMENT` without Ray or a cluster, or if no actor can start there; errors
            that stop the whole batch, see `item.GENERAL` and `item.OF_THE_MODEL`.
        JobCancelled: from the reporter.
    """
    ray = _connect(address)
    try:
        with _Pool(ray, manifest, reporter, limit) as pool:
            pool.run_items(html_report)
    finally:
        ray.shutdown()  # which ends the actors


def _connect(address: str) -> Any:
    # Ray reports usage statistics to its authors unless this is set.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise EngineError(ErrorCode.ENVIRONMENT, f"Ray is not installed: {error}",
                          f"install {REQUIREMENTS} into the engine's Python") from error
    try:
        # The code is sent too, so that both sides have the same version.
        ray.init(address, log_to_driver=False, logging_level="ERROR",
                 runtime_env={"py_modules": [str(ENGINE)], "excludes": ["__pycache__"]})
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise EngineError(
            ErrorCode.ENVIRONMENT, f"can't use the Ray cluster {address}: {first_line(error)}",
            "give auto on a computer of the cluster, else ray://HEAD:10001; all of them need the "
            "same Python and Ray") from error
    return ray


@dataclass
class _Worker:
    """An actor and its current item."""

    actor: Any
    promise: Any
    """Ray's reference to its start or to its result; None while it is idle."""
    item: Item | None = None
    claim: ExitStack = field(default_factory=ExitStack)


class _Pool:
    """The actors of one batch."""

    def __init__(self, ray: Any, manifest: Manifest, reporter: Reporter, limit: int) -> None:
        self._ray, self._manifest, self._reporter, self._limit = ray, manifest, reporter, limit
        self._workers: list[_Worker] = []
        self._models: dict[Path, SentModel] = {}
        self._attempts: dict[str, int] = {}
        self._failed_starts = 0
        self._waiting = list(manifest.todo)

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        """Unfinished items wait for the next run of the batch."""
        for worker in self._workers:
            if worker.item:
                self._manifest.set_state(worker.item, State.WAITING)
                worker.claim.close()

    def run_items(self, html_report: HtmlReport) -> None:
        """Work until every item is done or has failed."""
        total = len(self._waiting)
        while True:
            self._start_workers()
            self._assign()
            busy = sum(worker.item is not None for worker in self._workers)
            self._reporter.progress("images", total - len(self._waiting) - busy, total)
            if not self._waiting and not busy:
                return
            for worker in self._ready():
                self._collect(worker)
            html_report.update(self._manifest)

    def _start_workers(self) -> None:
        """Start as many actors as there are items and free devices.

        An actor without a free device waits without an item; a cluster may then add computers.
        """
        ray, resources = self._ray, self._ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        wanted = min(self._limit or gpus or int(resources.get("CPU", 0)),
                     len(self._waiting) + sum(worker.item is not None for worker in self._workers))
        need = {"num_gpus": 1} if gpus else {"num_cpus": 1}
        for _ in range(wanted - len(self._workers)):
            actor = ray.remote(**need)(Actor).remote()
            self._workers.append(_Worker(actor, actor.begin.remote()))

    def _assign(self) -> None:
        """Give an item to each idle actor."""
        idle = [worker for worker in self._workers if worker.promise is None]
        for item in list(self._waiting):
            if not idle:
                return
            if self._manifest.is_settled(item):
                self._waiting.remove(item)
                continue
            with ExitStack() as claim:
                if not claim.enter_context(self._manifest.claim(item)):
                    continue  # another process is working on it
                self._waiting.remove(item)
                if not self._manifest.is_settled(item) and self._assign_to(item, idle[-1]):
                    idle.pop().claim = claim.pop_all()

    def _assign_to(self, item: Item, worker: _Worker) -> bool:
        """Start an item on an actor. Returns False if the item fails before it starts."""
        try:
            if item.request is None:
                raise item.error
            task = self._task(item, item.request)
        except Exception as error:
            record_failure(item, self._manifest, error, 0.0)
            self._announce(item)
            return False
        worker.item = item  # first, so that the item waits again whenever this ends
        self._manifest.set_state(item, State.RUNNING)
        worker.promise = worker.actor.make.remote(task)
        return True

    def _task(self, item: Item, request: Request) -> Task:
        files, names = inputs(request)
        content = io.BytesIO()
        pack(files, content)
        folder = local_model_folder(request)
        model = self._stored_model(folder) if folder else None
        values = {**request.to_dict(), "out": item.name}
        return Task(request.KIND, values, content.getvalue(), names, model)

    def _stored_model(self, folder: Path) -> SentModel:
        if folder not in self._models:
            files = [(name, self._ray.put(np.fromfile(path, np.uint8)))
                     for path, name in files_under(folder)]
            self._models[folder] = SentModel(digest_of(folder), files)
        return self._models[folder]

    def _ready(self) -> list[_Worker]:
        """The actors that have finished their start or an item, after waiting up to `POLL_S`."""
        promises = [worker.promise for worker in self._workers if worker.promise is not None]
        if not promises:
            time.sleep(POLL_S)
            return []
        done, _ = self._ray.wait(promises, num_returns=1, timeout=POLL_S)
        return [worker for worker in self._workers if worker.promise in done]

    def _collect(self, worker: _Worker) -> None:
        """Take an actor's result, or its item if the actor is dead."""
        try:
            outcome = self._ray.get(worker.promise)
        except self._ray.exceptions.RayError as error:
            self._drop_worker(worker, error)
            return
        self._failed_starts = 0
        worker.promise, item = None, worker.item
        if item is None:
            return  # that was its start
        with worker.claim:
            worker.item = None
            self._settle(item, outcome)

    def _settle(self, item: Item, outcome: TaskResult) -> None:
        assert item.request is not None
        mapping = PathMapping()
        for name, file in inputs(item.request)[1].items():
            mapping.add(f"{outcome.folder}/in/{file}", getattr(item.request, name))
        mapping.add(f"{outcome.folder}/{item.name}", item.request.out)
        if outcome.model:
            mapping.add(outcome.model, item.request.to_dict()["model"])
        for level, text in outcome.logs:
            self._reporter.log(level, f"{item.name}: {mapping.to_local(text)}")
        unfinished = self._manifest.hidden / item.name
        try:
            outcome.error = mapping.to_local(outcome.error)
            outcome.check()
            clean_up(unfinished)
            result = unfinished / "result"
            unpack(io.BytesIO(outcome.files), result)
            mapping.localise_files(result)
            publish_result(item, self._manifest, result, outcome.seconds)
            self._manifest.set_state(item, State.DONE, outcome.seconds)
        except KeyboardInterrupt:
            self._manifest.set_state(item, State.WAITING)
            raise
        except Exception as error:
            record_failure(item, self._manifest, error, outcome.seconds)
        finally:
            clean_up(unfinished)
        self._announce(item)

    def _drop_worker(self, worker: _Worker, error: Exception) -> None:
        """Remove an actor that has died or does not answer; its item is tried again."""
        self._ray.kill(worker.actor)
        self._workers.remove(worker)
        reason, item = first_line(error), worker.item
        if item is None:
            self._failed_starts += 1
            if self._failed_starts >= STARTS * (len(self._workers) + 1):
                raise EngineError(
                    ErrorCode.ENVIRONMENT, f"the engine can't be started on the cluster: {reason}",
                    "install engine/requirements.txt into the Python of Ray on all its computers")
            return
        with worker.claim:
            worker.item = None
            attempts = self._attempts[item.name] = self._attempts.get(item.name, 0) + 1
            if attempts < ATTEMPTS:
                self._manifest.set_state(item, State.WAITING)
                self._waiting.insert(0, item)
                self._reporter.log("warning", f"{item.name} will be tried again: {reason}")
                return
            record_failure(item, self._manifest, EngineError(
                ErrorCode.ENGINE_DIED, f"the engine died {attempts} times: {reason}",
                "memory may have run out there: use fewer --workers"), 0.0)
        self._announce(item)

    def _announce(self, item: Item) -> None:
        report_item(self._manifest.entries()[item.name], self._reporter)
