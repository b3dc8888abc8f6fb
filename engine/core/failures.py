# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns any exception into an `EngineError`, which a person can act on.

Exceptions of libraries are recognised by class names and messages, so that reporting a failure of
torch does not import torch. Standard library only.
"""

from __future__ import annotations

import errno

from .errors import EngineError, ErrorCode, JobCancelled

_DISK_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG}
_PATH_ERRNOS = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY,
                errno.ENAMETOOLONG, errno.ELOOP, errno.EIO, errno.ESTALE}
"""Errors of a correct path, caused by other programs that move files, or by a bad disk."""
_DISK_HINTS = {
    **dict.fromkeys(_DISK_ERRNOS, "free some space, or choose a folder that you may write to"),
    **dict.fromkeys(_PATH_ERRNOS, "check the path; if something has moved or removed files "
                    "meanwhile, try again")}
_LONGEST = 500
"""Most characters of an exception's text that are shown."""
_MEMORY_PHRASES = ("out of memory", "can't allocate memory", "cannot allocate memory",
                   "not enough memory", "could not create a primitive",
                   "could not create a memory object", "status_alloc_failed")
"""Texts of out-of-memory errors. The last three come from oneDNN, cuBLAS and cuDNN."""


def as_engine_error(error: BaseException, stopped: str = "nothing was written") -> EngineError:
    """The error with a code and a hint; an `EngineError` is returned as it is.

    `stopped`: the hint if a person has stopped the job.
    """
    if isinstance(error, EngineError):
        return error
    if isinstance(error, (JobCancelled, KeyboardInterrupt)):
        return EngineError(ErrorCode.CANCELLED, "stopped before the end", stopped)
    if is_out_of_memory(error):
        return _out_of_memory(error)
    if isinstance(error, OSError) and error.errno in _DISK_HINTS:
        return EngineError(ErrorCode.DISK, first_line(error), _DISK_HINTS[error.errno])
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] != "engine":
        return _missing_library(error)
    return EngineError(
        ErrorCode.INTERNAL, f"{type(error).__name__}: {first_line(error)}",
        "this is a bug in the engine; its log has the traceback (command line: --debug)")


def _out_of_memory(error: BaseException) -> EngineError:
    """The error of a failed memory allocation, with a hint that suits the device."""
    # CUDA's message continues with the memory of every process on the GPU.
    wanted = first_line(error).partition(". GPU ")[0]
    if _is_of_accelerator(error):
        return EngineError(
            ErrorCode.OUT_OF_MEMORY, f"the GPU's memory ran out: {wanted}",
            "close other programs that use the GPU, ask for fewer views or samples, or compute "
            "on the CPU")
    return EngineError(
        ErrorCode.OUT_OF_MEMORY, f"memory ran out: {wanted}",
        "close other programs, or ask for fewer views or samples or a lower resolution")


def _missing_library(error: ImportError) -> EngineError:
    if "socks" in str(error).lower():
        return EngineError(
            ErrorCode.ENVIRONMENT, "the proxy is a SOCKS proxy, and the library for it is missing",
            "set an HTTP proxy in HTTPS_PROXY, or install socksio into the engine's Python")
    return EngineError(
        ErrorCode.ENVIRONMENT, f"a library can't be loaded: {first_line(error)}",
        "run `python -m engine doctor` to see what is missing")


def is_disk_error(error: BaseException) -> bool:
    """Whether a file cannot be written because space or permission is missing."""
    return isinstance(error, OSError) and error.errno in _DISK_ERRNOS


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, NumPy or torch, on any device, could not allocate memory."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # torch reports its CPU allocator's and Metal's failures as bare RuntimeErrors.
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(phrase in text for phrase in _MEMORY_PHRASES)


def _is_of_accelerator(error: BaseException) -> bool:
    """Whether the memory of a GPU ran out, not the main memory."""
    text = str(error).lower()
    return any(word in text for word in ("cuda", "hip ", "mps", "xpu", "gpu", "cublas", "cudnn"))


def unfinished(error: EngineError) -> EngineError:
    """The error of a job that can be resumed. The hint of an out-of-memory error then suggests more
    memory or another device, because a resumed job keeps its settings; other errors are unchanged.
    """
    if error.code is not ErrorCode.OUT_OF_MEMORY:
        return error
    if _is_of_accelerator(error):
        return EngineError(error.code, error.message, "close other programs that use the GPU and "
                           "resume the job, or resume it on the CPU: the completed work is kept")
    return EngineError(error.code, error.message,
                       "close other programs and resume the job: the completed work is kept")


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, shortened; the name of its class if it has no text."""
    lines = str(error).strip().splitlines()
    return lines[0][:_LONGEST] if lines else type(error).__name__
