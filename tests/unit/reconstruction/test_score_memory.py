# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""If memory is short, score methods become slower but give the same results."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.shapes import BLOCK, photograph
from helpers.small_device import SmallDevice
from helpers.tiny_pipeline import IMAGE_SIZE, tiny_pipeline
from PIL import Image

from engine.cli.main import main
from engine.diffusion import Zero123Pipeline
from engine.diffusion.memory_fallbacks import MAX_BATCH_SIZE, offload
from engine.fields.voxel_grid import cube
from engine.models.model_cache import model_cache
from engine.reconstruction.fit import hull_of, occupancy_of
from engine.reconstruction.guidance import Zero123Guidance, views_in_memory
from engine.reconstruction.posed_images import image_of_photo, input_photo
from engine.reconstruction.score import foggy_field, on_white_at
from engine.reconstruction.sds import ScoreDistillationObjective, ScoreSchedule, SDSSettings
from engine.reconstruction.sjc import ScoreJacobianObjective, background_latent

SAVED = ["attention is computed in slices", "images are decoded in tiles"]


FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
"""CUDA's message."""


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return photograph(BLOCK, [(0.0, 10.0)], size=IMAGE_SIZE).images[0]


def gradients(pipeline: Zero123Pipeline, photo: np.ndarray, method: str,
              steps: int = 1) -> list[torch.Tensor]:
    """Gradients of the field in the first steps of a method."""
    rgb = photo[..., :3] * photo[..., 3:] + 1 - photo[..., 3:]
    guide = Zero123Guidance.of(pipeline, rgb, 10.0, 1.85)
    images = image_of_photo(input_photo(photo, 49.13, 10.0, 1.85), IMAGE_SIZE)
    hull = hull_of(images, cube(32))
    schedule = ScoreSchedule(range(600), 600, 1, torch.Generator().manual_seed(3))
    occupancy = occupancy_of(hull)
    if method == "sds":
        field = foggy_field(hull)
        objective = ScoreDistillationObjective(guide, images, occupancy, SDSSettings(),
                                               schedule)
    else:
        field = foggy_field(hull, latent_channels=4)
        objective = ScoreJacobianObjective(guide, on_white_at(images, IMAGE_SIZE),
                                           background_latent(guide), occupancy, 3.0, schedule)
    found = []
    for step in range(steps):
        field.raw.grad = None
        objective(field, step).backward()
        found.append(field.raw.grad.clone())
    return found


def test_views_in_memory_follows_free_gpu_memory(
        monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = SimpleNamespace(execution_device=torch.device("cuda"), image_size=256)
    monkeypatch.setattr("engine.reconstruction.guidance.device_memory", lambda _: (4.5e9, 8e9))
    assert views_in_memory(pipeline) == 4
    pipeline.image_size = 128
    assert views_in_memory(pipeline) == 18
    pipeline.execution_device = torch.device("cpu")
    assert views_in_memory(pipeline) == MAX_BATCH_SIZE


@pytest.mark.slow
def test_view_batches_stay_halved_after_out_of_memory(photo: np.ndarray) -> None:
    expected = gradients(tiny_pipeline(), photo, "sds", steps=2)
    pipeline = tiny_pipeline()
    device = SmallDevice(pipeline.unet, 10, FULL)
    found = gradients(pipeline, photo, "sds", steps=2)
    assert device.seen == [24, 12, 6, 6, 6, 6, 6, 6, 6, 6]  # twice the views, for guidance
    assert pipeline.memory_fallbacks == []
    for ours, theirs in zip(found, expected, strict=True):
        assert theirs.abs().max() > 0
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4 * float(theirs.abs().max()))


