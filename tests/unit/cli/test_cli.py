# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: arguments, files, messages and exit codes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers.command_line import ball_views, engine, names, run
from PIL import Image

from engine.camera import FOV_DEG, camera_to_world
from engine.core.protocol import TERMINAL, Artifact, Done, Failed, Progress, decode
from engine.imaging.view_set import ViewSet
from engine.models import find_model
from engine.setup.environment import venv_python

# Help and usage.


def test_help_loads_no_library():
    """It takes less than a second, of the processor: other programs can make it wait."""
    before = os.times()
    result = engine("--help")
    after = os.times()
    assert after.children_user + after.children_system < (
        before.children_user + before.children_system + 1.0)
    assert result.returncode == 0
    for verb in ("views", "reconstruct", "segment", "prepare", "models", "doctor", "train",
                 "evaluate", "batch"):
        assert verb in result.stdout
    check = ("import sys; sys.argv[1:] = ['--help']\n"
             "try:\n    import runpy; runpy.run_module('engine', run_name='__main__')\n"
             "finally:\n    assert not {'torch', 'numpy', 'PIL'} & set(sys.modules)")
    assert subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parents[3],
                          capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("arguments", [
    ["views", "a.png", "--out", "b", "--input-elevation", "20", "--input-radius", "1.7"],
    ["views", "a.png", "--out", "b", "--azimuth", "-30", "0", "45.5", "--elevation", "-10"],
    ["views", "a.png", "--out", "b", "--orbit", "8", "--samples", "2", "--sampler", "ddim"],
    ["reconstruct", "a.png", "--out", "b", "--method", "views", "--faces", "500"],
    ["reconstruct", "--views", "views.json", "--out", "b", "--texture-size", "256"],
])
def test_command_line_accepts_the_contract_s_options(
        arguments: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str]):
    """The commands reach the job, which reports that the named file is missing."""
    monkeypatch.chdir(tmp_path)
    assert run(*arguments, "--seed", 3, "--steps", 5, "--guidance", 2, "--device", "cpu") == 2
    given = "views.json" if "--views" in arguments else "a.png"
    assert given in capfd.readouterr().err.partition(";")[0]


@pytest.mark.parametrize("arguments", [
    [],
    ["fly"],
    ["views"],
    ["views", "a.png"],
    ["views", "a.png", "--out", "b", "--colour", "red"],
    ["views", "a.png", "--out", "b", "--steps", "many"],
    ["views", "a.png", "--out", "b", "--steps", "-1"],
    ["views", "a.png", "--out", "b", "--sampler", "euler"],
    ["views", "a.png", "--out", "b", "--azimuth", "nan"],
    ["views", "a.png", "--out", "b", "--azimuth", "1", "2", "3", "--elevation", "1", "2"],
    ["reconstruct", "--out", "b"],
    ["segment", "a.png", "--out", ""],
    ["train", "--out", "b"],
    ["evaluate", "fly"],
])
def test_command_line_error_is_one_line(arguments: Sequence[str],
                                        capfd: pytest.CaptureFixture[str]):
    assert run(*arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error bad-input: ")
    assert err.count("\n") == 1
    assert "; " in err, "a hint is missing"


# Views.


def test_views_writes_images_and_their_list(tiny_model: Path, picture: Path, tmp_path: Path,
                                            capfd: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    assert run("views", picture, "--out", out, "--model", tiny_model, "--seed", 4,
               "--azimuth", 30, -30, "--elevation", 10, "--samples", 2,
               "--input-elevation", 5, "--device", "cpu") == 0
    captured = capfd.readouterr()
    assert captured.err == ""
    assert captured.out == f"{out / 'views.json'}\n"
    assert names(out) == ["input.png", "request.json",
                          *(f"view_{i:03d}.png" for i in range(4)), "views.json"]
    document = json.loads((out / "views.json").read_text())
    views, camera = document.pop("views"), document.pop("input")
    assert (camera["elevation_deg"], camera["radius"], camera["fov_deg"]) == (5.0, 1.85, FOV_DEG)
    assert (camera["interpreted_as"], camera["framing"]) == ("cut-out", "recentred")
    assert document == {
        "schema": "zero123.views/1", "image": str(picture), "model": str(tiny_model), "seed": 4,
        "steps": 4, "guidance": 2.0, "sampler": "dpm++", "eta": 0.0, "dtype": "float32",
        "detail": "auto", "consistency": "independent"}
    assert [(v["file"], v["azimuth_deg"], v["elevation_deg"], v["radius"], v["sample"])
            for v in views] == [
        ("view_000.png", 30, 10, 1.85, 0), ("view_001.png", 30, 10, 1.85, 1),
        ("view_002.png", -30, 10, 1.85, 0), ("view_003.png", -30, 10, 1.85, 1)]
    assert views[2]["camera_to_world"] == camera_to_world(-30, 10, 1.85).tolist()
    with Image.open(out / "view_000.png") as image:
        assert (image.mode, image.size) == ("RGBA", (32, 32))


@pytest.mark.slow
def test_views_repeat_their_bytes(tiny_model: Path, picture: Path, tmp_path: Path):
    digests = []
    for seed in (1, 1, 2):
        out = tmp_path / "out"
        assert run("views", picture, "--out", out, "--model", tiny_model, "--seed", seed,
                   "--orbit", 3, "--device", "cpu") == 0
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                        for path in out.iterdir()})
    assert digests[0] == digests[1]
    assert digests[0]["view_000.png"] != digests[2]["view_000.png"]


