# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine behind a real ssh server: same results, same errors, no incomplete files, no
orphans."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from helpers.boundary import has, poll_until
from helpers.command_line import engine, names, run
from helpers.ssh_server import SshServer, running_server, why_not

from engine.core.errors import EngineError, ErrorCode
from engine.core.protocol import Artifact, Cancelled, Done, Failed, Preview, Progress
from engine.core.requests import ReconstructRequest, RenderRequest, ViewsRequest
from engine.remote.archive import inside, pack, unpack
from engine.remote.ssh_host import SshHost
from engine.setup.environment import ROOT
from engine.training.shards import read_shards
from engine.transport.client import EngineClient, engine_command

PATIENCE_S = 180.0
needs_ssh = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
ENDLESS = {"steps": 1000, "samples": 64}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the user on the other computer, which is this one."""
    return tmp_path_factory.mktemp("far home")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[SshServer]:
    with running_server(tmp_path_factory.mktemp("ssh server"), home) as server:
        yield server


@pytest.fixture(scope="module")
def host(server: SshServer, home: Path) -> SshHost:
    """The project in a folder of another name, so that it is not found by accident."""
    (home / "the engine's place").symlink_to(ROOT)
    (home / ".bashrc").write_text("echo Welcome\n")
    return SshHost(server.address, "~/the engine's place", sys.executable)


@pytest.fixture(scope="module")
def remote(host: SshHost) -> Iterator[EngineClient]:
    with EngineClient(engine_command(sys.executable, options=host.options)) as client:
        client.wait_ready(PATIENCE_S)
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "some results"
    path.mkdir()
    return path


def left_there(home: Path) -> list[str]:
    return names(home / "data" / "zero123" / "remote")


def engines_there(home: Path) -> list[int]:
    """Processes of engines that the ssh server has started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (b"serve" in (process / "cmdline").read_bytes().split(b"\0")
                    and f"HOME={home}".encode() in (process / "environ").read_bytes()):
                found.append(int(process.name))
        except OSError:
            continue
    return found


@needs_ssh
def test_remote_result_equals_a_local_one(remote: EngineClient, picture: Path, folder: Path,
                                          tiny_model: Path, home: Path):
    image = folder / "a ball (1).png"
    shutil.copy(picture, image)
    options = {"azimuth": [30.0, 60.0], "model": str(tiny_model), "device": "cpu"}
    assert run("views", image, "--out", folder / "here", "--azimuth", 30, 60,
               "--model", tiny_model, "--device", "cpu") == 0
    request = ViewsRequest(image=str(image), out=str(folder / "there"), **options)
    heard: list = []
    end = remote.wait(remote.submit("views", request), PATIENCE_S, heard.append)
    assert isinstance(end, Done), end
    assert end.result["views"] == str(folder / "there" / "views.json")
    files = names(folder / "here")
    assert names(folder / "there") == files
    for name in files:
        here, there = ((folder / side / name).read_bytes() for side in ("here", "there"))
        assert here == there, name
    assert [m.path for m in heard if isinstance(m, Artifact)] == [
        str(folder / "there" / name) for name in ("view_000.png", "view_001.png", "views.json")]
    stages = {m.stage for m in heard if isinstance(m, Progress)}
    assert {"send", "sample", "fetch"} <= stages
    assert left_there(home) == []
    assert names(folder) == sorted([image.name, "here", "there",
                                    *(f"{side}/{name}" for side in ("here", "there")
                                      for name in files)])


@needs_ssh
def test_remote_reconstruct_sends_given_views(
        remote: EngineClient, picture: Path, folder: Path, home: Path):
    assert run("views", picture, "--out", folder / "views", "--orbit", 4, "--steps", 2) == 0
    request = ReconstructRequest(views=str(folder / "views" / "views.json"), iterations=600,
                                 resolution=32, faces=500, texture_size=64,
                                 out=str(folder / "mesh"))
    heard: list = []
    end = remote.wait(remote.submit("reconstruct", request), PATIENCE_S, heard.append)
    assert isinstance(end, Done), end
    assert (folder / "mesh" / "mesh.glb").read_bytes().startswith(b"glTF")
    record = json.loads((folder / "mesh" / "request.json").read_text())
    assert record["request"]["views"] == request.views
    assert {Path(m.path).name for m in heard if isinstance(m, Preview)} == {
        "preview.npz", "preview.png"}
    assert left_there(home) == []


@needs_ssh
def test_remote_cancel_removes_the_job_s_files(remote: EngineClient, picture: Path, folder: Path,
                                               tiny_model: Path, home: Path):
    request = ViewsRequest(image=str(picture), out=str(folder / "out"), model=str(tiny_model),
                           **ENDLESS)
    job = remote.submit("views", request)
    poll_until(remote, lambda seen: any(
        isinstance(m, Progress) and m.stage == "sample" for m in seen))
    before = engines_there(home)
    remote.cancel(job)
    assert remote.wait(job, 20) == Cancelled(job)
    assert names(folder) == []
    assert left_there(home) == []
    assert engines_there(home) == before != []


