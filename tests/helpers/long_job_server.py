# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real server with kinds of jobs for tests: long, not cancellable, noisy, failing. It runs as a
script and finds the project's root by its own path.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import Reporter
from engine.jobs.server import Handler, default_handlers, serve

Values = dict[str, Any]


class OutOfMemoryError(RuntimeError):
    """Named like torch's."""


ERRORS = {
    "engine": EngineError(ErrorCode.MODEL_MISSING, "no such model", "get one"),
    "memory": MemoryError(),
    "accelerator": OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    "allocator": RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to ..."),
    "cublas": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"),
    "full disk": OSError(errno.ENOSPC, "No space left on device"),
    "library": ModuleNotFoundError("No module named 'xatlas'", name="xatlas"),
    "defect": ValueError("what nobody thought of"),
}


def count(values: Values, reporter: Reporter) -> Values:
    """Steps that take `sleep` seconds each."""
    for i in range(values["steps"]):
        time.sleep(values.get("sleep", 0.0))
        reporter.progress("count", i + 1, values["steps"])
    return {"counted": values["steps"]}


def deaf(values: Values, reporter: Reporter) -> Values:
    """A computation without steps that keeps the interpreter busy."""
    reporter.progress("deaf", 0, 1)
    end = time.monotonic() + values["seconds"]
    while time.monotonic() < end:
        sum(range(1000))
    return {}


def noisy(values: Values, reporter: Reporter) -> Values:
    """Writes to stdout in every possible way, and reads stdin."""
    print("a library prints")
    sys.__stdout__.write('{"type": "done", "job": "forged"}\n')  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]
    os.write(1, b"a C library prints\n")
    subprocess.run([sys.executable, "-c", "import sys; print('a child prints', sys.stdin.read())"],
                   check=True)
    return {"read": sys.stdin.read()}


def fail(values: Values, reporter: Reporter) -> Values:
    raise ERRORS[values["error"]]


def die(values: Values, reporter: Reporter) -> Values:
    print("the last words", file=sys.stderr, flush=True)
    os._exit(values["status"])


def leave_grandchild(values: Values, reporter: Reporter) -> Values:
    """Start a process that outlives the engine and holds its pipe to the parent open."""
    fd = next(fd for fd in map(int, os.listdir("/proc/self/fd")) if fd > 2 and _is_pipe_end(fd))
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"], pass_fds=[fd],
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os._exit(3)


def _is_pipe_end(fd: int) -> bool:
    """Whether a descriptor is the write end of a pipe."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:") and os.write(fd, b"\n") == 1
    except OSError:
        return False


HANDLERS: dict[str, Handler] = {"count": count, "deaf": deaf, "noisy": noisy, "fail": fail,
                                "die": die, "grandchild": leave_grandchild}

if __name__ == "__main__":
    sys.exit(serve(default_handlers() | HANDLERS))
