# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training from random weights: data on the disk, batches, the loop and the exported model."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from PIL import Image

from engine.camera import relative_pose
from engine.core.errors import EngineError, ErrorCode, JobCancelled
from engine.core.reporting import SilentReporter
from engine.training import curves, latents, views
from engine.training.loop import LoopSettings, learning_rate, load_averaged, train
from engine.training.objective import DROP, conditioning_dropout
from engine.training.scratch.autoencoder import autoencoder_loss, nano_autoencoder
from engine.training.scratch.denoiser import denoising_loss, first_step_error
from engine.training.scratch.export import export
from engine.training.scratch.nano import Zero123Denoiser, nano_scheduler
from engine.training.shards import on_white, read_shards

OBJECTS, VIEWS, SIZE = 3, 4, 128


def disc(colour: tuple[int, int, int], radius: int, x: int) -> Image.Image:
    """A disc on a transparent background."""
    yy, xx = np.mgrid[:SIZE, :SIZE]
    rgba = np.zeros((SIZE, SIZE, 4), np.uint8)
    rgba[(yy - SIZE / 2) ** 2 + (xx - x) ** 2 < radius**2] = (*colour, 255)
    return Image.fromarray(rgba)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    with tarfile.open(folder / "000.tar", "w") as archive:
        for i in range(OBJECTS):
            poses = [{"azimuth": 90.0 * v + i, "elevation": 10.0 * v, "radius": 1.5 + 0.1 * v}
                     for v in range(VIEWS)]
            files = {f"thing{i}.json": json.dumps({"name": f"thing{i}", "views": poses}).encode()}
            for v in range(VIEWS):
                buffer = io.BytesIO()
                disc((60 * i, 40 * v, 200), 30 + 5 * i, 44 + 10 * v).save(
                    buffer, "webp", lossless=True)
                files[f"thing{i}.{v:02d}.webp"] = buffer.getvalue()
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return folder


