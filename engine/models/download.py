# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads models, checks them, and installs them as model folders.

huggingface_hub connects to all servers, also to other ones than Hugging Face's: it supports
proxies, mirrors (HF_ENDPOINT) and tokens, and resumes after an interruption. Downloaded files stay
in a separate folder until the model is complete, so that a stopped download can be resumed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers, disable_progress_bars
from huggingface_hub.utils.logging import set_verbosity_error

from ..core.errors import EngineError, ErrorCode
from ..core.failures import is_disk_error
from ..core.files import sha256
from ..core.locks import try_lock
from ..core.reporting import Reporter
from ..core.request import RESUMES_HINT
from ..core.staging import staged_file, staged_folder
from .catalogue import ModelInfo, Task, models_folder
from .folder import DOWNLOADS, MB, check_links, is_inside, write_record
from .hub_cache import cached_files, cached_snapshot
from .licence_store import expected_sha256, pin_sha256, require_licence, unpin_sha256
from .repository_files import files_to_fetch
from .stale_files import alone_at

if TYPE_CHECKING:
    import torch

_CHUNK = 1024 * 1024
"""Bytes between two progress reports; an interruption loses at most this many."""
_RESTARTS = 5


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server, as the server describes it."""

    file: str
    """Path in the repository, with slashes."""
    url: str
    headers: dict[str, str]
    bytes: int | None
    etag: str
    """The server's identifier of the content, which changes with the content."""

    @property
    def sha256(self) -> str:
        """The digest, if the server states it; Hugging Face does for weights."""
        return self.etag if re.fullmatch("[0-9a-f]{64}", self.etag) else ""

    @property
    def part(self) -> str:
        """Name of the incomplete file. It depends on the content, so that contents never mix."""
        key = hashlib.sha256(f"{self.etag} {self.bytes}".encode()).hexdigest()[:12]
        return f"{self.file}.{key}.part"


@dataclass(frozen=True)
class Transfer:
    """One download: its model, its folder and its reporter."""

    info: ModelInfo
    folder: Path
    """Folder of the downloaded files until the model is complete."""
    reporter: Reporter
    total_bytes: int
    """Total size of all files; 0 if the server does not state it."""

    def fetched_bytes(self) -> int:
        """Bytes of all files that have been downloaded so far."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def download(info: ModelInfo, reporter: Reporter, *, accept_licence: bool = False,
             dtype: torch.dtype | None = None) -> Path:
    """Install a model of the catalogue into the models folder, unless it is installed. Files in
    the Hugging Face cache are not downloaded again.

    Args:
        reporter: receives the progress in megabytes; if it cancels the job, downloaded data are
            kept.
        accept_licence: the user has read and accepted the licence, which is recorded.
        dtype: number format of the imported weights; None keeps it.

    Returns:
        The model's folder, or its file if it consists of one file.

    Raises:
        EngineError: `BAD_INPUT` if the licence was not accepted, `MODEL_MISSING` if the server
            does not have or refuses the model, `MODEL_DAMAGED` for unexpected content,
            `ENVIRONMENT` without a network, `DISK`; and the errors of `import_checkpoint`.
    """
    result = info.file if info.task is Task.SEGMENTATION else info.folder
    require_licence(info, accept_licence)
    if info.installed:
        return result
    with _folder(info) as folder:
        cached = _cached(info, reporter)
        if cached is not None:
            reporter.log("info", f"{info.name} is taken from the Hugging Face cache")
            _install(info, cached, dtype, reporter)
        else:
            _fetch_all(info, folder, dtype, reporter)
        shutil.rmtree(folder, ignore_errors=True)
    return result


def _fetch_all(info: ModelInfo, folder: Path, dtype: torch.dtype | None,
               reporter: Reporter) -> None:
    """Download the model's files and install them."""
    disable_progress_bars()
    set_verbosity_error()
    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK
    constants.HF_HUB_DISABLE_TELEMETRY = True
    remotes = [_look_up(info, file) for file in _wanted(info)]
    _check_space(info, remotes, folder)
    transfer = Transfer(info, folder, reporter, sum(remote.bytes or 0 for remote in remotes))
    files = [_fetch(transfer, remote) for remote in remotes]
    try:
        _install(info, [folder] if info.whole_repository else files, dtype, reporter)
    except EngineError as error:
        if error.code is ErrorCode.MODEL_DAMAGED:  # as served: nothing to resume from
            shutil.rmtree(folder, ignore_errors=True)
            unpin_sha256(info)
        raise