@pytest.mark.slow
@pytest.mark.parametrize("network", ["unet", "vae.decoder", "vae.encoder", "image_encoder"])
@pytest.mark.parametrize("method", ["sds", "sjc"])
def test_single_view_out_of_memory_applies_fallbacks(network: str, method: str,
                                                     photo: np.ndarray) -> None:
    if (network, method) == ("vae.decoder", "sds"):
        pytest.skip("it decodes nothing")
    expected = gradients(tiny_pipeline(), photo, method)[0]
    pipeline = tiny_pipeline()

    def fail(*_: object) -> None:
        _full(pipeline)

    first, _, inner = network.partition(".")
    getattr(pipeline, first).get_submodule(inner).register_forward_pre_hook(fail)
    found = gradients(pipeline, photo, method)[0]
    assert pipeline.memory_fallbacks == SAVED[:1]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sds", "sjc"])
def test_exhausted_fallbacks_raise_out_of_memory(method: str, photo: np.ndarray) -> None:
    pipeline = tiny_pipeline()
    SmallDevice(pipeline.unet, 0, FULL)
    with pytest.raises(torch.OutOfMemoryError):
        gradients(pipeline, photo, method)
    assert pipeline.memory_fallbacks == SAVED


def test_offloaded_networks_give_the_same_gradients(photo: np.ndarray) -> None:
    expected = gradients(tiny_pipeline(), photo, "sds")[0]
    pipeline = tiny_pipeline()
    assert offload(pipeline) is None  # on a CPU; the same hooks run
    pipeline.enable_model_cpu_offload(device="cpu")
    assert not hasattr(pipeline.vae, "_hf_hook"), "its weights must stay for the way back"
    torch.testing.assert_close(gradients(pipeline, photo, "sds")[0], expected)


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--method", "sds", "--iterations", "3"),
                                     ("--refine", "2", "--iterations", "3")])
def test_job_reports_applied_memory_fallbacks(options: tuple[str, ...], tmp_path: Path,
                                              photo: np.ndarray,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray((photo * 255).round().astype(np.uint8)).save(tmp_path / "block.png")
    pipeline = model_cache.get("nano", "cpu", "auto")
    handle = pipeline.unet.register_forward_pre_hook(
        lambda network, arguments: _full(pipeline))
    try:
        code = main(["reconstruct", str(tmp_path / "block.png"), "--out", str(tmp_path / "out"),
                     "--device", "cpu", "--view-count", "4", "--resolution", "32", "--faces", "300",
                     "--texture-size", "64", *options])
    finally:
        handle.remove()
        model_cache.drop()
    captured = capsys.readouterr()
    assert code == 0, captured.err
    assert "memory is short: attention is computed in slices" in captured.err + captured.out
    assert json.loads((tmp_path / "out" / "report.json").read_text())["vertices"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("options", "told"), [
    (("views", "--orbit", "8"), [4, 2]),
    (("reconstruct", "--method", "sds", "--iterations", "3", "--resolution", "32", "--faces",
      "300", "--texture-size", "64"), [6, 3, 2, 2]),  # each level of the grid tries again
], ids=["views", "sds"])
def test_job_reports_the_reduced_batch_size(options: tuple[str, ...], told: list[int],
                                            tmp_path: Path, photo: np.ndarray,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray((photo * 255).round().astype(np.uint8)).save(tmp_path / "block.png")
    verb, *rest = options
    pipeline = model_cache.get("nano", "cpu", "auto")
    SmallDevice(pipeline.unet, 2, FULL)
    try:
        code = main([verb, str(tmp_path / "block.png"), "--out", str(tmp_path / "out"),
                     "--device", "cpu", *rest])
    finally:
        model_cache.drop()
    lines = capsys.readouterr().err.splitlines()
    assert code == 0, lines
    lines = [line for line in lines if "memory" in line]  # other warnings concern the small object
    assert lines == [f"warning: memory is short: continuing with {count} views at a time"
                     for count in told]


def _full(pipeline: Zero123Pipeline) -> None:
    if not pipeline.memory_fallbacks:
        raise torch.OutOfMemoryError("CUDA out of memory")
