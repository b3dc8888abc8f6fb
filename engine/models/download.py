# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models from the network: fetched, checked, turned into a model folder.

huggingface_hub talks to the servers, also to those that aren't hubs: it knows proxies, mirrors
(HF_ENDPOINT), its own token, and goes on after a break. What is fetched stays in a folder of its
own until the model is complete, so that a stopped download goes on from there.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from filelock import FileLock, Timeout
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers, disable_progress_bars
from huggingface_hub.utils.logging import set_verbosity_error

from ..core.errors import EngineError, ErrorCode
from ..core.failures import is_disk_error
from ..core.files import sha256
from ..core.reporting import Reporter
from .catalogue import ModelInfo, Task, models_folder
from .checkpoint import import_checkpoint
from .folder import DOWNLOADS, MB
from .licence_store import expected_sha256, pin_sha256, require_licence, unpin_sha256

GOES_ON = "the same command goes on from there"
_CHUNK = 1024 * 1024
"""Bytes between two looks at the reporter, and the most that a break loses."""
_RESTARTS = 5


@dataclass(frozen=True)
class Remote:
    """A file on a server, as the server describes it."""

    file: str
    url: str
    headers: dict[str, str]
    bytes: int | None
    etag: str
    """Another content has another one."""

    @property
    def sha256(self) -> str:
        """The digest, where the server tells it: hubs do for weights."""
        return self.etag if re.fullmatch("[0-9a-f]{64}", self.etag) else ""

    @property
    def part(self) -> str:
        """Name for what is there so far. Another content must not be appended to it."""
        key = hashlib.sha256(f"{self.etag} {self.bytes}".encode()).hexdigest()[:12]
        return f"{self.file}.{key}.part"


def download(info: ModelInfo, reporter: Reporter, *, accept_licence: bool = False,
             dtype: torch.dtype | None = None) -> Path:
    """Have a model of the catalogue in the models folder; nothing happens if it is there.

    Args:
        reporter: told of megabytes; when it stops the job, what was fetched is kept.
        accept_licence: the person has read the licence and accepts it; remembered.
        dtype: of the imported weights; None leaves them as they are.

    Returns:
        The model's folder, or its file if it is one file.

    Raises:
        EngineError: `BAD_INPUT` without the licence's acceptance, `MODEL_MISSING` if the server
            doesn't have or give it, `MODEL_DAMAGED` if it isn't what was expected, `ENVIRONMENT`
            without a network, `DISK`; and what `import_checkpoint` raises.
    """
    result = info.file if info.task is Task.SEGMENTATION else info.folder
    require_licence(info, accept_licence)
    if info.installed:
        return result
    disable_progress_bars()
    set_verbosity_error()
    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK
    constants.HF_HUB_DISABLE_TELEMETRY = True
    with _folder(info) as folder:
        remotes = [_look_up(info, file) for file in info.files]
        _check_space(info, remotes, folder)
        files = [_fetch(info, remote, folder, reporter) for remote in remotes]
        try:
            _install(info, files, dtype, reporter)
        except EngineError as error:
            if error.code is ErrorCode.MODEL_DAMAGED:  # as served: nothing to go on from
                shutil.rmtree(folder, ignore_errors=True)
                unpin_sha256(info)
            raise
        shutil.rmtree(folder, ignore_errors=True)
    return result


@contextmanager
def _folder(info: ModelInfo) -> Iterator[Path]:
    """The folder for what is fetched, for one process at a time."""
    folder = models_folder() / DOWNLOADS / info.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{info.name}.lock"), timeout=0):
            yield folder
    except Timeout as error:
        raise EngineError(ErrorCode.BAD_INPUT, f"{info.name} is being downloaded already",
                          "wait for that to end") from error
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write to {folder}: {error.strerror or error}",
                          f"free some space; {GOES_ON}") from error


def _look_up(info: ModelInfo, file: str) -> Remote:
    """Ask the server about a file."""
    hub = "://" not in info.repo
    # The token is the hub's; no other server may see it.
    headers = build_hf_headers(token=None if hub else False)
    endpoint = os.environ.get("HF_ENDPOINT") or None
    url = hf_hub_url(info.repo, file, endpoint=endpoint) if hub else f"{info.repo}/{file}"
    try:
        metadata = get_hf_file_metadata(url, token=None if hub else False, headers=headers)
    except (HTTPError, OSError, ValueError) as error:
        raise _network_error(info, error) from error
    if hub and metadata.commit_hash:  # the same content, whatever is uploaded meanwhile
        url = hf_hub_url(info.repo, file, revision=metadata.commit_hash, endpoint=endpoint)
    remote = Remote(file, url, headers, metadata.size or None, metadata.etag or "")
    known = expected_sha256(info, file)
    if known and remote.sha256 and remote.sha256 != known:
        raise _other_content(info, file, remote.sha256, known)
    return remote


