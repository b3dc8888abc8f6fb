# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which CUDA libraries may replace parts of the field code at the moment.

`engine.fields.device_selection` finds out which libraries work, and `using` permits them for a
block of code. If a library fails, torch computes the same from the same numbers: all learned
parameters belong to this program, none to a library.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

import torch

from ...core.errors import EngineError, ErrorCode
from ...core.failures import first_line, is_out_of_memory

TINY_CUDA, NERFACC = "tinycudann", "nerfacc"
"""NVIDIA's tiny-cuda-nn computes the features of the hash grid; NerfAcc finds the samples of rays
in occupied voxels."""
LIBRARIES = (TINY_CUDA, NERFACC)
FAILURES = (RuntimeError, ValueError, AssertionError)
"""The exceptions that a failing library raises: CUDA errors and unsupported shapes."""
Result = TypeVar("Result")


@dataclass
class LibraryUse:
    """The permission to use libraries on one type of device."""

    device_type: str = ""
    """Such as "cuda"; empty permits none."""
    names: frozenset[str] = frozenset()
    """The permitted libraries."""
    warn: Callable[[str], None] | None = None
    """Called once for each library that fails. If None, the library's error is raised."""
    failures: dict[str, str] = field(default_factory=dict)
    """Libraries that have failed, with their error messages; they are not used any more."""

    def allows(self, name: str, device: torch.device) -> bool:
        """Whether a library may be used on a device."""
        return (name in self.names and name not in self.failures
                and device.type == self.device_type)

    def either(self, name: str, device: torch.device, by_library: Callable[[], Result],
               by_torch: Callable[[], Result]) -> Result:
        """The library's result if it may be used and works, otherwise torch's.

        Raises:
            EngineError: `ENVIRONMENT` if torch fails, too, after the library has failed: an access
                to invalid memory leaves a GPU unusable for the whole process.
        """
        if not self.allows(name, device):
            return by_torch()
        try:
            return by_library()
        except FAILURES as error:
            if self.warn is None:
                raise
            self.failures[name] = first_line(error)
        try:
            result = by_torch()
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise EngineError(
                ErrorCode.ENVIRONMENT,
                f"{name} failed, and torch has failed since: {self.failures[name]}",
                "restart the engine, then resume the job: it continues without the library"
            ) from error
        self.warn(f"{name} failed, continuing without it: {self.failures[name]}")
        return result


_current: ContextVar[LibraryUse] = ContextVar("_current")


def current() -> LibraryUse:
    """The permission in force; outside `using`, none."""
    return _current.get(LibraryUse())


@contextmanager
def using(device: torch.device, names: Collection[str],
          warn: Callable[[str], None] | None = None) -> Iterator[LibraryUse]:
    """Permit libraries on devices of this device's type only; `warn` as in `LibraryUse`."""
    use = LibraryUse(device.type, frozenset(names), warn)
    token = _current.set(use)
    try:
        yield use
    finally:
        _current.reset(token)