@needs_ssh
def test_remote_reconstruction_can_be_resumed(remote: EngineClient, picture: Path, folder: Path,
                                              home: Path):
    assert run("views", picture, "--out", folder / "views", "--orbit", 4, "--steps", 2) == 0
    request = ReconstructRequest(views=str(folder / "views" / "views.json"), iterations=5000,
                                 resolution=32, out=str(folder / "mesh"), resume=True)
    steps = []
    for _ in range(2):
        job = remote.submit("reconstruct", request)
        seen = poll_until(remote, lambda seen: any(
            isinstance(m, Progress) and m.stage == "fit" and m.done > 1 for m in seen))
        steps.append([m.done for m in seen if isinstance(m, Progress) and m.stage == "fit"])
        remote.cancel(job)
        assert remote.wait(job, 20) == Cancelled(job)
    assert steps[1][0] > steps[0][0], "it began anew"
    assert not (folder / "mesh").exists()


@needs_ssh
def test_remote_serve_connects_again_after_a_loss(
        remote: EngineClient, server: SshServer, picture: Path, folder: Path, tiny_model: Path):
    request = ViewsRequest(image=str(picture), out=str(folder / "out"), model=str(tiny_model),
                           **ENDLESS)
    job = remote.submit("views", request)
    poll_until(remote, lambda seen: any(
        isinstance(m, Progress) and m.stage == "sample" for m in seen))
    server.cut()
    end = remote.wait(job, 20)
    assert isinstance(end, Failed)
    assert end.error.code is ErrorCode.ENGINE_DIED
    assert "connection" in end.message and "loopback" in end.message
    assert names(folder) == []
    short = ViewsRequest(image=str(picture), out=str(folder / "out"), model=str(tiny_model))
    assert isinstance(remote.wait(remote.submit("views", short), PATIENCE_S), Done)


@needs_ssh
def test_remote_engine_ends_with_blender(host: SshHost, home: Path, picture: Path, folder: Path,
                                         tiny_model: Path):
    before = engines_there(home)
    client = EngineClient(engine_command(sys.executable, options=host.options))
    client.wait_ready(PATIENCE_S)
    job = client.submit("views", ViewsRequest(
        image=str(picture), out=str(folder / "out"), model=str(tiny_model), **ENDLESS))
    poll_until(client, lambda seen: any(
        isinstance(m, Progress) and m.stage == "sample" for m in seen), PATIENCE_S)
    assert len(engines_there(home)) == len(before) + 1
    assert client.pid is not None
    os.kill(client.pid, 9)
    deadline = time.monotonic() + 10
    while engines_there(home) != before:
        assert time.monotonic() < deadline, "an orphan computes on"
        time.sleep(0.05)
    poll_until(client, has(Failed, job))
    assert names(folder) == []


@needs_ssh
def test_remote_errors_name_local_files(remote: EngineClient, folder: Path, home: Path):
    before = left_there(home)
    broken = folder / "broken.png"
    broken.write_bytes(b"no picture")
    job = remote.submit("views", ViewsRequest(image=str(broken), out=str(folder / "out")))
    end = remote.wait(job, PATIENCE_S)
    assert isinstance(end, Failed) and end.error.code is ErrorCode.BAD_INPUT
    assert str(broken) in end.message
    missing = ViewsRequest(image=str(folder / "none.png"), out=str(folder / "out"))
    end = remote.wait(remote.submit("views", missing), PATIENCE_S)
    assert isinstance(end, Failed) and end.error.code is ErrorCode.BAD_INPUT
    assert names(folder) == ["broken.png"]
    assert left_there(home) == before


@needs_ssh
def test_remote_model_is_sent_again_only_if_it_changed(
        remote: EngineClient, picture: Path, folder: Path, tiny_model: Path, home: Path):
    model = Path(shutil.copytree(tiny_model, folder / "my model"))
    kept = home / "data" / "zero123" / "sent-models"

    def digests() -> set[str]:
        return {path.name for path in kept.iterdir()} if kept.is_dir() else set()

    def sent() -> bool:
        request = ViewsRequest(image=str(picture), out=str(folder / "out"), model=str(model))
        heard: list = []
        end = remote.wait(remote.submit("views", request), PATIENCE_S, heard.append)
        assert isinstance(end, Done), end
        record = json.loads((folder / "out" / "views.json").read_text())
        assert record["model"] == str(model), "and not where it is there"
        return any(m.total > 1 and m.stage == "send model" for m in heard
                   if isinstance(m, Progress))

    (model / "README.md").write_text("mine")
    before = digests()
    assert sent()
    assert not sent()
    (model / "README.md").write_text("mine, and better")
    assert sent()
    for digest in digests() - before:
        assert {"model_index.json", "unet"} < {path.name for path in (kept / digest).iterdir()}
    assert len(digests() - before) == 2