def _cached(info: ModelInfo, reporter: Reporter) -> list[Path] | None:
    """The model's files or its snapshot in the Hugging Face cache; None unless they are complete
    and every known digest matches.
    """
    if "://" in info.repo:
        return None
    snapshot = cached_snapshot(info.repo)
    if snapshot is None:
        return None
    if not info.whole_repository:
        files = cached_files(info.repo, info.files)
        return files if files and all(_is_right(info, file, reporter) for file in files) else None
    try:
        names = files_to_fetch((path.relative_to(snapshot).as_posix()
                                for path in snapshot.rglob("*") if path.is_file()), info.task)
        check_links(snapshot)
    except (ValueError, EngineError):
        return None
    return [snapshot] if all(_is_right(info, snapshot / name, reporter, name)
                             for name in names) else None


def _is_right(info: ModelInfo, path: Path, reporter: Reporter, name: str = "") -> bool:
    """Whether a cached file has the expected digest and the one in its name, if there is any."""
    stored = path.resolve().name
    expected = {expected_sha256(info, name or path.name),
                stored if re.fullmatch("[0-9a-f]{64}", stored) else ""} - {""}
    return not expected or expected == {_digest(path, reporter)}


def _digest(path: Path, reporter: Reporter) -> str:
    total, done = path.stat().st_size, 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        reporter.progress("check (MB)", done // MB, max(total // MB, 1))

    return sha256(path, progress)


@contextmanager
def _folder(info: ModelInfo) -> Iterator[Path]:
    """Lock and yield the folder for downloaded files, which one process at a time may use."""
    folder = models_folder() / DOWNLOADS / info.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with try_lock(folder.with_name(f"{info.name}.lock")) as held:
            if not held:
                raise EngineError(ErrorCode.BAD_INPUT, f"{info.name} is already being downloaded",
                                  "wait until that download has ended")
            yield folder
    except OSError as error:
        raise EngineError(ErrorCode.DISK, f"can't write to {folder}: {error.strerror or error}",
                          f"free some space; {RESUMES_HINT}") from error


def _wanted(info: ModelInfo) -> Sequence[str]:
    """The files to download: those of the catalogue's entry, or those needed of a repository."""
    if not info.whole_repository:
        return info.files
    try:
        listed = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None).model_info(info.repo)
        names = [entry.rfilename for entry in listed.siblings or ()]
    except (HTTPError, OSError, ValueError, TypeError, KeyError) as error:
        raise _network_error(info, error) from error
    try:
        return files_to_fetch(filter(is_inside, names), info.task)
    except ValueError as error:
        raise EngineError(ErrorCode.MODEL_MISSING,
                          f"{info.repo} no longer contains a complete model: {error}",
                          "choose another model, or import a file that you have") from error


def _look_up(info: ModelInfo, file: str) -> RemoteFile:
    """Query the server for the size and the content's identifier of a file."""
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
    remote = RemoteFile(file, url, headers, metadata.size or None, metadata.etag or "")
    known = expected_sha256(info, file)
    if known and remote.sha256 and remote.sha256 != known:
        raise _other_content(info, file, remote.sha256, known)
    return remote


def _fetch(transfer: Transfer, remote: RemoteFile) -> Path:
    """Download a file completely and check its content."""
    done = transfer.folder / remote.file
    part = transfer.folder / remote.part
    done.parent.mkdir(parents=True, exist_ok=True)
    for stale in transfer.folder.glob(f"{remote.file}.*.part"):
        if stale != part:
            stale.unlink()
    if not done.is_file():
        _append(transfer, remote, part)
        _check_content(transfer, remote, part)
        part.rename(done)
    return done


def _append(transfer: Transfer, remote: RemoteFile, part: Path) -> None:
    """Download the rest of a file to the end of the incomplete file `part`."""
    with part.open("ab") as file:
        start = file.tell()
        try:
            http_get(remote.url, Watched(file, transfer, remote), resume_size=start,  # type: ignore[arg-type]
                     headers=remote.headers, expected_size=remote.bytes)
        except (HTTPError, OSError) as error:
            if is_disk_error(error):
                raise
            if getattr(getattr(error, "response", None), "status_code", 0) == 416:
                file.truncate(0)  # the server knows nothing of such a length
            got = f" after {file.tell() // MB} MB" if file.tell() else ""
            raise _network_error(transfer.info, error, got) from error


