# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that can take over parts of the work on fields, where they may.

None is needed. Which may is found out by `accelerators`, and said by `using`. What one fails to do,
torch does, from the same numbers: all that is learned stays ours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

import torch

from ..core.errors import EngineError, ErrorCode
from ..core.failures import first_line, is_out_of_memory

TINY_CUDA, NERFACC = "tinycudann", "nerfacc"
"""NVIDIA's tiny-cuda-nn: features of the hash grid. NerfAcc: where rays meet something."""
LIBRARIES = (TINY_CUDA, NERFACC)
FAILURES = (RuntimeError, ValueError, AssertionError)
"""What they raise: errors of CUDA, shapes that they can't do."""
Result = TypeVar("Result")


@dataclass
class Use:
    """Which libraries may work, where, and which of them have failed at it."""

    kind: str = ""
    """Of the devices."""
    names: frozenset[str] = frozenset()
    warn: Callable[[str], None] | None = None
    """Told once of a library that is given up; without it, none is, and its error is raised."""
    failures: dict[str, str] = field(default_factory=dict)
    """What the libraries that were given up have said."""

    def allows(self, name: str, device: torch.device) -> bool:
        """Whether a library is to work on a device."""
        return name in self.names and name not in self.failures and device.type == self.kind

    def either(self, name: str, device: torch.device, theirs: Callable[[], Result],
               ours: Callable[[], Result]) -> Result:
        """What a library makes of it where that may work, else what torch does.

        Raises:
            EngineError: `ENVIRONMENT` if a failure of the library has left a GPU on which nothing
                works any more, as an access to memory that isn't there does.
        """
        if not self.allows(name, device):
            return ours()
        try:
            return theirs()
        except FAILURES as error:
            if self.warn is None:
                raise
            self.failures[name] = first_line(error)
        try:
            result = ours()
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise EngineError(
                ErrorCode.ENVIRONMENT,
                f"{name} failed, and so does torch since: {self.failures[name]}",
                "start the engine again, then resume the job: it goes on without the library"
            ) from error
        self.warn(f"{name} failed, going on without it: {self.failures[name]}")
        return result


_current: ContextVar[Use] = ContextVar("_current")


def current() -> Use:
    """What was said last; without that, none may work."""
    return _current.get(Use())


@contextmanager
def using(device: torch.device, names: Collection[str],
          warn: Callable[[str], None] | None = None) -> Iterator[Use]:
    """Let libraries work on devices of this type, and on no others; `warn` as in `Use`."""
    use = Use(device.type, frozenset(names), warn)
    token = _current.set(use)
    try:
        yield use
    finally:
        _current.reset(token)
