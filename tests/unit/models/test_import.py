# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import of original checkpoints: complete, safe, and with exact errors for mismatches."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import torch
import yaml
from helpers.exploit import Exploit
from safetensors.torch import save_file

from engine.core.errors import EngineError, ErrorCode
from engine.models import import_checkpoint, load_pipeline
from engine.models.checkpoint import build_pipeline
from engine.models.key_mapping import OriginalConfig
from engine.models.safe_unpickle import read_state_dict

CONV_IN = "model.diffusion_model.input_blocks.0.0.weight"
AVERAGED_CONV_IN = "model_ema.diffusion_modelinput_blocks00weight"


@pytest.fixture(scope="module")
def golden(shared_dir: Path) -> Path:
    return shared_dir / "golden"


@pytest.fixture(scope="module")
def config(golden) -> OriginalConfig:
    return OriginalConfig.from_yaml(golden / "config.yaml")


@pytest.fixture(scope="module")
def weights(golden) -> dict[str, torch.Tensor]:
    """The tiny checkpoint's tensors; they are shared, so tests copy the dictionary before
    changes.
    """
    return read_state_dict(golden / "checkpoint.ckpt")


@pytest.fixture(scope="module")
def full_size_weights(golden) -> dict[str, torch.Tensor]:
    """The released models' names and shapes on the meta device."""
    keys = json.loads((golden / "full_keys.json").read_text())
    return {name: torch.empty(key["shape"], dtype=getattr(torch, key["dtype"]), device="meta")
            for name, key in keys.items()}


