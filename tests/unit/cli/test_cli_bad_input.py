# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad images, models and disks: one clear line, the right exit code, and no incomplete files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.command_line import engine, names, run
from PIL import Image


@pytest.fixture
def bad_picture(request: pytest.FixtureRequest, tmp_path: Path, picture: Path) -> Path:
    """A file that can't be used, of the kind that the parameter names."""
    path = tmp_path / "bad" / "bad.png"
    path.parent.mkdir()
    match request.param:
        case "missing":
            pass
        case "empty":
            path.touch()
        case "truncated":
            noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
            Image.fromarray(noise).save(path)
            path.write_bytes(path.read_bytes()[:2000])
        case "text":
            path.write_text("This is not a picture.\n" * 50)
        case "folder":
            path.mkdir()
        case "one pixel":
            Image.new("RGB", (1, 1)).save(path)
        case "20,000 pixels":
            Image.new("RGB", (20_000, 16)).save(path)
        case "transparent":
            Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(path)
    return path


BAD_PICTURES = ("missing", "empty", "truncated", "text", "folder", "one pixel", "20,000 pixels",
                "transparent")


@pytest.mark.parametrize("bad_picture", BAD_PICTURES, indirect=True)
@pytest.mark.parametrize("verb", ["views", "reconstruct"])
def test_bad_image_is_one_line_and_writes_nothing(bad_picture: Path, verb: str, tmp_path: Path,
                                                  capfd: pytest.CaptureFixture[str]):
    (tmp_path / "results").mkdir()
    assert run(verb, bad_picture, "--out", tmp_path / "results" / "out") == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error bad-input: ")
    assert err.count("\n") == 1
    assert str(bad_picture) in err
    assert names(tmp_path / "results") == []


def test_command_error_is_one_line_without_traceback(tmp_path: Path):
    result = engine("views", tmp_path / "missing.png", "--out", tmp_path / "out")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error bad-input: ")
    assert names(tmp_path) == []


def test_debug_shows_the_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    assert run("views", tmp_path / "missing.png", "--out", tmp_path / "out", "--debug") == 2
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize("model", ["no-such-model", "/no/such/folder"])
def test_unknown_model_is_reported(model: str, picture: Path, tmp_path: Path,
                                   capfd: pytest.CaptureFixture[str]):
    assert run("views", picture, "--out", tmp_path / "out", "--model", model) == 3
    err = capfd.readouterr().err
    assert err.startswith("error model-missing: ")
    assert model in err
    assert err.count("\n") == 1
    assert names(tmp_path) == [picture.name]


def test_damaged_model_is_reported(tiny_model: Path, picture: Path, tmp_path: Path,
                                   capfd: pytest.CaptureFixture[str]):
    broken = tmp_path / "broken"
    for source in tiny_model.rglob("*"):
        target = broken / source.relative_to(tiny_model)
        target.mkdir(parents=True) if source.is_dir() else target.write_bytes(source.read_bytes())
    weights = next((broken / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:5000])
    assert run("views", picture, "--out", tmp_path / "out", "--model", broken) == 3
    err = capfd.readouterr().err
    assert err.startswith("error model-damaged: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["views", "reconstruct"])
def test_unwritable_folder_is_reported_before_loading(
        verb: str, picture: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        assert run(verb, picture, "--out", out, "--model", "no-such-model") == 5
        err = capfd.readouterr().err
        assert err.startswith("error disk: ")
        assert err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
@pytest.mark.parametrize("verb", [pytest.param("views", marks=pytest.mark.slow), "segment",
                                  "prepare"])
def test_full_disk_leaves_no_files(verb: str, tiny_model: Path, tmp_path: Path):
    import resource

    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 4), np.uint8)
    noise[..., 3] = np.pad(np.full((80, 80), 255), 24)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    model = ["--model", tiny_model, "--orbit", 2] if verb == "views" else []
    out = "out" if verb == "views" else "out.png"
    result = engine(
        verb, tmp_path / "noise.png", "--out", tmp_path / out, *model,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
    assert result.returncode == 5, result.stderr
    *remarks, error = result.stderr.splitlines()
    assert error.startswith("error disk: ")
    assert all(line.startswith("warning: The object ") for line in remarks), "on the noise"
    assert names(tmp_path) == ["noise.png"]


@pytest.mark.parametrize("name", ["cut.jpg", "cut.webp", "cut", "cut.tar.gz", "cut.png.txt"])
@pytest.mark.parametrize("verb", ["segment", "prepare"])
def test_command_refuses_another_suffix_for_an_image(verb: str, name: str, picture: Path,
                                                     tmp_path: Path, capsys):
    assert run(verb, picture, "--out", tmp_path / name) == 2
    assert ".png" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["chair.glb", "chair.OBJ", "views.json"])
def test_command_refuses_a_file_name_for_a_folder(name: str, picture: Path, tmp_path: Path, capsys):
    assert run("reconstruct", picture, "--out", tmp_path / name) == 2
    assert "folder" in capsys.readouterr().err


def test_command_expands_a_tilde_after_the_equals_sign(picture: Path, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert run("prepare", picture, "--out=~/seen.png") == 0
    assert (tmp_path / "seen.png").is_file() and not (tmp_path / "~").exists()


@pytest.mark.parametrize("arguments", [
    ["prepare", "a.png", "--out=~nobody-here/x.png"], ["views", "a.png", "--out=~nobody-here"],
    ["batch", "a.png", "--out=~nobody-here/x"]])
def test_command_refuses_an_unknown_home_folder(arguments: list[str], tmp_path: Path, capsys,
                                                monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    assert "the home folder ~nobody-here does not exist" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["-chair.png", "--out.png", "-.v2.png"])
def test_command_reads_an_image_named_with_a_dash(name: str, picture: Path, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch):
    (tmp_path / name).write_bytes(picture.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert run("prepare", name, "--out", "seen.png") == 0


@pytest.mark.parametrize("address", ["https://example.org/chair.png", "file:///chair.png"])
def test_command_refuses_an_address_for_a_path(address: str, tmp_path: Path, capsys):
    assert run("prepare", address, "--out", tmp_path / "seen.png") == 2
    assert "download the image" in capsys.readouterr().err
