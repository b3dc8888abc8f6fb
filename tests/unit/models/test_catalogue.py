# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue, and loading: only complete, safe and known models are accepted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from helpers.tiny_pipeline import tiny_pipeline
from safetensors.torch import load_file, save_file

from engine.cli.main import main
from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import SilentReporter
from engine.models import (
    CommercialUse,
    find_model,
    list_models,
    load_pipeline,
    models_folder,
    resolve_device,
)
from engine.models.folder import ModelState, folder_state, model_state, other_models
from engine.models.local import import_model

UNET = "unet/diffusion_pytorch_model.safetensors"
CLIP = "image_encoder/model.safetensors"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_pipeline().save_pretrained(folder)
    return folder


@pytest.fixture
def model(saved, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(saved, tmp_path / "tiny")


def error_of(call, *arguments) -> EngineError:
    with pytest.raises(EngineError) as caught:
        call(*arguments)
    return caught.value


class TestCatalogue:
    def test_list_models_does_not_import_torch(self, project_root):
        code = ("import sys, engine.models as m; m.list_models()[0].installed; "
                "sys.exit('torch' in sys.modules)")
        subprocess.run([sys.executable, "-c", code], cwd=project_root, check=True)

    def test_list_models_states_size_and_licence(self):
        models = {info.name: info for info in list_models()}
        assert list(models)[:7] == ["u2netp", "nano", "zero123-105000", "zero123-165000",
                                    "zero123-xl", "stable-zero123", "stable-zero123c"]
        assert models["zero123-105000"].licence == "MIT"
        assert models["stable-zero123"].commercial_use is CommercialUse.FORBIDDEN
        assert models["zero123-xl"].commercial_use is CommercialUse.UNKNOWN
        for info in models.values():
            assert info.licence
            assert bool(info.repo) == (info.name != "nano")
            assert info.whole_repository == (bool(info.repo) and not info.files)
            assert info.terms or not info.restricted
            assert info.pose_encoding == ("stable" if "stable" in info.name else "zero123")

    def test_installed_uses_the_models_folder(self, saved, tmp_path, monkeypatch):
        monkeypatch.setenv("ZERO123_MODELS", str(tmp_path))
        assert models_folder() == tmp_path
        assert not find_model("zero123-xl").installed
        shutil.copytree(saved, tmp_path / "zero123-xl")
        assert find_model("zero123-xl").installed
        error = error_of(load_pipeline, "zero123-xl", "cpu")  # its licence is checked first
        assert error.code is ErrorCode.BAD_INPUT
        assert "models accept zero123-xl" in error.hint
        assert main(["models", "accept", "zero123-xl"]) == 0
        assert load_pipeline("zero123-xl", "cpu").config.pose_encoding == "zero123"

    def test_models_folder_defaults_to_user_data(self, monkeypatch):
        monkeypatch.delenv("ZERO123_MODELS", raising=False)
        assert models_folder().is_absolute()
        assert models_folder().parts[-2:] == ("zero123", "models")


class TestLocalFiles:
    @pytest.fixture(autouse=True)
    def models(self, tmp_path, monkeypatch):
        monkeypatch.setenv("ZERO123_MODELS", str(tmp_path / "models"))
        return tmp_path / "models"

    def test_segmentation_model_is_imported_unchanged(
            self, shared_dir, tmp_path, models):
        file = shared_dir / "data/models/u2netp.onnx"
        info = find_model("u2netp")
        changed = tmp_path / "u2netp.onnx"
        changed.write_bytes(file.read_bytes()[:-1] + b"x")
        error = error_of(import_model, changed, "u2netp", SilentReporter())
        assert error.code is ErrorCode.MODEL_DAMAGED
        assert model_state(info) is ModelState.MISSING
        assert main(["models", "import", str(file)]) == 0
        assert model_state(info) is ModelState.HERE
        os.truncate(info.file, 1000)
        assert model_state(info) is ModelState.DAMAGED
        assert main(["models", "remove", "u2netp"]) == 0
        assert list(models.iterdir()) == []

    def test_import_names_checkpoint_after_its_file(self, shared_dir, tmp_path, models, capsys):
        golden = shared_dir / "golden"
        shutil.copy(golden / "checkpoint.ckpt", tmp_path / "stable_zero123.ckpt")
        command = ["models", "import", str(tmp_path / "stable_zero123.ckpt"), "--config",
                   str(golden / "config.yaml")]
        assert main(command) == 2
        assert "licence of stable-zero123 must be accepted" in capsys.readouterr().err
        assert main([*command, "--accept-licence"]) == 0
        assert load_pipeline("stable-zero123", "cpu").config.pose_encoding == "stable"
        assert main([*command, "--name", "mine"]) == 0
        assert load_pipeline("mine", "cpu").config.pose_encoding == "stable"
        assert other_models() == ["mine"]
        weights = models / "mine" / UNET
        os.truncate(weights, weights.stat().st_size - 1)
        assert folder_state(models / "mine") is ModelState.DAMAGED
        assert main(["models", "verify", "mine"]) == 3

    @pytest.mark.parametrize("name", ["nano", "../outside", ".hidden", "a/b", "c:"])
    def test_import_refuses_names_with_paths(self, tmp_path, name):
        (tmp_path / "a.ckpt").write_bytes(b"")
        assert error_of(import_model, tmp_path / "a.ckpt", name,
                        SilentReporter()).code is ErrorCode.BAD_INPUT


class TestMissing:
    def test_load_pipeline_lists_models_for_unknown_name(self):
        error = error_of(load_pipeline, "zero124")
        assert error.code is ErrorCode.MODEL_MISSING
        assert "nano" in error.hint
        assert "stable-zero123" in error.hint

    def test_load_pipeline_explains_how_to_install_a_model(self, tmp_path, monkeypatch):
        monkeypatch.setenv("ZERO123_MODELS", str(tmp_path))
        error = error_of(load_pipeline, "stable-zero123")
        assert error.code is ErrorCode.MODEL_MISSING
        assert "models download stable-zero123" in error.hint

    def test_load_pipeline_suggests_import_of_checkpoint(self, tmp_path):
        (tmp_path / "a.ckpt").write_bytes(b"")
        error = error_of(load_pipeline, str(tmp_path / "a.ckpt"))
        assert error.code is ErrorCode.MODEL_INCOMPATIBLE
        assert "import" in error.hint


class TestDamage:
    @pytest.mark.parametrize("name", [UNET, CLIP, "cc_projection/config.json", "vae/config.json",
                                      "scheduler/scheduler_config.json", "model_index.json"])
    @pytest.mark.parametrize("kept", [0.0, 0.5])
    def test_load_pipeline_reports_truncated_file(self, model, name, kept):
        os.truncate(model / name, int((model / name).stat().st_size * kept))
        error = error_of(load_pipeline, str(model), "cpu")
        assert error.code is ErrorCode.MODEL_DAMAGED
        assert str(model) in error.message

    @pytest.mark.parametrize("name", [UNET, CLIP, "vae/config.json",
                                      "scheduler/scheduler_config.json"])
    def test_load_pipeline_reports_missing_file(self, model, name):
        (model / name).unlink()
        assert error_of(load_pipeline, str(model), "cpu").code is ErrorCode.MODEL_DAMAGED

    @pytest.mark.parametrize("name", [UNET, CLIP])
    def test_load_pipeline_reports_missing_weight(self, model, name):
        weights = load_file(model / name)
        lost, _ = weights.popitem()
        save_file(weights, model / name, metadata={"format": "pt"})
        error = error_of(load_pipeline, str(model), "cpu")
        assert error.code is ErrorCode.MODEL_DAMAGED
        assert lost in error.message

    def test_load_pipeline_refuses_other_pipeline(self, model):
        (model / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
        error = error_of(load_pipeline, str(model), "cpu")
        assert error.code is ErrorCode.MODEL_INCOMPATIBLE
        assert "FluxPipeline" in error.message

    def test_load_pipeline_ignores_classes_of_the_index(self, model):
        index = json.loads((model / "model_index.json").read_text())
        index["unet"] = ["trap", "Trap"]
        (model / "model_index.json").write_text(json.dumps(index))
        (model / "unet" / "trap.py").write_text("raise SystemExit('imported')")
        load_pipeline(str(model), "cpu")
        assert "trap" not in sys.modules


class TestDevice:
    def test_resolve_device_auto_selects_usable_device(self):
        assert torch.zeros(2, device=resolve_device("auto")).sum() == 0

    def test_resolve_device_refuses_unknown_name(self):
        assert error_of(resolve_device, "tpu").code is ErrorCode.BAD_INPUT

    @pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
    def test_resolve_device_refuses_missing_device(self):
        error = error_of(resolve_device, "cuda")
        assert error.code is ErrorCode.ENVIRONMENT

    def test_load_pipeline_computes_float32_from_float16_files(self, tmp_path):
        tiny_pipeline().to(torch.float16).save_pretrained(tmp_path)
        assert load_pipeline(str(tmp_path), "cpu").vae.dtype == torch.float32