@needs_ssh
def test_remote_agent_refuses_a_damaged_model(host: SshHost, home: Path, picture: Path):
    with pytest.raises(EngineError, match="damaged"):
        host.send_model("0" * 64, [(picture, "unet/model.safetensors")], lambda count: None)
    assert not (home / "data" / "zero123" / "sent-models" / ("0" * 64)).exists()


@needs_ssh
@pytest.mark.skipif(find_spec("bpy") is None, reason="needs Blender as a module")
def test_remote_render_sends_3d_models(remote: EngineClient, folder: Path, home: Path):
    models = folder / "models"
    models.mkdir()
    (models / "box.mtl").write_text("newmtl paint\nKd 0.8 0.2 0.1\n")
    (models / "box.obj").write_text(
        "mtllib box.mtl\n" + "".join(f"v {i} {j} {k}\n" for i in (0, 1) for j in (0, 1)
                                     for k in (0, 1))
        + "usemtl paint\nf 1 2 4 3\nf 5 7 8 6\nf 1 5 6 2\nf 3 4 8 7\nf 1 3 7 5\nf 2 6 8 4\n")
    (models / "bad.glb").write_bytes(b"no model")
    before = left_there(home)
    request = RenderRequest(models=str(models), out=str(folder / "out"), view_count=2, size=32,
                            samples=1, device="cpu")
    end = remote.wait(remote.submit("render", request), PATIENCE_S)
    assert isinstance(end, Failed) and "1 of 2 models were left out" in end.message
    assert str(folder / "out") in end.error.hint
    index = json.loads((folder / "out" / "dataset.json").read_text())
    assert index["shards"] == {"000000.tar": {"box": "box.obj"}}
    assert [*index["skipped"]] == ["bad.glb"]
    (thing,) = read_shards(folder / "out")
    red, green = thing.rgba[..., 0].max(), thing.rgba[..., 1].max()
    assert thing.rgba.shape == (2, 32, 32, 4) and red > 1.5 * green, "with its material"
    assert left_there(home) == before
    end = remote.wait(remote.submit("render", request), PATIENCE_S)
    assert isinstance(end, Failed) and "there is a data set in" in end.message


@needs_ssh
def test_remote_broken_transfer_keeps_the_older_result(
        server: SshServer, host: SshHost, picture: Path, folder: Path, tiny_model: Path,
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert run("views", picture, "--out", folder, "--model", tiny_model, "--seed", 7) == 0
    before = {name: (folder / name).read_bytes() for name in names(folder)}
    torn = tmp_path / "bin" / "ssh"
    torn.parent.mkdir()
    torn.write_text('#!/bin/sh\ncase "$*" in\n'
                    f'*" get "*) {shutil.which("ssh")} "$@" | head -c 3000; exit 255;;\n'
                    f'*) exec {shutil.which("ssh")} "$@";;\nesac\n')
    torn.chmod(0o755)
    monkeypatch.setenv("PATH", f"{torn.parent}:{os.environ['PATH']}")
    ended = engine("views", picture, "--out", folder, "--model", tiny_model, *host.options)
    assert ended.returncode == ErrorCode.ENGINE_DIED.exit_code
    assert "files can't be exchanged" in ended.stderr
    assert {name: (folder / name).read_bytes() for name in names(folder)} == before


@needs_ssh
def test_remote_command_line(host: SshHost, picture: Path, folder: Path, tiny_model: Path):
    ended = engine("views", picture, "--out", folder / "out", "--model", tiny_model,
                   *host.options)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [str(folder / "out" / "views.json")]


@needs_ssh
@pytest.mark.parametrize("wrong", [{"folder": "~/nowhere"}, {"python": "/nowhere/python"}])
def test_remote_reports_a_missing_engine(host: SshHost, wrong: dict[str, str]):
    elsewhere = SshHost(**{"address": host.address, "folder": host.folder, "python": host.python,
                        **wrong})
    with (EngineClient(engine_command(sys.executable, options=elsewhere.options)) as client,
          pytest.raises(EngineError) as caught):
        client.wait_ready(PATIENCE_S)
    assert caught.value.code is ErrorCode.ENVIRONMENT
    assert "no engine" in caught.value.message
    assert "nowhere" in caught.value.hint


def test_unpack_writes_only_inside_the_folder(tmp_path: Path):
    for name in ("../out", "/etc/passwd", "a/../../b", "C:\\x", "a\\..\\b", ""):
        with pytest.raises(EngineError):
            inside(name)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w|") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    stream.seek(0)
    unpack(stream, tmp_path)
    assert names(tmp_path) == []


def test_unpack_reports_a_truncated_stream(tmp_path: Path):
    file = tmp_path / "file"
    file.write_bytes(os.urandom(50_000))
    stream = io.BytesIO()
    pack([(file, "file")], stream)
    whole = stream.getvalue()
    unpack(io.BytesIO(whole), tmp_path / "whole")
    assert (tmp_path / "whole" / "file").read_bytes() == file.read_bytes()
    with pytest.raises(tarfile.TarError):
        unpack(io.BytesIO(whole[:30_000]), tmp_path / "part")
