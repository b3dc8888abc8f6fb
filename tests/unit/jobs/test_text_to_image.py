# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`text`: images from texts by real pipelines with random weights, and the errors for bad
pipelines.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.command_line import names, run
from helpers.small_device import SmallDevice
from helpers.tiny_text_pipeline import SIDE, save_tiny_text_pipeline
from PIL import Image

from engine.jobs.text_to_image import load_text_pipeline, own_options, place
from engine.models.model_cache import model_cache

QUICK = ("--steps", 2, "--device", "cpu", "--keep-background")
FULL = RuntimeError("DefaultCPUAllocator: can't allocate memory")
SAVED = [f"memory is short: {saving}, which takes longer"
         for saving in ("attention is computed in slices", "the image is decoded in tiles")]


@pytest.fixture(scope="module", params=["plain", "xl"])
def any_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_text_pipeline(tmp_path_factory.mktemp(request.param), request.param == "xl")


@pytest.fixture(scope="module")
def plain_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_text_pipeline(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def model(plain_model: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(plain_model, tmp_path / "model"))


@pytest.mark.slow
def test_text_to_image_repeats_its_bytes(any_model: Path,
                                                                   tmp_path: Path):
    def paint(name: str, *options: object) -> bytes:
        out = tmp_path / "out" / name
        model_cache.drop()  # as in another process
        assert run("text", "a red chair", "--model", any_model, "--out", out, *QUICK,
                   "--guidance", 4, *options) == 0
        return out.read_bytes()

    first = paint("a.png")
    assert paint("b.png") == first
    assert paint("other seed.png", "--seed", 1) != first
    assert paint("other style.png", "--style", "") != first
    assert paint("other negative.png", "--negative-prompt", "blue") != first
    assert paint("other guidance.png", "--guidance", 1) != first
    with Image.open(tmp_path / "out" / "a.png") as picture:
        assert (picture.size, picture.mode) == ((SIDE, SIDE), "RGBA")
        assert np.asarray(picture)[..., 3].min() == 255
    assert len(names(tmp_path / "out")) == 6


def test_text_to_image_rounds_the_size(plain_model: Path, tmp_path: Path):
    assert run("text", "a chair", "--model", plain_model, "--out", tmp_path / "a.png", *QUICK,
               "--size", 51) == 0
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (48, 48)


def test_text_to_image_cuts_the_object_out(plain_model: Path, tmp_path: Path, shared_dir: Path,
                               monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZERO123_MODELS", str(shared_dir / "data" / "models"))
    assert run("text", "a chair", "--model", plain_model, "--out", tmp_path / "a.png",
               "--steps", 2, "--size", 64) == 0
    with Image.open(tmp_path / "a.png") as picture:
        alpha = np.asarray(picture)[..., 3]
    assert (alpha.min(), alpha.max()) == (0, 255)


def test_text_to_image_reports_a_missing_object(
        plain_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str]):
    # The segmentation network finds an object even in an untrained model's noise.
    monkeypatch.setattr("engine.jobs.text_to_image.segmentation_model", lambda: None)
    assert run("text", "a chair", "--model", plain_model, "--out", tmp_path / "a.png",
               "--steps", 2) == 2
    assert "no object was found in the generated image" in capfd.readouterr().err
    assert names(tmp_path) == []


def test_text_to_image_finds_a_cached_model(plain_model: Path, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch):
    snapshot = tmp_path / "models--someone--tiny" / "snapshots" / "1234"
    shutil.copytree(plain_model, snapshot)
    (refs := snapshot.parents[1] / "refs").mkdir()
    (refs / "main").write_text("1234")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert run("text", "a chair", "--model", "someone/tiny", "--out", tmp_path / "a.png",
               *QUICK) == 0


def test_text_to_image_finds_a_downloaded_model(plain_model: Path, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path / "models"))
    shutil.copytree(plain_model, tmp_path / "models" / "sdxl")
    command = ("text", "a chair", "--out", tmp_path / "a.png", *QUICK, "--model")
    assert run(*command, "sdxl") == 2  # its licence was not accepted
    assert run("models", "accept", "sdxl") == 0
    assert run(*command, "sdxl") == 0
    assert run(*command, "stabilityai/stable-diffusion-xl-base-1.0") == 0


def test_sdxl_turbo_has_settings_of_its_own(plain_model: Path, tmp_path: Path):
    turbo = shutil.copytree(plain_model, tmp_path / "sdxl-turbo")
    own = own_options(load_text_pipeline(str(turbo), "cpu"))
    assert own == {"num_inference_steps": 1, "guidance_scale": 0.0, "height": 512, "width": 512}
    assert own_options(load_text_pipeline(str(plain_model), "cpu")) == {}


@pytest.mark.parametrize(("free", "waits"), [(1e12, False), (1e3, True)])
def test_networks_wait_in_main_memory_where_they_do_not_fit(
        plain_model: Path, monkeypatch: pytest.MonkeyPatch, free: float, waits: bool):
    """They stay there before the first failure, because some drivers become slow instead of
    failing.
    """
    pipeline = load_text_pipeline(str(plain_model), "cpu")
    moved: list[str] = []
    monkeypatch.setattr("engine.jobs.text_to_image.device_memory", lambda _: (free, free))
    monkeypatch.setattr(pipeline, "to", lambda device: moved.append("whole") or pipeline)
    monkeypatch.setattr(pipeline, "enable_model_cpu_offload",
                        lambda device: moved.append("one by one"))
    assert place(pipeline, torch.device("cuda")) is pipeline
    assert moved == (["one by one"] if waits else ["whole"])
    assert pipeline.fallbacks.applied == [
        "networks that are not in use are kept in main memory"] * waits


