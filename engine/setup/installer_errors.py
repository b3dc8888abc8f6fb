# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds out why pip or uv failed from the last lines of its output. Standard library only."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..core.errors import EngineError, ErrorCode

TOLD_LINES = 3
"""Last lines of the installer's output that are quoted in the message."""


@dataclass(frozen=True)
class _Cause:
    pattern: str
    """Regular expression for the output of pip or uv, in any case."""
    message: str
    hint: str


_CAUSES = (
    _Cause(r"socks support|pysocks|socks proxy",
           "the installer can't use the SOCKS proxy",
           "set an HTTP proxy in HTTPS_PROXY, or install from a folder of wheels"),
    _Cause(r"proxyerror|cannot connect to proxy|proxy (auth|connect)|tunnel|407 ",
           "the proxy doesn't let the installer through",
           "check the proxy in the system's settings or in HTTPS_PROXY"),
    _Cause(r"certificate|ssl:|sslerror|tls",
           "the package index's certificate isn't trusted",
           "a virus scanner or proxy may be in between: have the system trust its certificate"),
    _Cause(r"hash(es)? (mismatch|do not match)|do not match the hashes",
           "a download isn't what it should be",
           "it was damaged or replaced on its way: try again, or use another network or mirror"),
    _Cause(r"newconnectionerror|connecttimeout|readtimeout|timed out|name resolution|dns error|"
           r"error sending request|failed to (fetch|connect)|connection (refused|reset|error)|"
           r"unreachable|client error \(connect\)|failed to establish|no route",
           "the package index can't be reached",
           "check the network or the proxy (HTTPS_PROXY), or install from a folder of wheels"),
    _Cause(r"no matching distribution|no solution found|not found in the (package reg|provided)|"
           r"no wheels with a matching|doesn't have a (source distribution|wheel)|unsatisfiable",
           "a library isn't to be had for this Python and system",
           "build on another version of Python, or complete the folder of wheels"),
)
_NO_SPACE = r"no space left|errno 28|os error 28|os error 112|disk quota"
_NO_PERMISSION = r"read-only file system|permission denied|access is denied|os error (13|30)\b"


def installer_error(lines: Sequence[str], log: str) -> EngineError:
    """The error that explains an installer's last lines; its hint names the log.

    Raises:
        OSError: If the disk was full or read-only, as if this program had written.
    """
    said = "\n".join(lines)
    if re.search(_NO_SPACE, said, re.IGNORECASE):
        raise OSError(errno.ENOSPC, "the disk is full")
    if re.search(_NO_PERMISSION, said, re.IGNORECASE):
        raise OSError(errno.EACCES, _last(lines))
    for cause in _CAUSES:
        if re.search(cause.pattern, said, re.IGNORECASE):
            return EngineError(ErrorCode.ENVIRONMENT, f"{cause.message}: {_last(lines)}",
                               f"{cause.hint}; installing again resumes; the log is {log}")
    return EngineError(ErrorCode.ENVIRONMENT, f"the installer failed: {_last(lines)}",
                       f"try again; {log} has the whole story")


def _last(lines: Sequence[str]) -> str:
    told = [line.strip() for line in lines if line.strip()][-TOLD_LINES:]
    return " / ".join(told) or "it said nothing"
