# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`train model` fine-tunes any model on rendered views and writes a usable model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.command_line import PATIENCE_S, names, run
from helpers.tiny_pipeline import ORIGINAL, ZERO_SNR, tiny_pipeline
from PIL import Image
from safetensors.torch import load_file

from engine.camera import relative_pose
from engine.core.errors import JobCancelled
from engine.core.reporting import SilentReporter
from engine.core.requests import TrainRequest
from engine.jobs import run as jobs
from engine.models import load_pipeline
from engine.training.finetune import ATTENTION, PosedUNet, encode_views, finetuning_loss
from engine.training.latents import PairIndex, pair_poses
from engine.training.loop import _parameter_groups, averaged_copy
from engine.training.objective import add_noise
from engine.training.rendered import RenderedObject
from engine.training.shards import write_shard
from engine.training.views import unpack

OBJECTS, VIEWS, SIZE = 2, 4, 64


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two discs in their colours, seen from four sides."""
    folder = tmp_path_factory.mktemp("shards")
    y, x = np.mgrid[:SIZE, :SIZE]
    pose = np.array([[90.0 * v, 10.0 + 5 * v, 1.6 + 0.1 * v] for v in range(VIEWS)], np.float32)

    def disc(i: int) -> RenderedObject:
        rgba = np.zeros((VIEWS, SIZE, SIZE, 4), np.uint8)
        for v in range(VIEWS):
            inside = (y - 32) ** 2 + (x - 24 - 4 * v) ** 2 < (10 + 8 * i) ** 2
            rgba[v, inside] = (200 - 150 * i, 40 * v, 150 * i, 255)
        return RenderedObject(f"disc{i}", rgba, pose, {"name": f"disc{i}"})

    write_shard(folder / "000.tar", [disc(i) for i in range(OBJECTS)])
    return folder


def train(data: Path, out: Path, model: Path, *options: object) -> int:
    return run("train", "model", data, "--out", out, "--model", model, "--device", "cpu",
               "--batch-size", 2, "--steps", 4, "--preview-every", 2, *options)


@pytest.mark.slow
def test_fine_tuned_model_can_be_used(shards: Path, tiny_model: Path, picture: Path,
                                               tmp_path: Path):
    out = tmp_path / "tuned"
    assert train(shards, out, tiny_model, "--learning-rate", 0.01) == 0
    before, after = load_pipeline(str(tiny_model), "cpu"), load_pipeline(str(out), "cpu")
    assert after.config.default_num_inference_steps == before.config.default_num_inference_steps
    assert after.config.pose_encoding == before.config.pose_encoding
    for part, changed in (("unet", True), ("cc_projection", True), ("vae", False),
                          ("image_encoder", False)):
        same = [torch.allclose(a, b, atol=2e-3) for a, b in zip(
            getattr(before, part).state_dict().values(),
            getattr(after, part).state_dict().values(), strict=True)]
        assert all(same) is not changed, part
    document = json.loads((out / "request.json").read_text())
    assert (document["kind"], document["objects"]) == ("train", ["disc0", "disc1"])
    with Image.open(out / "training.png") as drawn:
        assert np.asarray(drawn.convert("L")).std() > 10
    assert run("views", picture, "--out", tmp_path / "views", "--model", out) == 0
    assert [name for name in names(tmp_path) if name.startswith(".")] == []


@pytest.mark.slow
def test_fine_tuned_model_is_found_by_name(shards: Path, tiny_model: Path,
                                                       tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path))
    assert train(shards, tmp_path / "mine", tiny_model) == 0
    assert load_pipeline("mine", "cpu").image_size == 32


class StopAt(SilentReporter):
    """Cancels when a stage has reached a step."""

    def __init__(self, stage: str, step: int) -> None:
        self.at = (stage, step)

    def progress(self, stage: str, done: int, total: int) -> None:
        if (stage, done) == self.at:
            raise JobCancelled


@pytest.mark.slow
@pytest.mark.parametrize("at", [("unpack", 1), ("precompute", 2), ("train", 3)])
def test_resumed_fine_tuning_ends_with_the_same_weights(shards: Path, tiny_model: Path,
                                                       tmp_path: Path, at: tuple[str, int]):
    options = {"data": str(shards), "model": str(tiny_model), "steps": 5, "batch_size": 2,
               "device": "cpu", "preview_every": 10, "resume": True}
    jobs.run(TrainRequest(out=str(tmp_path / "whole"), **options), SilentReporter())
    parts = TrainRequest(out=str(tmp_path / "parts"), **options)
    with pytest.raises(JobCancelled):
        jobs.run(parts, StopAt(*at))
    assert not (tmp_path / "parts").exists()
    jobs.run(parts, SilentReporter())
    weights = "unet/diffusion_pytorch_model.safetensors"
    assert (tmp_path / "parts" / weights).read_bytes() == (
        tmp_path / "whole" / weights).read_bytes()


@pytest.mark.slow
def test_fine_tuning_lowers_the_loss(shards: Path, tiny_model: Path, tmp_path: Path):
    jobs.run(TrainRequest(data=str(shards), model=str(tiny_model), out=str(tmp_path / "out"),
                          steps=80, batch_size=8, learning_rate=3e-3, device="cpu",
                          preview_every=1000), SilentReporter())
    lines = map(json.loads, (tmp_path / "out" / "log.jsonl").read_text().splitlines())
    losses = [line["loss"] for line in lines if "loss" in line]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])


@pytest.fixture(scope="module")
def prepared(shards: Path, tmp_path_factory: pytest.TempPathFactory):
    """(pipeline, pictures at its size, latents, embeddings)."""
    folder = tmp_path_factory.mktemp("work")
    pipeline = tiny_pipeline(ORIGINAL)
    views = unpack([shards], folder / "views", SilentReporter(), size=32)
    return pipeline, views, *encode_views(views, pipeline, folder / "latents", SilentReporter())


def test_encode_views_equals_the_pipelines_encoding(prepared):
    pipeline, views, data, embeddings = prepared
    image = pipeline.image_tensor(views.rgb[1, 2].astype(np.float32) / 255)
    condition = pipeline.encode_image(image)
    torch.testing.assert_close(embeddings[1, 2], condition.embedding[0], atol=0.02, rtol=0.02)
    # Equal within the precision of bfloat16, if the CPU supports it.
    torch.testing.assert_close(torch.tensor(data.latent[1, 0, 2]).float(), condition.latent[0],
                               atol=0.03, rtol=0.01)
    assert data.scaling_factor == pipeline.vae.config.scaling_factor
    assert embeddings.shape == (OBJECTS, VIEWS, 16)


def test_finetuning_loss_is_shared_by_processes(prepared):
    """The mean of the processes' losses and gradients equals that of one process."""
    pipeline, _, data, embeddings = prepared
    module = PosedUNet(pipeline.unet, pipeline.cc_projection)

    def gradient(part: tuple[int, int]) -> tuple[float, torch.Tensor]:
        module.zero_grad()
        loss = finetuning_loss(data, embeddings, pipeline, 6, part)(
            module, torch.Generator().manual_seed(3))
        loss.backward()
        return float(loss.detach()), module.cc_projection.projection.weight.grad.clone()

    whole = gradient((0, 1))
    parts = [gradient((rank, 3)) for rank in range(3)]
    assert np.mean([loss for loss, _ in parts]) == pytest.approx(whole[0], rel=1e-5)
    torch.testing.assert_close(sum(part for _, part in parts) / 3, whole[1], rtol=1e-4, atol=1e-7)