def _check_content(transfer: Transfer, remote: RemoteFile, part: Path) -> None:
    """Compare the digest with every known one, and pin it if none is known."""
    info = transfer.info
    digest = _digest(part, transfer.reporter)
    known = expected_sha256(info, remote.file)
    for expected in filter(None, (known, remote.sha256)):
        if digest != expected:
            part.unlink()
            raise _other_content(info, remote.file, digest, expected)
    if not known:
        pin_sha256(info, remote.file, digest)


def _install(info: ModelInfo, files: list[Path], dtype: torch.dtype | None,
             reporter: Reporter) -> None:
    """Install downloaded files, or the folder of a repository, as a model."""
    if info.task is Task.SEGMENTATION:
        with staged_file(info.file) as stage:
            shutil.copyfile(files[0], stage)
        return
    if info.task is Task.TEXT:
        _copy_repository(info, files[0])
        return
    from .checkpoint import import_checkpoint  # importing torch takes seconds

    config = next((file for file in files if file.suffix == ".yaml"), None)
    import_checkpoint(files[0], config, out=info.folder, pose_encoding=info.pose_encoding,
                      dtype=dtype, reporter=reporter)


def _copy_repository(info: ModelInfo, folder: Path) -> None:
    """Add a repository's files to the models folder unchanged, as hard links where the file
    system supports them.
    """
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    with alone_at(info.folder), staged_folder(info.folder) as stage:
        for name in files_to_fetch(names, info.task):
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link((folder / name).resolve(), stage / name)
            except OSError:  # another disk, or one without hard links
                shutil.copyfile(folder / name, stage / name)
        write_record(stage, info.repo)


def _check_space(info: ModelInfo, remotes: list[RemoteFile], folder: Path) -> None:
    """Check the free disk space before the download."""
    sizes = [remote.bytes or 0 for remote in remotes]
    there = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    needed = (sum(sizes) or info.size_bytes) - there
    if info.task is Task.VIEWS:
        needed += info.installed_bytes
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise EngineError(
            ErrorCode.DISK, f"{info.name} takes {needed / 1e9:.1f} GB during its installation, "
                            f"but only {free / 1e9:.1f} GB are free in {models_folder()}",
            "make room, or choose another models folder")


class Watched:
    """A file that reports the progress of writing; the reporter's exceptions stop the transfer."""

    def __init__(self, file: BinaryIO, transfer: Transfer, remote: RemoteFile) -> None:
        self._file, self._reporter = file, transfer.reporter
        self._before = transfer.fetched_bytes() - file.tell()
        self._total = (transfer.total_bytes or remote.bytes or 0) // MB
        self._restarts = 0
        self.tell, self.seek = file.tell, file.seek

    def truncate(self) -> int:
        """Start over if the server cannot resume; the library would retry without end."""
        self._restarts += 1
        if self._restarts > _RESTARTS:
            raise OSError("the connection was lost in every attempt")
        return self._file.truncate()

    def write(self, data: bytes) -> int:
        """Write data, then report the progress."""
        count = self._file.write(data)
        done = (self._before + self._file.tell()) // MB
        self._reporter.progress("download (MB)", done, max(self._total, done, 1))
        return count


def _other_content(info: ModelInfo, file: str, found: str, expected: str) -> EngineError:
    return EngineError(
        ErrorCode.MODEL_DAMAGED,
        f"{file} of {info.repo} has the sha256 {found[:16]}... instead of {expected[:16]}...",
        "download it again; if this error persists, do not trust the server")


def _network_error(info: ModelInfo, error: Exception, got: str = "") -> EngineError:
    """The error for a failed transfer, without the response's URL, which may be signed."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, OfflineModeIsEnabled):
        return EngineError(ErrorCode.ENVIRONMENT, f"{info.name} can't be fetched: the hub is "
                           "switched off", "unset HF_HUB_OFFLINE")
    if status in (401, 403):
        return EngineError(
            ErrorCode.MODEL_MISSING, f"{info.repo} requires a registration before its files can "
                                     "be downloaded",
            f"accept its terms on https://huggingface.co/{info.repo}, then log in with "
            "`hf auth login` or set HF_TOKEN" if info.gated else
            "log in with `hf auth login` or set HF_TOKEN")
    if status == 404:
        return EngineError(ErrorCode.MODEL_MISSING, f"{info.repo} no longer contains this file",
                           "try another server (HF_ENDPOINT), or import a file that you have")
    reason = f"the server answers {status}" if status else (
        str(error).strip().partition("\n")[0] or type(error).__name__)
    return EngineError(ErrorCode.ENVIRONMENT, f"{info.name} can't be fetched{got}: {reason}",
                       f"check the network and its proxy; {RESUMES_HINT}")
