# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch on a Ray cluster: an actor for each GPU, or for each core where there is none.

The folder is on this computer alone. Claims are held and results published here, so an item can't
be done twice, whatever becomes of the actors: what one has taken along when its computer died is
given to another.
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
from ..core.reporting import Reporter
from ..core.requests import Request
from ..remote.archive import files_under, pack, unpack
from ..remote.path_mapping import Places, inputs
from ..remote.remote_model_cache import digest_of, given_model
from .actor import Actor, Delivery, Order, SentModel
from .html_report import Page
from .inputs import Item
from .item import PAGE_S, POLL_S, announce, fail, keep, tidy
from .manifest import Board, State

ENGINE = Path(__file__).resolve().parents[1]
REQUIREMENTS = "engine/requirements-ray.txt"
ATTEMPTS = 3
"""So often is an item tried whose actor dies: it may be what kills it."""
STARTS = 3
"""So many actors may fail to start in a row, for each there is room for."""


def spread(board: Board, reporter: Reporter, page: Page, address: str, limit: int = 0) -> None:
    """Have the items done by so many actors of a cluster; 0: all that there is room for.

    Raises:
        EngineError: `ENVIRONMENT` without Ray or a cluster, or if no actor can start there; what
            is wrong in general, see `item.GENERAL` and `item.OF_THE_MODEL`.
        JobCancelled: from the reporter.
    """
    ray = _connect(address)
    try:
        with _Crew(ray, board, reporter, limit) as crew:
            crew.work(page)
    finally:
        ray.shutdown()  # which ends the actors


def _connect(address: str) -> Any:
    # Ray reports its use to its authors unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise EngineError(ErrorCode.ENVIRONMENT, f"Ray is not installed: {error}",
                          f"install {REQUIREMENTS} into the engine's Python") from error
    try:
        # The code goes along: both sides are of the same version.
        ray.init(address, log_to_driver=False, logging_level="ERROR",
                 runtime_env={"py_modules": [str(ENGINE)], "excludes": ["__pycache__"]})
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EngineError(
            ErrorCode.ENVIRONMENT, f"can't use the Ray cluster {address}: {reason}",
            "give auto on a computer of the cluster, else ray://HEAD:10001; all of them need the "
            "same Python and Ray") from error
    return ray


@dataclass
class _Hand:
    """An actor, and what it is at."""

    actor: Any
    promise: Any
    """Of its start, or of the delivery of its item; None while it has nothing to do."""
    item: Item | None = None
    claim: ExitStack = field(default_factory=ExitStack)