def test_gradient_checkpointing_changes_no_gradient(prepared):
    pipeline, _, data, embeddings = prepared
    module = PosedUNet(pipeline.unet, pipeline.cc_projection).train()
    loss = finetuning_loss(data, embeddings, pipeline, 2)

    def gradient() -> torch.Tensor:
        module.zero_grad()
        loss(module, torch.Generator().manual_seed(0)).backward()
        return pipeline.unet.conv_in.weight.grad.clone()

    plain = gradient()
    pipeline.unet.enable_gradient_checkpointing()
    torch.testing.assert_close(gradient(), plain)
    pipeline.unet.disable_gradient_checkpointing()


def test_pair_poses_of_stable_zero123_hold_the_elevation(prepared):
    pipeline, _, data, embeddings = prepared
    stable = tiny_pipeline(ORIGINAL, pose_encoding="stable")
    seen: list[torch.Tensor] = []

    class Notes(torch.nn.Linear):
        def forward(self, noisy, timestep, concat, embedding, pose):
            seen.append(pose)
            return noisy * self.weight.sum()

    for kind in (stable, pipeline):
        finetuning_loss(data, embeddings, kind, 3)(Notes(1, 1), torch.Generator().manual_seed(0))
    assert torch.equal(seen[0][:, :3], seen[1][:, :3])
    elevations = {10.0 + 5 * v for v in range(VIEWS)}
    assert {round(90 - float(torch.rad2deg(angle)), 3) for angle in seen[0][:, 3]} <= elevations
    one = np.array([0])
    pairs = PairIndex(one, one, one, one + 1)
    np.testing.assert_allclose(pair_poses(data, pairs, "stable"), relative_pose(
        90.0, 15.0, 1.7, input_elevation_deg=10.0, input_radius=1.6, encoding="stable")[None],
        rtol=1e-5)