def test_files_of_half_precision_alone_will_do(model: Path, tmp_path: Path):
    for path in [*model.glob("*/*.safetensors")]:
        path.rename(path.with_name(path.name.replace(".safetensors", ".fp16.safetensors")))
    assert run("text", "a chair", "--model", model, "--out", tmp_path / "a.png", *QUICK) == 0


def _truncate(model: Path) -> None:
    path = model / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def _other_weights(model: Path) -> None:
    config = json.loads((model / "unet" / "config.json").read_text())
    config["layers_per_block"] = 2
    (model / "unet" / "config.json").write_text(json.dumps(config))


def _change_index(model: Path, **entries: object) -> None:
    path = model / "model_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


@pytest.mark.parametrize(("damage", "code"), [
    (shutil.rmtree, "model-missing"),
    (lambda model: (model / "model_index.json").unlink(), "model-incompatible"),
    (lambda model: (model / "model_index.json").write_text("{"), "model-damaged"),
    (lambda model: (model / "model_index.json").write_text("[]"), "model-damaged"),
    (_truncate, "model-damaged"),
    (_other_weights, "model-damaged"),
    (lambda model: shutil.rmtree(model / "text_encoder"), "model-damaged"),
    (lambda model: shutil.rmtree(model / "tokenizer"), "model-damaged"),
    (lambda model: [path.unlink() for path in model.glob("tokenizer/*o*.json")], "model-damaged"),
    (lambda model: shutil.rmtree(model / "scheduler"), "model-damaged"),
    (lambda model: _change_index(model, _class_name="Zero123Pipeline"), "model-incompatible"),
    (lambda model: _change_index(model, _class_name="StableDiffusionImg2ImgPipeline"),
     "model-incompatible"),
    (lambda model: _change_index(model, unet=["evil", "Network"]), "model-incompatible"),
])
def test_text_to_image_names_an_unusable_model(model: Path, tmp_path: Path, damage, code: str,
                                               capfd: pytest.CaptureFixture[str]):
    damage(model)
    assert run("text", "a chair", "--model", model, "--out", tmp_path / "a.png", *QUICK) == 3
    told = capfd.readouterr().err.strip().splitlines()[-1]
    assert told.startswith(f"error {code}: ")
    assert str(model) in told and "; " in told
    assert not (tmp_path / "a.png").exists()


def test_code_in_a_model_is_not_run(model: Path, tmp_path: Path):
    proof = tmp_path / "proof"
    for library in ("evil", "diffusers"):
        (model / "unet" / f"{library}.py").write_text(
            f"from pathlib import Path\nPath({str(proof)!r}).touch()\n"
            "from diffusers import UNet2DConditionModel\n")
    run("text", "a chair", "--model", model, "--out", tmp_path / "a.png", *QUICK)
    _change_index(model, unet=["evil", "UNet2DConditionModel"])
    assert run("text", "a chair", "--model", model, "--out", tmp_path / "a.png", *QUICK) == 3
    assert not proof.exists()


def test_text_to_image_saves_memory_when_it_runs_out(any_model: Path, tmp_path: Path,
                                                     capfd: pytest.CaptureFixture[str]):
    def paint(name: str) -> np.ndarray:
        assert run("text", "a red chair", "--model", any_model, "--out", tmp_path / name,
                   *QUICK) == 0
        with Image.open(tmp_path / name) as picture:
            return np.asarray(picture).astype(int)

    model_cache.drop()
    usual = paint("usual.png")
    assert capfd.readouterr().err == ""
    pipeline = model_cache.load(load_text_pipeline, str(any_model), "cpu", "auto")

    def unsliced(unet: torch.nn.Module, arguments: object) -> None:
        if not pipeline.fallbacks.applied:
            raise FULL

    def whole(decoder: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        if arguments[0].shape[-1] > SIDE // 4:
            raise FULL

    pipeline.unet.register_forward_pre_hook(unsliced)
    assert np.abs(paint("sliced.png") - usual).max() <= 1
    assert capfd.readouterr().err.strip().splitlines() == [f"warning: {SAVED[0]}"]
    pipeline.vae.decoder.register_forward_pre_hook(whole)
    assert paint("tiled.png").shape == usual.shape
    assert capfd.readouterr().err.strip().splitlines() == [f"warning: {text}" for text in SAVED]


def test_text_to_image_reports_out_of_memory(plain_model: Path, tmp_path: Path,
                                             capfd: pytest.CaptureFixture[str]):
    model_cache.drop()
    pipeline = model_cache.load(load_text_pipeline, str(plain_model), "cpu", "auto")
    device = SmallDevice(pipeline.unet, 0, FULL)
    assert run("text", "a chair", "--model", plain_model, "--out", tmp_path / "a.png", *QUICK) == 4
    assert len(device.seen) == 3
    assert "error out-of-memory: " in capfd.readouterr().err
    assert names(tmp_path) == []


@pytest.mark.parametrize("prompt", ["", "  "])
def test_text_to_image_needs_a_text(plain_model: Path, tmp_path: Path, prompt: str):
    assert run("text", prompt, "--model", plain_model, "--out", tmp_path / "a.png") == 2