class _Crew:
    """The actors of one batch."""

    def __init__(self, ray: Any, board: Board, reporter: Reporter, limit: int) -> None:
        self._ray, self._board, self._reporter, self._limit = ray, board, reporter, limit
        self._hands: list[_Hand] = []
        self._models: dict[Path, SentModel] = {}
        self._attempts: dict[str, int] = {}
        self._failed_starts = 0
        self._waiting = list(board.todo)

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *_: object) -> None:
        """What isn't done is put aside, for the next time."""
        for hand in self._hands:
            if hand.item:
                self._board.enter(hand.item, State.WAITING)
                hand.claim.close()

    def work(self, page: Page) -> None:
        """Until every item is done or has failed."""
        total, written = len(self._waiting), time.monotonic()
        while True:
            self._hire()
            self._hand_out()
            busy = sum(hand.item is not None for hand in self._hands)
            self._reporter.progress("pictures", total - len(self._waiting) - busy, total)
            if not self._waiting and not busy:
                return
            for hand in self._ready():
                self._take_back(hand)
            if time.monotonic() - written > PAGE_S:
                page.write(list(self._board.entries().values()))
                written = time.monotonic()

    def _hire(self) -> None:
        """As many actors as there is room for and work. One that finds no place yet waits for it
        without work; that may be what has a cluster grow."""
        ray, resources = self._ray, self._ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        wanted = min(self._limit or gpus or int(resources.get("CPU", 0)),
                     len(self._waiting) + sum(hand.item is not None for hand in self._hands))
        need = {"num_gpus": 1} if gpus else {"num_cpus": 1}
        for _ in range(wanted - len(self._hands)):
            actor = ray.remote(**need)(Actor).remote()
            self._hands.append(_Hand(actor, actor.begin.remote()))

    def _hand_out(self) -> None:
        """An item for each actor that has none."""
        idle = [hand for hand in self._hands if hand.promise is None]
        for item in list(self._waiting):
            if not idle:
                return
            if self._board.is_settled(item):
                self._waiting.remove(item)
                continue
            with ExitStack() as claim:
                if not claim.enter_context(self._board.claim(item)):
                    continue  # somebody else is at it
                self._waiting.remove(item)
                if not self._board.is_settled(item) and self._give(item, idle[-1]):
                    idle.pop().claim = claim.pop_all()

    def _give(self, item: Item, hand: _Hand) -> bool:
        """Whether the actor is at it now; else it has failed."""
        try:
            if item.request is None:
                raise item.error
            order = self._order(item, item.request)
        except Exception as error:
            fail(item, self._board, error, 0.0)
            self._announce(item)
            return False
        hand.item = item  # first: what is said to run is put aside whenever this ends
        self._board.enter(item, State.RUNNING)
        hand.promise = hand.actor.make.remote(order)
        return True

    def _order(self, item: Item, request: Request) -> Order:
        files, names = inputs(request)
        content = io.BytesIO()
        pack(files, content)
        folder = given_model(request)
        model = self._sent(folder) if folder else None
        values = {**request.to_dict(), "out": item.name}
        return Order(request.KIND, values, content.getvalue(), names, model)

    def _sent(self, folder: Path) -> SentModel:
        if folder not in self._models:
            files = [(name, self._ray.put(np.fromfile(path, np.uint8)))
                     for path, name in files_under(folder)]
            self._models[folder] = SentModel(digest_of(folder), files)
        return self._models[folder]

    def _ready(self) -> list[_Hand]:
        """Those with news, after waiting for them for a while."""
        promises = [hand.promise for hand in self._hands if hand.promise is not None]
        if not promises:
            time.sleep(POLL_S)
            return []
        done, _ = self._ray.wait(promises, num_returns=1, timeout=POLL_S)
        return [hand for hand in self._hands if hand.promise in done]

    def _take_back(self, hand: _Hand) -> None:
        """Its result, or its item if it is dead."""
        try:
            delivery = self._ray.get(hand.promise)
        except self._ray.exceptions.RayError as error:
            self._dismiss(hand, error)
            return
        self._failed_starts = 0
        hand.promise, item = None, hand.item
        if item is None:
            return  # it has begun
        with hand.claim:
            hand.item = None
            self._settle(item, delivery)

    def _settle(self, item: Item, delivery: Delivery) -> None:
        assert item.request is not None
        places = Places()
        for name, file in inputs(item.request)[1].items():
            places.add(f"{delivery.folder}/in/{file}", getattr(item.request, name))
        places.add(f"{delivery.folder}/{item.name}", item.request.out)
        if delivery.model:
            places.add(delivery.model, item.request.to_dict()["model"])
        for level, text in delivery.logs:
            self._reporter.log(level, f"{item.name}: {places.localised(text)}")
        unfinished = self._board.hidden / item.name
        try:
            delivery.error = places.localised(delivery.error)
            delivery.check()
            tidy(unfinished)
            result = unfinished / "result"
            unpack(io.BytesIO(delivery.files), result)
            places.localise_files(result)
            keep(item, self._board, result, delivery.seconds)
            self._board.enter(item, State.DONE, delivery.seconds)
        except KeyboardInterrupt:
            self._board.enter(item, State.WAITING)
            raise
        except Exception as error:
            fail(item, self._board, error, delivery.seconds)
        finally:
            tidy(unfinished)
        self._announce(item)

    def _dismiss(self, hand: _Hand, error: Exception) -> None:
        """Do without an actor that has died or doesn't answer; its item is tried again."""
        self._ray.kill(hand.actor)
        self._hands.remove(hand)
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        item = hand.item
        if item is None:
            self._failed_starts += 1
            if self._failed_starts >= STARTS * (len(self._hands) + 1):
                raise EngineError(
                    ErrorCode.ENVIRONMENT, f"the engine can't start on the cluster: {reason}",
                    "install engine/requirements.txt into the Python of Ray on all its computers")
            return
        with hand.claim:
            hand.item = None
            attempts = self._attempts[item.name] = self._attempts.get(item.name, 0) + 1
            if attempts < ATTEMPTS:
                self._board.enter(item, State.WAITING)
                self._waiting.insert(0, item)
                self._reporter.log("warning", f"{item.name} is tried again: {reason}")
                return
            fail(item, self._board, EngineError(
                ErrorCode.ENGINE_DIED, f"the engine died {attempts} times: {reason}",
                "memory may have run out there: take fewer --workers"), 0.0)
        self._announce(item)

    def _announce(self, item: Item) -> None:
        announce(self._board.entries()[item.name], self._reporter)