@pytest.mark.slow
def test_views_replace_only_the_older_result(tiny_model: Path, picture: Path, tmp_path: Path):
    out = tmp_path / "out"
    for count in (4, 2):
        assert run("views", picture, "--out", out, "--model", tiny_model, "--orbit", count) == 0
        (out / "notes.txt").write_text("mine")
    assert names(out) == ["input.png", "notes.txt", "request.json", "view_000.png",
                          "view_001.png", "views.json"]
    assert len(ViewSet.load(out / "views.json")) == 2


def test_failed_job_keeps_the_older_result(tiny_model: Path, picture: Path, tmp_path: Path):
    out = tmp_path / "out"
    assert run("views", picture, "--out", out, "--model", tiny_model) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run("views", picture, "--out", out, "--model", "no-such-model") == 3
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_view_on_white_is_the_network_s_output():
    from engine.imaging import from_white, straight

    rng = np.random.default_rng(0)
    alpha = rng.random((8, 8), np.float32)
    alpha[:2] = 0
    colour = rng.random((8, 8, 3), np.float32)
    on_white = alpha[..., None] * colour + 1 - alpha[..., None]
    rgba = straight(from_white(on_white, alpha))
    np.testing.assert_allclose(rgba[..., :3][alpha > 0.05], colour[alpha > 0.05], atol=1e-4)
    assert (rgba[..., 3] == alpha).all()


# JSON reports.


