# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model folders in the layouts of other publishers give the same views as the engine's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import community_models as community
from helpers.tiny_pipeline import IMAGE_SIZE, ORIGINAL, tiny_pipeline
from safetensors.torch import load_file, save_file

from engine.cli.main import main
from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import SilentReporter
from engine.models import find_model, load_pipeline
from engine.models.families import STABLE, family_in
from engine.models.licence_store import accept_licence
from engine.models.local import import_model

XL = "someone/zero123-xl-diffusers"
"""A name that identifies the model but does not require the licence of Zero123-XL."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine's own folder of a tiny model with the original's schedule."""
    folder = tmp_path_factory.mktemp("own") / "tiny"
    tiny_pipeline(ORIGINAL).save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder and an empty Hugging Face cache."""
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "models"


def views(model: Path | str) -> np.ndarray:
    """Two steps of two views: 2 x S x S x 3."""
    image = np.random.default_rng(1).random((IMAGE_SIZE, IMAGE_SIZE, 3), np.float32)
    pipeline = load_pipeline(str(model), "cpu")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(image, azimuth=[30.0, 90.0], num_inference_steps=2, guidance_scale=3.0,
                    output_type="np", generator=torch.Generator().manual_seed(0)).images


def error_of(model: Path | str) -> EngineError:
    with pytest.raises(EngineError) as caught:
        load_pipeline(str(model), "cpu")
    return caught.value


LAYOUTS = (community.as_bennyguo, community.as_kxic, community.as_converted)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_community_folder_gives_the_same_views(own, tmp_path, layout):
    folder = layout(own, tmp_path / "zero123-xl-diffusers")
    np.testing.assert_array_equal(views(folder), views(own))


def test_half_precision_folders_give_the_same_views(own, tmp_path):
    for file in (half := Path(shutil.copytree(own, tmp_path / "half"))).rglob("*.safetensors"):
        community.halve(file, file)
    folder = community.as_ashawkey(own, tmp_path / "zero123-xl-diffusers")
    np.testing.assert_array_equal(views(folder), views(half))


@pytest.mark.parametrize("layout", [*LAYOUTS, community.as_ashawkey])
def test_imported_folder_gives_the_same_views(own, tmp_path, layout):
    folder = layout(own, tmp_path / "theirs")
    assert main(["models", "import", str(folder), "--name", "mine",
                 "--pose-encoding", "zero123"]) == 0
    loaded = load_pipeline("mine", "cpu")
    assert loaded.config.pose_encoding == "zero123"
    assert main(["models", "verify", "mine"]) == 0
    if layout is not community.as_ashawkey:
        np.testing.assert_array_equal(views("mine"), views(own))


@pytest.mark.parametrize("variant", ["", ".fp16"])
def test_sharded_weights_are_combined(own, tmp_path, variant):
    folder = Path(shutil.copytree(own, tmp_path / "parts"))
    for network in community.NETWORKS:
        community.split(community.weights_file(folder, network), variant)
    np.testing.assert_array_equal(views(folder), views(own))


def test_sharded_weights_error_names_missing_part(own, tmp_path):
    folder = Path(shutil.copytree(own, tmp_path / "parts"))
    community.split(community.weights_file(folder, "unet"))
    next((folder / "unet").glob("*-00002-of-00002.safetensors")).unlink()
    error = error_of(folder)
    assert error.code is ErrorCode.MODEL_DAMAGED
    assert "part 2 of 2" in error.message


def test_variant_weights_are_read_alone(own, tmp_path):
    folder = Path(shutil.copytree(own, tmp_path / "fp16"))
    for network in community.NETWORKS:
        file = community.weights_file(folder, network)
        file.rename(file.with_name(f"{file.stem}.fp16.safetensors"))
    np.testing.assert_array_equal(views(folder), views(own))


def test_averaged_variant_is_preferred(own, tmp_path):
    folder = Path(shutil.copytree(own, tmp_path / "ema"))
    file = community.weights_file(folder, "unet")
    file.rename(file.with_name("diffusion_pytorch_model.fp16_ema.safetensors"))
    raw = {name: torch.zeros_like(value) for name, value in load_file(
        file.with_name("diffusion_pytorch_model.fp16_ema.safetensors")).items()}
    save_file(raw, file, metadata={"format": "pt"})
    torch.save(raw, file.with_name("diffusion_pytorch_model.non_ema.bin"))
    np.testing.assert_array_equal(views(folder), views(own))


def test_scheduler_replaces_betas_of_conversion_script(own, tmp_path):
    folder = community.as_converted(own, tmp_path / "zero123-xl-diffusers")
    path = folder / "scheduler" / "scheduler_config.json"
    wrong = json.loads(path.read_text()) | {"beta_start": 0.02, "beta_end": 0.085}
    path.write_text(json.dumps(wrong))
    np.testing.assert_array_equal(views(folder), views(own))


@pytest.mark.parametrize("given", ["hub id", "snapshot", "repository"])
def test_load_pipeline_reads_hugging_face_cache(own, tmp_path, given):
    theirs = community.as_bennyguo(own, tmp_path / "theirs")
    snapshot = community.in_hub_cache(theirs, tmp_path / "hub", XL)
    model = {"hub id": XL, "snapshot": snapshot, "repository": snapshot.parents[1]}[given]
    np.testing.assert_array_equal(views(model), views(own))


def test_import_model_accepts_cached_repository_name(own, tmp_path, models):
    theirs = community.as_kxic(own, tmp_path / "theirs")
    snapshot = community.in_hub_cache(theirs, tmp_path / "hub", XL)
    assert main(["models", "accept", "zero123-xl-diffusers"]) == 0
    assert main(["models", "import", str(snapshot)]) == 0
    assert (models / "zero123-xl-diffusers" / "model_index.json").is_file()


def test_check_links_refuses_links_out_of_the_cache(own, tmp_path):
    snapshot = community.in_hub_cache(own, tmp_path / "hub", XL)
    outside = tmp_path / "outside.safetensors"
    file = community.weights_file(snapshot, "unet")
    shutil.copy(file, outside)
    file.unlink()
    file.symlink_to(outside)
    error = error_of(snapshot)
    assert error.code is ErrorCode.MODEL_DAMAGED
    assert "leads out" in error.message


class TestPoseEncoding:
    def test_unknown_folder_requires_pose_encoding(self, own, tmp_path):
        error = error_of(community.as_kxic(own, tmp_path / "theirs"))
        assert error.code is ErrorCode.BAD_INPUT
        assert "--pose-encoding zero123" in error.hint
        assert "--pose-encoding stable" in error.hint

    @pytest.mark.parametrize("name", ["stable-zero123", "stable_zero123_diffusers"])
    def test_folder_named_stable_zero123_requires_licence(self, own, tmp_path, name):
        folder = community.as_bennyguo(own, tmp_path / name)
        assert "licence of stable-zero123" in error_of(folder).message
        accept_licence(find_model("stable-zero123"))
        assert load_pipeline(str(folder), "cpu").config.pose_encoding == "stable"

    def test_source_recorded_by_diffusers_is_evidence(self, own, tmp_path):
        folder = community.as_converted(own, tmp_path / "theirs")
        path = folder / "unet" / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {
            "_name_or_path": "someone/stable-zero123"}))
        accept_licence(find_model("stable-zero123"))
        assert load_pipeline(str(folder), "cpu").config.pose_encoding == "stable"

    def test_contradictory_names_require_pose_encoding(self, own, tmp_path, models):
        folder = community.as_converted(own, tmp_path / "stable-zero123")
        with pytest.raises(EngineError, match="different pose encodings"):
            import_model(folder, "zero123-xl", SilentReporter(), accept_licence=True)

    def test_load_pipeline_accepts_chosen_pose_encoding(self, own, tmp_path):
        folder = str(community.as_kxic(own, tmp_path / "theirs"))
        with pytest.raises(EngineError, match="licence of stable-zero123"):
            load_pipeline(folder, "cpu", pose_encoding="stable")
        accept_licence(find_model("stable-zero123"))
        for encoding in ("zero123", "stable"):
            loaded = load_pipeline(folder, "cpu", pose_encoding=encoding)
            assert loaded.config.pose_encoding == encoding

    def test_stated_pose_encoding_cannot_be_overridden(self, own):
        with pytest.raises(EngineError, match="states the pose encoding zero123"):
            load_pipeline(str(own), "cpu", pose_encoding="stable")

    @pytest.mark.slow
    def test_job_uses_chosen_pose_encoding(self, own, tmp_path, picture):
        folder = community.as_kxic(own, tmp_path / "theirs")
        accept_licence(find_model("stable-zero123"))
        arguments = ["views", str(picture), "--model", str(folder), "--steps", "2", "--azimuth",
                     "60", "--elevation", "30", "--input-elevation", "20", "--device", "cpu"]
        seen = []
        for encoding in ("zero123", "stable"):
            out = tmp_path / encoding
            assert main([*arguments, "--pose-encoding", encoding, "--out", str(out)]) == 0
            seen.append((out / "view_000.png").read_bytes())
        assert seen[0] != seen[1]

    def test_family_follows_chosen_pose_encoding(self, own, tmp_path):
        folder = community.as_kxic(own, tmp_path / "theirs")
        assert family_in(folder, "stable") is STABLE
        assert family_in(community.as_kxic(own, tmp_path / "stable-zero123")) is STABLE


class TestBadFolders:
    @pytest.fixture
    def folder(self, own, tmp_path):
        return community.as_converted(own, tmp_path / "zero123-xl-diffusers")

    @staticmethod
    def change(path: Path, **values: object) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    @pytest.mark.parametrize("lost", ["vae", "cc_projection", "scheduler", "image_encoder"])
    def test_incomplete_folder_error_names_missing_network(self, folder, lost):
        shutil.rmtree(folder / lost)
        error = error_of(folder)
        assert error.code is ErrorCode.MODEL_DAMAGED
        assert f"incomplete: {lost} is missing" in error.message

    def test_folder_without_index_is_incomplete(self, folder):
        (folder / "model_index.json").unlink()
        assert "model_index.json is missing" in error_of(folder).message

    def test_folder_of_checkpoints_error_names_a_checkpoint(self, tmp_path):
        (tmp_path / "a.ckpt").write_bytes(b"")
        assert f"models import {tmp_path / 'a.ckpt'}" in error_of(tmp_path).hint

    def test_duplicate_unet_folders_are_refused(self, folder):
        shutil.copytree(folder / "unet", folder / "unet_ema")
        error = error_of(folder)
        assert error.code is ErrorCode.MODEL_INCOMPATIBLE
        assert "two UNets, unet and unet_ema" in error.message

    def test_ambiguous_unet_weight_files_are_refused(self, folder):
        file = community.weights_file(folder, "unet")
        shutil.copy(file, file.with_name("model.safetensors"))
        assert "two sets of weights" in error_of(folder).message

    def test_other_pipeline_class_is_refused(self, folder):
        self.change(folder / "model_index.json", _class_name="StableDiffusionPipeline")
        error = error_of(folder)
        assert error.code is ErrorCode.MODEL_INCOMPATIBLE
        assert "StableDiffusionPipeline" in error.message

    def test_unet_with_four_channels_is_refused(self, folder):
        self.change(folder / "unet" / "config.json", in_channels=4)
        error = error_of(folder)
        assert error.code is ErrorCode.MODEL_INCOMPATIBLE
        assert "takes 4 channels instead of 8" in error.message

    @pytest.mark.parametrize("values", [
        {"cross_attention_dim": 2048}, {"addition_embed_type": "text_time"},
        {"block_out_channels": [320, 640]}])
    def test_unet_of_other_size_is_refused(self, folder, values):
        self.change(folder / "unet" / "config.json", **values)
        error = error_of(folder)
        assert error.code is ErrorCode.MODEL_INCOMPATIBLE
        assert "\n" not in str(error)

    @pytest.mark.parametrize("network", community.NETWORKS)
    def test_mismatched_weight_shape_is_named(self, folder, network):
        file = community.weights_file(folder, network)
        weights = load_file(file)
        name = next(name for name in sorted(weights) if weights[name].ndim == 2)
        wrong = torch.zeros(weights[name].shape[0] + 1, weights[name].shape[1])
        save_file(weights | {name: wrong}, file, metadata={"format": "pt"})
        error = error_of(folder)
        assert error.code is ErrorCode.MODEL_INCOMPATIBLE
        assert network == "cc_projection" or name in error.message