def _fetch(info: ModelInfo, remote: Remote, folder: Path, reporter: Reporter) -> Path:
    """The complete file, its content checked."""
    done = folder / remote.file
    part = folder / remote.part
    for stale in folder.glob(f"{remote.file}.*.part"):
        if stale != part:
            stale.unlink()
    if not done.is_file():
        _transfer(info, remote, part, reporter)
        _check_content(info, remote, part, reporter)
        part.rename(done)
    return done


def _transfer(info: ModelInfo, remote: Remote, part: Path, reporter: Reporter) -> None:
    """Append to `part` what it lacks."""
    with part.open("ab") as file:
        start = file.tell()
        try:
            http_get(remote.url, Watched(file, remote, reporter), resume_size=start,  # type: ignore[arg-type]
                     headers=remote.headers, expected_size=remote.bytes)
        except (HTTPError, OSError) as error:
            if is_disk_error(error):
                raise
            if getattr(getattr(error, "response", None), "status_code", 0) == 416:
                file.truncate(0)  # the server knows nothing of such a length
            got = f" after {file.tell() // MB} MB" if file.tell() else ""
            raise _network_error(info, error, got) from error


def _check_content(info: ModelInfo, remote: Remote, part: Path, reporter: Reporter) -> None:
    """Compare the digest with all that is known of it, and pin it if nothing is."""
    total, done = part.stat().st_size, 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        reporter.progress("check (MB)", done // MB, max(total // MB, 1))

    digest = sha256(part, progress)
    known = expected_sha256(info, remote.file)
    for expected in filter(None, (known, remote.sha256)):
        if digest != expected:
            part.unlink()
            raise _other_content(info, remote.file, digest, expected)
    if not known:
        pin_sha256(info, remote.file, digest)


def _install(info: ModelInfo, files: list[Path], dtype: torch.dtype | None,
             reporter: Reporter) -> None:
    """Turn what was fetched into what is used."""
    if info.task is Task.SEGMENTATION:
        os.replace(files[0], info.file)
        return
    config = next((file for file in files if file.suffix == ".yaml"), None)
    import_checkpoint(files[0], config, out=info.folder, pose_encoding=info.pose_encoding,
                      dtype=dtype, reporter=reporter)


def _check_space(info: ModelInfo, remotes: list[Remote], folder: Path) -> None:
    """Refuse before gigabytes are fetched rather than after."""
    sizes = [remote.bytes or 0 for remote in remotes]
    there = sum(path.stat().st_size for path in folder.iterdir())
    needed = (sum(sizes) or info.size_bytes) - there
    if info.task is Task.VIEWS:
        needed += info.installed_bytes
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise EngineError(
            ErrorCode.DISK, f"{info.name} takes {needed / 1e9:.1f} GB until it is installed, "
            f"{free / 1e9:.1f} GB are free in {models_folder()}",
            "make room, or choose another models folder")


class Watched:
    """A file that tells the reporter how far it is. What it raises stops the transfer."""

    def __init__(self, file: BinaryIO, remote: Remote, reporter: Reporter) -> None:
        self._file, self._reporter = file, reporter
        self._total = (remote.bytes or 0) // MB
        self._restarts = 0
        self.tell, self.seek = file.tell, file.seek

    def truncate(self) -> int:
        """Start anew, where the server can't go on. The library would try for ever."""
        self._restarts += 1
        if self._restarts > _RESTARTS:
            raise OSError("the connection breaks off every time")
        return self._file.truncate()

    def write(self, data: bytes) -> int:
        """Write, then report."""
        count = self._file.write(data)
        done = self._file.tell() // MB
        self._reporter.progress("download (MB)", done, max(self._total, done, 1))
        return count


def _other_content(info: ModelInfo, file: str, found: str, expected: str) -> EngineError:
    return EngineError(
        ErrorCode.MODEL_DAMAGED,
        f"{file} of {info.repo} has the sha256 {found[:16]}... where {expected[:16]}... belongs",
        "fetch it again; if this stays, don't trust the server")


def _network_error(info: ModelInfo, error: Exception, got: str = "") -> EngineError:
    """What a person is told. Never the URL of the answer: a redirected one is signed."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, OfflineModeIsEnabled):
        return EngineError(ErrorCode.ENVIRONMENT, f"{info.name} can't be fetched: the hub is "
                           "switched off", "unset HF_HUB_OFFLINE")
    if status in (401, 403):
        return EngineError(
            ErrorCode.MODEL_MISSING, f"{info.repo} gives its files only after a registration",
            f"accept its terms on https://huggingface.co/{info.repo}, then log in with "
            "`hf auth login` or set HF_TOKEN" if info.gated else
            "log in with `hf auth login` or set HF_TOKEN")
    if status == 404:
        return EngineError(ErrorCode.MODEL_MISSING, f"{info.repo} has no such file any more",
                           "try another server (HF_ENDPOINT), or import a file that you have")
    reason = f"the server answers {status}" if status else (
        str(error).strip().partition("\n")[0] or type(error).__name__)
    return EngineError(ErrorCode.ENVIRONMENT, f"{info.name} can't be fetched{got}: {reason}",
                       f"check the network and its proxy; {GOES_ON}")