@pytest.mark.parametrize(("schedule", "wanted"), [(ORIGINAL, "noise"), (ZERO_SNR, "velocity")])
def test_add_noise_target_follows_the_schedule(schedule: dict, wanted: str):
    scheduler = tiny_pipeline(schedule).scheduler
    clean = torch.randn(6, 4, 8, 8)
    noisy, timestep, target = add_noise(clean, scheduler, torch.Generator().manual_seed(0))
    alpha = scheduler.alphas_cumprod[timestep][:, None, None, None]
    if wanted == "noise":
        torch.testing.assert_close(noisy, alpha.sqrt() * clean + (1 - alpha).sqrt() * target)
    else:
        recovered = alpha.sqrt() * noisy - (1 - alpha).sqrt() * target
        torch.testing.assert_close(recovered, clean, atol=1e-4, rtol=1e-4)


def test_add_noise_timesteps_are_uniform():
    scheduler = tiny_pipeline(ORIGINAL).scheduler
    _, timestep, _ = add_noise(torch.zeros(20000, 1, 1, 1), scheduler,
                               torch.Generator().manual_seed(0))
    assert np.histogram(timestep, 4, (0, 1000))[0] == pytest.approx([5000] * 4, rel=0.05)


@pytest.mark.parametrize("content", [None, "text"])
def test_train_refuses_a_folder_without_data(tiny_model: Path, tmp_path: Path, content: str | None,
                                        capfd: pytest.CaptureFixture[str]):
    (folder := tmp_path / "data").mkdir()
    if content:
        (folder / "a.tar").write_text(content)
    assert train(folder, tmp_path / "out", tiny_model) == 2
    assert str(folder) in capfd.readouterr().err
    assert names(tmp_path) == ["data", "data/a.tar"] if content else ["data"]


def test_train_refuses_single_views(shards: Path, tiny_model: Path, tmp_path: Path):
    from engine.training.shards import read_shards

    single = [replace(item, rgba=item.rgba[:1], pose=item.pose[:1]) for item in read_shards(shards)]
    (folder := tmp_path / "data").mkdir()
    write_shard(folder / "000.tar", single)
    assert train(folder, tmp_path / "out", tiny_model) == 2


def test_train_of_an_unknown_model_has_exit_code_3(shards: Path, tmp_path: Path):
    assert train(shards, tmp_path / "out", tmp_path / "nothing") == 3