@pytest.fixture(scope="module")
def work(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder after two short trainings."""
    folder = tmp_path_factory.mktemp("work")
    pictures = views.unpack([shards], folder / "views", SilentReporter())
    settings = LoopSettings(steps=2, learning_rate=1e-3, warmup=1)
    torch.manual_seed(0)
    vae = train(nano_autoencoder(), autoencoder_loss(pictures, 2, 32), settings,
                folder / "autoencoder", SilentReporter())
    data = latents.precompute(pictures, vae, 2, 64, folder / "latents", 0, SilentReporter())
    loss = denoising_loss(data, torch.arange(OBJECTS), nano_scheduler(), 2)
    train(Zero123Denoiser.nano(), loss, settings, folder / "denoiser", SilentReporter())
    return folder


def test_read_shards_reads_images_and_poses(shards: Path) -> None:
    objects = list(read_shards(shards))
    assert [rendered.name for rendered in objects] == ["thing0", "thing1", "thing2"]
    assert objects[1].rgba.shape == (VIEWS, SIZE, SIZE, 4)
    np.testing.assert_allclose(objects[1].pose[2], [181.0, 20.0, 1.7], rtol=1e-6)


def test_read_shards_refuses_a_truncated_shard(shards: Path, tmp_path: Path) -> None:
    content = (shards / "000.tar").read_bytes()
    (tmp_path / "000.tar").write_bytes(content[:len(content) // 2])
    with pytest.raises(EngineError) as caught:
        list(read_shards(tmp_path))
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_read_shards_refuses_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        list(read_shards(tmp_path))


def test_on_white_blends_by_alpha() -> None:
    rgba = np.array([[0, 100, 255, 0], [0, 100, 255, 255], [0, 100, 255, 51]], np.uint8)
    np.testing.assert_array_equal(
        on_white(rgba), [[255, 255, 255], [0, 100, 255], [204, 224, 255]])


def test_jitter_colours_keeps_white() -> None:
    white = torch.ones(8, 3, 4, 4)
    changed = views.jitter_colours(white, torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed, white)


def test_mirrored_variants_negate_the_azimuth(work: Path) -> None:
    data = latents.load(work / "latents")
    index = np.array([0, 0])
    pairs = latents.make_pairs(
        data, latents.PairIndex(index, np.array([0, 1]), index, np.array([1, 1])))
    expected = [relative_pose(sign * 90.0, 10.0, 1.6, input_radius=1.5) for sign in (1, -1)]
    np.testing.assert_allclose(pairs.pose.numpy(), expected, atol=1e-6)


def test_mirrored_variants_show_mirrored_images(work: Path) -> None:
    thumbnail = latents.load(work / "latents").thumbnail[1].astype(float)
    shape = (thumbnail < 250).any(axis=2)  # colours differ between variants, silhouettes don't
    agreement = (shape[0] == shape[1][..., ::-1]).mean()
    assert agreement > 0.99 > (shape[0] == shape[1]).mean()


def test_pairs_differ_and_stay_in_the_split(work: Path) -> None:
    data = latents.load(work / "latents")
    pairs = latents.make_pairs(data, latents.draw_pairs(
        data, torch.tensor([2]), 64, torch.Generator().manual_seed(0)))
    object_2 = torch.from_numpy(data.latent[2].reshape(-1, 4 * 16 * 16)).float()
    difference = (pairs.concat.reshape(64, 1, -1) - object_2).abs().amax(dim=-1)
    assert difference.min(dim=1).values.max() == 0
    different = (pairs.target / data.scaling_factor - pairs.concat).abs().amax(dim=(1, 2, 3))
    assert different.min() > 1e-3


def test_conditioning_dropout_has_the_original_rates() -> None:
    embedding, concat = conditioning_dropout(100_000, torch.Generator().manual_seed(0))
    both = ((embedding == 0) & (concat == 0)).float().mean()
    assert both == pytest.approx(DROP, abs=0.003)
    assert (embedding == 0).float().mean() == pytest.approx(2 * DROP, abs=0.004)
    assert (concat == 0).float().mean() == pytest.approx(2 * DROP, abs=0.004)


def test_learning_rate_warms_up_holds_and_cools_down() -> None:
    settings = LoopSettings(steps=100, learning_rate=1.0, warmup=10, cooldown=20)
    rates = [learning_rate(step, settings) for step in (0, 9, 50, 79, 90, 99)]
    assert rates == pytest.approx([0.1, 1.0, 1.0, 1.0, 0.5, 0.05])


class StopAfter(SilentReporter):
    """Cancels at a given step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def progress(self, stage: str, done: int, total: int) -> None:
        if done == self.step:
            raise JobCancelled


def test_resumed_training_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    settings = LoopSettings(steps=6, learning_rate=0.1, warmup=2, cooldown=2)

    def loss(module: torch.nn.Module, generator: torch.Generator) -> torch.Tensor:
        x = torch.randn(8, 3, generator=generator)
        return (module(x) - x.sum(dim=1, keepdim=True)).square().mean()

    def fresh() -> torch.nn.Module:
        torch.manual_seed(1)
        return torch.nn.Linear(3, 1)

    whole = train(fresh(), loss, settings, tmp_path / "whole", SilentReporter())
    with pytest.raises(JobCancelled):
        train(fresh(), loss, settings, tmp_path / "parts", StopAfter(3))
    resumed = train(fresh(), loss, settings, tmp_path / "parts", SilentReporter())
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    loaded = fresh()
    assert load_averaged(loaded, tmp_path / "parts") == 6
    assert torch.equal(loaded.weight, whole.weight)


def test_train_learns(tmp_path: Path) -> None:
    def loss(module: torch.nn.Module, generator: torch.Generator) -> torch.Tensor:
        x = torch.randn(64, 3, generator=generator)
        return (module(x) - 2 * x[:, :1]).square().mean()

    settings = LoopSettings(steps=200, learning_rate=0.1, warmup=1, cooldown=100, ema_decay=0.9)
    trained = train(torch.nn.Linear(3, 1), loss, settings, tmp_path, SilentReporter())
    torch.testing.assert_close(trained.weight, torch.tensor([[2.0, 0, 0]]), atol=0.05, rtol=0)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == 200 and log[-1]["loss"] < 0.1 * log[0]["loss"]


def test_exported_model_loads_and_samples(work: Path, tmp_path: Path) -> None:
    from engine.models import load_pipeline

    export(work, tmp_path / "model", default_steps=2, default_guidance=1.0)
    assert not list((tmp_path / "model").rglob("*.bin"))
    pipeline = load_pipeline(str(tmp_path / "model"), "cpu")
    result = pipeline(np.ones((SIZE, SIZE, 3), np.float32), azimuth=[90.0], elevation=[0.0],
                      radius=[1.85], num_inference_steps=2, guidance_scale=1.0, output_type="np")
    assert result.images.shape == (1, SIZE, SIZE, 3)
    assert np.isfinite(result.images).all()


def test_untrained_autoencoder_passes_colours() -> None:
    torch.manual_seed(0)
    vae = nano_autoencoder().eval()
    red, blue = torch.eye(3)[0], torch.eye(3)[2]
    image = (torch.stack([red, blue])[:, :, None, None].expand(2, 3, 64, 64) * 2 - 1).contiguous()
    with torch.inference_mode():
        difference = torch.sub(*vae.decode(vae.encode(image).latent_dist.mode()).sample)
    mean = difference.mean(dim=(1, 2))
    assert mean[0] > 0.1 and mean[2] < -0.1


def test_faster_part_has_its_own_learning_rate(tmp_path: Path) -> None:
    def loss(module: torch.nn.Module, generator: torch.Generator) -> torch.Tensor:
        return sum(part.weight.sum() for part in module.children())

    module = torch.nn.ModuleDict({"slow": torch.nn.Linear(2, 1), "fast": torch.nn.Linear(2, 1)})
    before = {name: part.weight.detach().clone() for name, part in module.items()}
    settings = LoopSettings(steps=1, learning_rate=0.01, warmup=1, weight_decay=0.0,
                            faster={"fast": 10.0})
    train(module, loss, settings, tmp_path, SilentReporter())
    moved = {name: float((part.weight - before[name]).abs().mean())
             for name, part in module.items()}
    assert moved["slow"] == pytest.approx(0.01, rel=1e-3)
    assert moved["fast"] == pytest.approx(0.1, rel=1e-3)


def test_continue_from_accepts_an_older_model() -> None:
    torch.manual_seed(0)
    first = Zero123Denoiser.nano()
    older = {key: value for key, value in first.unet.config.items()
             if not key.startswith(("_", "addition_embed_type"))}
    earlier = SimpleNamespace(
        unet=UNet2DConditionModel.from_config(older), image_encoder=first.image_encoder,
        cc_projection=first.cc_projection)
    second = Zero123Denoiser.nano()
    second.continue_from(earlier)
    latent, context = torch.randn(1, 8, 16, 16), torch.randn(1, 1, 256)
    with torch.no_grad():
        expected = earlier.unet(latent, 999, context).sample
        torch.testing.assert_close(second.unet(latent, 999, context).sample, expected)
    second.continue_from(first)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_huber_loss_with_large_delta_is_half_the_square(work: Path) -> None:
    data = latents.load(work / "latents")
    torch.manual_seed(0)
    denoiser = Zero123Denoiser.nano().eval()

    def loss(**options: float) -> float:
        function = denoising_loss(data, torch.arange(OBJECTS), nano_scheduler(), 4, **options)
        with torch.no_grad():
            return float(function(denoiser, torch.Generator().manual_seed(0)))

    delta = 1000.0
    assert loss(huber_delta=delta) * 2 * delta == pytest.approx(loss(), rel=1e-4)


def test_train_logs_the_validation(tmp_path: Path) -> None:
    def loss(module: torch.nn.Module, generator: torch.Generator) -> torch.Tensor:
        return module.weight.square().sum()

    settings = LoopSettings(steps=5, learning_rate=0.1, warmup=1, measure_every=2, log_every=5)
    trained = train(torch.nn.Linear(1, 1), loss, settings, tmp_path, SilentReporter(),
                    lambda module: {"weight": float(module.weight)})
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    measured = [record for record in log if "weight" in record]
    assert [record["step"] for record in measured] == [2, 4, 5]
    assert measured[-1]["weight"] == pytest.approx(float(trained.weight))


def test_first_step_error_compares_true_and_other_cameras(work: Path) -> None:
    data = latents.load(work / "latents")
    measure = first_step_error(data, torch.arange(OBJECTS), nano_scheduler(), pairs=6)

    class Knows(torch.nn.Module):
        """Predicts the camera's pose at every pixel."""

        def forward(self, noisy, timestep, concat, pixels, pose, keep):
            assert set(timestep.tolist()) == {999}
            return pose[:, :, None, None].expand_as(noisy)

    result = measure(Knows())
    assert result["held_out"] > 0
    assert result["held_out"] != result["held_out_shuffled"]
    assert result == measure(Knows())


def test_curves_show_every_stage_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    records = [{"stage": stage, "step": step, "seconds": 36.0 * step, "loss": 1 / step, "lr": 1e-3}
               for stage in ("autoencoder", "denoiser") for step in (50, 100)]
    records.append({"stage": "denoiser", "step": 100, "held_out": 0.5, "held_out_shuffled": 0.6})
    log.write_text("".join(json.dumps(record) + "\n" for record in records))
    first, second = curves.read_log(log.read_text().splitlines())
    assert (first.name, first.hours, first.loss) == ("autoencoder", [0.5, 1.0], [0.02, 0.01])
    assert second.measured == {"held_out": [(1.0, 0.5)], "held_out_shuffled": [(1.0, 0.6)]}
    curves.draw([first, second], tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 10


def test_read_log_names_a_damaged_line(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="line 2"):
        curves.read_log(['{"step": 1, "seconds": 1, "loss": 1}', "nonsense"])