@pytest.mark.slow
def test_json_reports_are_protocol_messages_with_one_end(tiny_model: Path, picture: Path,
                                                         tmp_path: Path):
    out = tmp_path / "out"
    result = engine("views", picture, "--out", out, "--model", tiny_model, "--orbit", 2, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    messages = [decode(line) for line in result.stdout.splitlines()]
    assert [isinstance(m, TERMINAL) for m in messages] == [False] * (len(messages) - 1) + [True]
    end = messages[-1]
    assert isinstance(end, Done)
    assert end.result["count"] == 2
    assert end.result["unet_evaluations"] == 2 * 2 * 4, "views x guidance x steps"
    artifacts = [m for m in messages if isinstance(m, Artifact)]
    assert [m.role for m in artifacts] == ["view", "view", "views"]
    for artifact in artifacts:
        digest = hashlib.sha256(Path(artifact.path).read_bytes()).hexdigest()
        assert artifact.sha256 == digest
    sampling = [m for m in messages if isinstance(m, Progress) and m.stage == "sample"]
    assert sampling[-1].done == sampling[-1].total


def test_json_failure_is_a_message_and_a_line(tmp_path: Path):
    result = engine("segment", tmp_path / "missing.png", "--out", tmp_path / "o.png", "--json")
    assert result.returncode == 2
    messages = [decode(line) for line in result.stdout.splitlines()]
    assert isinstance(messages[-1], Failed)
    assert messages[-1].code == "bad-input"
    assert result.stderr.startswith("error bad-input: ")


# Reconstruct, segment and the rest.


def test_reconstruct_fits_given_views_without_a_model(tmp_path: Path,
                                                      capfd: pytest.CaptureFixture[str]):
    given = ball_views().save(tmp_path / "given")
    out = tmp_path / "out"
    assert run("reconstruct", "--views", given, "--out", out, "--resolution", 32,
               "--iterations", 20, "--faces", 400, "--texture-size", 64) == 0
    assert capfd.readouterr().out.splitlines() == [
        str(out / "views" / "views.json"), str(out / "mesh.glb"), str(out / "report.json")]
    report = json.loads((out / "report.json").read_text())
    assert (report["schema"], report["front"]) == ("zero123.mesh/2", "+Z")
    assert report["method"] == "views"
    assert report["unet_evaluations"] == 0
    assert 100 < report["faces"] <= 400
    assert report["watertight"] is True
    assert {"hull", "fit", "texture"} <= {stage["name"] for stage in report["stages"]}
    assert (out / "mesh.glb").read_bytes()[:4] == b"glTF"
    assert len(ViewSet.load(out / "views" / "views.json")) == 8


@pytest.mark.slow
def test_reconstruct_uses_the_image_beside_given_views(picture: Path, tmp_path: Path):
    given = ball_views().save(tmp_path / "given")
    assert run("reconstruct", picture, "--views", given, "--out", tmp_path / "out",
               "--resolution", 32, "--iterations", 20, "--faces", 400, "--texture-size", 64) == 0
    assert (tmp_path / "out" / "mesh.glb").is_file()


@pytest.mark.slow
def test_reconstruct_makes_a_mesh_of_an_image(picture: Path, tmp_path: Path):
    nano = find_model("nano")
    if nano is None or not nano.installed:
        pytest.skip("needs the model nano in engine/models")
    out = tmp_path / "out"
    assert run("reconstruct", picture, "--out", out, "--view-count", 8, "--steps", 4,
               "--resolution", 48, "--iterations", 60, "--faces", 1000, "--texture-size", 128,
               "--device", "cpu") == 0
    report = json.loads((out / "report.json").read_text())
    assert report["model"] == "nano"
    assert report["unet_evaluations"] >= 8 * 4
    assert 100 < report["faces"] <= 1000
    assert len(ViewSet.load(out / "views" / "views.json")) == 8


def test_reconstruct_reports_views_without_an_object(
        tiny_model: Path, picture: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """Views of an untrained model are noise up to their borders and contain no object to fit."""
    assert run("reconstruct", picture, "--out", tmp_path / "out", "--model", tiny_model,
               "--view-count", 4, "--device", "cpu") == 2
    assert capfd.readouterr().err.startswith("error bad-input: no shape was found")
    assert names(tmp_path) == [picture.name]


@pytest.mark.parametrize("content", [
    "", "[]", '{"schema": "other"}', '{"schema": "zero123.views/1"}'])
def test_reconstruct_refuses_unusable_views(content: str, tmp_path: Path,
                                            capfd: pytest.CaptureFixture[str]):
    (tmp_path / "views.json").write_text(content)
    assert run("reconstruct", "--views", tmp_path / "views.json", "--out", tmp_path / "out") == 2
    assert capfd.readouterr().err.count("\n") == 1
    assert names(tmp_path) == ["views.json"]


def test_models_list_and_info_describe_the_catalogue(capfd: pytest.CaptureFixture[str]):
    assert run("models", "list") == 0
    assert "nano" in capfd.readouterr().out
    assert run("models", "info", "stable-zero123") == 0
    assert "forbidden" in capfd.readouterr().out
    assert run("models", "info", "unheard-of") == 3
    assert capfd.readouterr().err.startswith("error model-missing: ")


def test_models_list_has_the_network_that_came_with_the_program(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The models folder is empty."""
    from engine.setup.segmentation_model import bundled_model

    if bundled_model() is None:
        pytest.skip("needs an environment that a set-up made")
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path))
    assert run("models", "list") == 0
    line, = (line for line in capsys.readouterr().out.splitlines() if line.startswith("u2netp "))
    assert "here" in line and "download" not in line


@pytest.mark.slow
@pytest.mark.golden
def test_models_import_makes_a_usable_folder(shared_dir: Path, picture: Path, tmp_path: Path):
    golden = shared_dir / "golden"
    model = tmp_path / "model"
    assert run("models", "import", golden / "checkpoint_lightning.ckpt",
               "--config", golden / "config.yaml", "--out", model) == 0
    assert run("views", picture, "--out", tmp_path / "out", "--model", model, "--steps", 2) == 0
    assert names(tmp_path / "out") == ["input.png", "request.json", "view_000.png", "views.json"]


def test_doctor_names_versions_and_device(capfd: pytest.CaptureFixture[str]):
    assert run("doctor") == 0
    out = capfd.readouterr().out
    for word in ("python", "torch", "diffusers", "device", "models"):
        assert word in out


def test_doctor_lists_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Path,
                                 shared_dir: Path, capfd: pytest.CaptureFixture[str]):
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path))
    shutil.copytree(tiny_model, tmp_path / "zero123-xl")
    monkeypatch.setattr("engine.core.device_memory.device_memory", lambda _: (7e8, 8e9))
    assert run("doctor") == 0
    lines = {line.split()[0]: line for line in capfd.readouterr().out.splitlines()}
    assert lines["nano"].split() == ["nano", "here"]
    assert "licence is not accepted (`models accept zero123-xl`)" in lines["zero123-xl"]
    assert "needs 6.1 GB of memory, 700 MB are free" in lines["zero123-xl"]
    (tmp_path / "u2netp.onnx").write_bytes(b"cut off")
    assert run("doctor") == 3
    told = capfd.readouterr()
    assert "damaged" in told.out
    assert told.err.startswith("error model-damaged: damaged: u2netp; `models remove u2netp`")


def test_doctor_runs_without_libraries(tmp_path: Path):
    venv.create(tmp_path, with_pip=False)
    result = subprocess.run([venv_python(tmp_path), "-m", "engine", "doctor"],
                            cwd=Path(__file__).parents[3], capture_output=True, text=True,
                            check=False)
    assert result.returncode == 7
    assert result.stderr.startswith("error environment: ")
    assert "torch is missing" in result.stderr
    assert "pip install" in result.stderr
    assert result.stderr.count("\n") == 1