def error_of(call, *arguments, **options) -> EngineError:
    with pytest.raises(EngineError) as caught:
        call(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("ema", [True, False])
def test_build_pipeline_uses_every_released_weight(full_size_weights, ema):
    pipeline = build_pipeline(full_size_weights, OriginalConfig(), ema=ema)
    counts = {name: sum(p.numel() for p in getattr(pipeline, name).parameters())
              for name in ("unet", "vae", "image_encoder", "cc_projection")}
    assert counts == {"unet": 859_532_484, "vae": 83_653_863, "image_encoder": 303_966_208,
                      "cc_projection": 593_664}
    assert pipeline.image_size == 256
    assert pipeline.image_encoder.config.num_attention_heads == 16
    assert pipeline.image_encoder.config.hidden_act == "quick_gelu"
    assert pipeline.unet.config.attention_head_dim == 8


def test_import_prefers_averaged_weights(weights, config):
    averaged = build_pipeline(weights, config).unet.conv_in.weight
    raw = build_pipeline(weights, config, ema=False).unet.conv_in.weight
    assert torch.equal(averaged, weights[AVERAGED_CONV_IN])
    assert torch.equal(raw, weights[CONV_IN])
    assert not torch.equal(averaged, raw)


def test_import_uses_raw_weights_without_average(weights, config):
    pruned = {key: value for key, value in weights.items() if not key.startswith("model_ema.")}
    assert torch.equal(build_pipeline(pruned, config).unet.conv_in.weight, weights[CONV_IN])


@pytest.mark.parametrize("name", [
    CONV_IN, "first_stage_model.decoder.up.0.block.0.conv1.bias", "cc_projection.bias",
    "cond_stage_model.model.visual.transformer.resblocks.0.attn.in_proj_weight",
    "cond_stage_model.model.visual.proj", "cc_projection.weight"])
def test_import_names_missing_weight(weights, config, name):
    error = error_of(build_pipeline, {k: v for k, v in weights.items() if k != name}, config,
                     ema=False)
    assert error.code is ErrorCode.MODEL_INCOMPATIBLE
    assert name in error.message


@pytest.mark.parametrize("name", [
    "model.diffusion_model.label_emb.0.weight", "first_stage_model.encoder.extra.weight",
    "cond_stage_model.model.visual.mask_token", "cc_projection.scale"])
def test_import_names_unexpected_weight(weights, config, name):
    error = error_of(build_pipeline, {**weights, name: torch.zeros(2)}, config, ema=False)
    assert error.code is ErrorCode.MODEL_INCOMPATIBLE
    assert f"{name} is unexpected" in error.message


def test_import_names_average_without_weight(weights, config):
    error = error_of(build_pipeline, {**weights, "model_ema.stray": torch.zeros(2)}, config)
    assert "stray is unexpected" in error.message


def test_import_names_weight_of_other_shape(weights, config):
    error = error_of(build_pipeline, {**weights, CONV_IN: torch.zeros(32, 4, 3, 3)}, config,
                     ema=False)
    assert f"{CONV_IN} is (32, 4, 3, 3) instead of (32, 8, 3, 3)" in error.message


def test_import_reports_wrong_configuration(weights):
    error = error_of(build_pipeline, weights, OriginalConfig())
    assert error.code is ErrorCode.MODEL_INCOMPATIBLE
    assert ".yaml" in error.hint


def test_import_accepts_safetensors_with_options(weights, golden, tmp_path):
    save_file({key: value.contiguous() for key, value in weights.items()},
              tmp_path / "model.safetensors")
    folder = import_checkpoint(tmp_path / "model.safetensors", golden / "config.yaml",
                               out=tmp_path / "out", pose_encoding="stable", dtype=torch.float16)
    assert folder == tmp_path / "out"
    files = sorted(path.suffix for path in folder.rglob("*") if path.is_file())
    assert set(files) == {".json", ".safetensors"}
    half = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
    pipeline = load_pipeline(str(folder), "cpu")
    assert pipeline.config.pose_encoding == "stable"
    assert pipeline.unet.dtype == torch.float32
    parameters = sum(p.numel() for name in ("unet", "vae", "image_encoder", "cc_projection")
                     for p in getattr(pipeline, name).parameters())
    assert half < 2.2 * parameters
    torch.testing.assert_close(pipeline.unet.conv_in.weight, weights[AVERAGED_CONV_IN],
                               atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_import_keeps_the_precision_by_default(weights, config, dtype):
    half = {key: value.to(dtype) for key, value in weights.items()}
    pipeline = build_pipeline(half, config)
    assert pipeline.unet.dtype == pipeline.image_encoder.dtype == dtype
    conv_in = pipeline.unet.conv_in.weight
    assert conv_in.data_ptr() == half[AVERAGED_CONV_IN].data_ptr(), "shared, not copied"


class TestStrangeFiles:
    @pytest.mark.parametrize("place", ["weight", "hook"])
    def test_pickle_with_call_is_refused_without_calling(self, tmp_path, place):
        exploit = Exploit(tmp_path / "mark")
        torch.save({"state_dict": {"layer": torch.zeros(2), place: exploit}, "hook": exploit},
                   tmp_path / "evil.ckpt")
        error = error_of(import_checkpoint, tmp_path / "evil.ckpt", out=tmp_path / "out")
        assert error.code is ErrorCode.MODEL_DAMAGED
        assert ".system, which weights never contain" in error.message
        assert not (tmp_path / "out").exists()
        assert not (tmp_path / "mark").exists()
        torch.load(tmp_path / "evil.ckpt", weights_only=False)
        assert (tmp_path / "mark").exists()  # the exploit itself works

    @pytest.mark.parametrize("code", [
        b"cbuiltins\neval\n(S'1'\ntR.", b"c__builtin__\nexec\n(S'1'\ntR.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.", b"(S'x'\nios\nsystem\n."])
    def test_pickle_with_other_call_opcodes_is_refused(self, tmp_path, code):
        torch.save({"layer": torch.zeros(2)}, tmp_path / "plain.ckpt")
        with (zipfile.ZipFile(tmp_path / "plain.ckpt") as plain,
              zipfile.ZipFile(tmp_path / "evil.ckpt", "w") as evil):
            for name in plain.namelist():
                evil.writestr(name, code if name.endswith("data.pkl") else plain.read(name))
        assert error_of(read_state_dict, tmp_path / "evil.ckpt").code is ErrorCode.MODEL_DAMAGED

    def test_training_state_is_ignored(self, golden):
        weights = read_state_dict(golden / "checkpoint_lightning.ckpt")
        plain = read_state_dict(golden / "checkpoint.ckpt")
        assert weights.keys() == plain.keys()
        assert all(torch.equal(weights[key], plain[key]) for key in plain)

    @pytest.mark.parametrize("damage", ["empty", "text", "cut", "torchscript", "safetensors"])
    def test_damaged_file_is_reported(self, tmp_path, golden, damage):
        path = tmp_path / ("m.safetensors" if damage == "safetensors" else "m.ckpt")
        content = (golden / "checkpoint.ckpt").read_bytes()
        if damage == "torchscript":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("m/constants.pkl", b"")
        else:
            path.write_bytes({"empty": b"", "text": b"hello" * 99, "safetensors": content[:5000],
                              "cut": content[:len(content) // 2]}[damage])
        error = error_of(import_checkpoint, path, golden / "config.yaml", out=tmp_path / "out")
        assert error.code is ErrorCode.MODEL_DAMAGED
        assert str(path) in error.message
        assert [entry.name for entry in tmp_path.iterdir()] == [path.name]

    def test_missing_file_is_reported(self, tmp_path):
        error = error_of(import_checkpoint, tmp_path / "no.ckpt", out=tmp_path / "out")
        assert error.code is ErrorCode.MODEL_MISSING

    def test_checkpoint_of_other_network_is_refused(self, tmp_path):
        torch.save({"layer.weight": torch.zeros(2)}, tmp_path / "other.ckpt")
        error = error_of(import_checkpoint, tmp_path / "other.ckpt", out=tmp_path / "out")
        assert error.code is ErrorCode.MODEL_INCOMPATIBLE
        assert not (tmp_path / "out").exists()


class TestConfiguration:
    def test_configuration_defaults_to_the_released_one(self, golden, tmp_path):
        document = yaml.safe_load((golden / "config.yaml").read_text())
        params = document["model"]["params"]
        params["unet_config"]["params"] |= {
            "model_channels": 320, "attention_resolutions": [4, 2, 1], "num_res_blocks": 2,
            "channel_mult": [1, 2, 4, 4], "num_heads": 8}
        params["first_stage_config"]["params"]["ddconfig"] |= {
            "ch": 128, "ch_mult": [1, 2, 4, 4], "num_res_blocks": 2}
        (tmp_path / "full.yaml").write_text(yaml.safe_dump(document))
        given, default = OriginalConfig.from_yaml(tmp_path / "full.yaml"), OriginalConfig()
        for kwargs in ("unet_kwargs", "vae_kwargs", "scheduler_kwargs"):
            assert getattr(given, kwargs)() == getattr(default, kwargs)()

    @pytest.mark.parametrize(("text", "code"), [
        (None, ErrorCode.BAD_INPUT), ("a: [", ErrorCode.BAD_INPUT),
        ("", ErrorCode.MODEL_INCOMPATIBLE), ("model: {params: {}}", ErrorCode.MODEL_INCOMPATIBLE),
        ("!!python/object/apply:os.getcwd []", ErrorCode.BAD_INPUT)])
    def test_invalid_configuration_is_refused(self, tmp_path, text, code):
        if text is not None:
            (tmp_path / "c.yaml").write_text(text)
        assert error_of(OriginalConfig.from_yaml, tmp_path / "c.yaml").code is code