@pytest.mark.slow
def test_processes_train_like_one(shards: Path, tiny_model: Path, tmp_path: Path,
                                  project_root: Path):
    """Two processes with gloo and the same total batch have the same losses and weights as one."""
    def command(out: Path) -> list[str]:
        return ["train", "model", str(shards), "--out", str(out), "--model", str(tiny_model),
                "--device", "cpu", "--precision", "fp32", "--steps", "4", "--batch-size", "4",
                "--preview-every", "100", "--learning-rate", "0.01"]

    assert run(*command(tmp_path / "one")) == 0
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone",
              "--nproc-per-node", "2", "--module", "engine"]
    done = subprocess.run([*launch, *command(tmp_path / "two")], cwd=project_root, check=False,
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr[-2000:]
    document = json.loads((tmp_path / "two" / "request.json").read_text())
    assert document["processes"] == 2
    one, two = (load_file(tmp_path / name / "unet" / "diffusion_pytorch_model.safetensors")
                for name in ("one", "two"))
    start = load_file(tiny_model / "unet" / "diffusion_pytorch_model.safetensors")
    moved = max(float((one[key].float() - start[key].float()).abs().max()) for key in one)
    apart = max(float((one[key].float() - two[key].float()).abs().max()) for key in one)

    assert moved > 0.01
    assert apart < 0.05 * moved
    losses = [[json.loads(line).get("loss") for line in (tmp_path / name / "log.jsonl").open()]
              for name in ("one", "two")]

    assert len(losses[0]) == 5
    assert losses[0][:4] == pytest.approx(losses[1][:4], rel=1e-4)


MEETING = """
import sys
sys.path.insert(0, sys.argv[1])
import torch
from accelerate import Accelerator
from engine.training.processes import Processes
processes = Processes(Accelerator(cpu=True))
torch._C._get_accelerator = lambda: torch.device("cuda")
processes.wait()
"""


@pytest.mark.slow
def test_processes_on_the_cpu_do_not_touch_a_gpu(project_root: Path):
    """torch reports a GPU here that cannot be used."""
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1",
             "MASTER_PORT": "0"}
    done = subprocess.run([sys.executable, "-c", MEETING, project_root], check=False,
                          env={**os.environ, **alone}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_lora_changes_attention_only_and_merges(
        shards: Path, tiny_model: Path, picture: Path, tmp_path: Path):
    out = tmp_path / "tuned"
    assert train(shards, out, tiny_model, "--learning-rate", 0.1, "--lora", 2) == 0
    before, after = (load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
                     for folder in (tiny_model, out))
    assert set(before) == set(after)
    changed = {key for key in before
               if not torch.allclose(before[key], after[key].float(), atol=1e-3, rtol=1e-3)}
    assert changed and all(any(f".{layer}." in key for layer in ATTENTION) for key in changed)
    difference = after[key := next(iter(changed))].float() - before[key]
    strength = torch.linalg.svdvals(difference)
    assert strength[2:].max() < 0.02 * strength[0], "its rank is two"
    assert run("views", picture, "--out", tmp_path / "views", "--model", out) == 0


def test_averaged_copy_shares_frozen_weights():
    module = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 2), "b": torch.nn.Linear(2, 2)})
    module["a"].requires_grad_(False)
    averaged = averaged_copy(module, 0.9)
    assert averaged.module["a"].weight is module["a"].weight
    assert averaged.module["b"].weight is not module["b"].weight
    groups = _parameter_groups(module, {})
    assert [id(value) for value in groups[0]["params"]] == [
        id(value) for value in module["b"].parameters()]


@pytest.mark.slow
def test_lora_training_is_deterministic(shards: Path, tiny_model: Path, tmp_path: Path):
    for name in ("a", "b"):
        assert train(shards, tmp_path / name, tiny_model, "--lora", 2, "--seed", 4) == 0
    first, second = ((tmp_path / name / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
                     for name in ("a", "b"))
    assert first == second
