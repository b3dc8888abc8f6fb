# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""If memory is short, sampling becomes slower but does not fail."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.boundary import PATIENCE_S
from helpers.small_device import SmallDevice
from helpers.tiny_pipeline import IMAGE_SIZE, tiny_pipeline
from PIL import Image

from engine.core.protocol import Done
from engine.core.requests import ViewsRequest
from engine.diffusion import Zero123Pipeline
from engine.diffusion import memory_fallbacks as memory
from engine.diffusion.memory_fallbacks import MAX_BATCH_SIZE, in_batches, offload
from engine.transport.client import EngineClient, engine_command

AROUND = list(np.linspace(0, 360, 6, endpoint=False))
SAVED = ["attention is computed in slices", "images are decoded in tiles"]


@pytest.fixture
def pipeline() -> Zero123Pipeline:
    return tiny_pipeline()


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).random((IMAGE_SIZE, IMAGE_SIZE, 3)).astype(np.float32)


FULL = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate "
                    "4096 bytes. Error code 12 (Cannot allocate memory)")
"""The message of the CPU's allocator."""


def sample(pipeline: Zero123Pipeline, image: np.ndarray, **options: object) -> np.ndarray:
    return pipeline(image, AROUND, 10.0, generator=torch.Generator().manual_seed(1),
                    guidance_scale=1, output_type="np", **options).images


def test_batch_is_halved_when_memory_runs_out(pipeline: Zero123Pipeline, image: np.ndarray) -> None:
    expected = sample(pipeline, image)
    device = SmallDevice(pipeline.unet, 2, FULL)
    steps = []
    images = sample(pipeline, image, batch_size=6, callback_on_step_end=lambda pipeline, i, *_: (
        steps.append((i + 1, pipeline.num_timesteps))))
    np.testing.assert_allclose(images, expected, atol=1e-5)
    assert device.seen == [6, 3] + 3 * 4 * [2]
    assert steps == [(number, 12) for number in range(1, 13)]
    assert pipeline.memory_fallbacks == []


def test_save_memory_applies_fallbacks_in_order(
        pipeline: Zero123Pipeline, image: np.ndarray) -> None:
    def latents() -> torch.Tensor:
        return pipeline(image, AROUND, guidance_scale=1, output_type="latent",
                        generator=torch.Generator().manual_seed(1)).images

    expected = latents()
    device = SmallDevice(pipeline.unet, 0, FULL)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        sample(pipeline, image, batch_size=2)
    assert pipeline.memory_fallbacks == SAVED
    assert device.seen == [2, 1, 1, 1]
    device.rows = 6
    # Finished batches are kept. Slices change nothing; tiles change images slightly at their
    # borders.
    torch.testing.assert_close(latents(), expected, atol=1e-4, rtol=1e-4)
    assert sample(pipeline, image).shape == (len(AROUND), IMAGE_SIZE, IMAGE_SIZE, 3)


def test_in_batches_raises_other_errors(pipeline: Zero123Pipeline,
                                                     image: np.ndarray) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    pipeline.unet.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="shapes"):
        sample(pipeline, image)
    assert pipeline.memory_fallbacks == []


@pytest.mark.parametrize("rows", [1, 5, 8])
@pytest.mark.parametrize("fits", [1, 2, 3, 8])
def test_in_batches_processes_every_item_in_order(rows: int, fits: int) -> None:
    def work(chunk: torch.Tensor, number: int, count: int) -> torch.Tensor:
        assert 0 <= number < count
        if len(chunk) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return chunk

    results = in_batches(torch.arange(rows), 8, work, lambda: False)
    assert torch.cat(results).tolist() == list(range(rows))


def test_offload_keeps_the_images(pipeline: Zero123Pipeline, image: np.ndarray) -> None:
    """On the CPU nothing is moved, but the same hooks run."""
    expected = sample(pipeline, image)
    assert offload(pipeline) is None
    pipeline.enable_model_cpu_offload(device="cpu")
    np.testing.assert_array_equal(sample(pipeline, image), expected)


def test_max_batch_size_grows_with_free_memory(
        pipeline: Zero123Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for megabytes in (0, 1, 2, 4, 8, 16, 64, 1024):
        monkeypatch.setattr(memory, "device_memory", lambda _, mb=megabytes: (mb * 1e6, 1e12))
        counts.append(pipeline.max_batch_size(1))
    assert counts[0] == 1
    assert counts[-1] == MAX_BATCH_SIZE
    assert counts == sorted(counts)
    assert len(set(counts)) > 3


LIMITED = """
import os, resource, sys
sys.path.insert(0, sys.argv[1])
import numpy as np, torch
from engine.core.device_memory import release_unused_memory
from engine.models import load_pipeline
torch.set_num_threads(1)
torch.backends.mkldnn.enabled = False  # it compiles code for every size, into memory of its own
pipeline = load_pipeline("nano", "cpu")
def sample():
    return pipeline(np.ones((128, 128, 3), np.float32), list(range(48)), num_inference_steps=1,
                    batch_size=48, generator=torch.Generator().manual_seed(1),
                    output_type="latent").images.numpy()
pipeline(np.ones((128, 128, 3), np.float32), [0.0], num_inference_steps=1)
release_unused_memory()
child = os.fork()  # a process of its own leaves no freed memory here that could be used again
if child == 0:
    np.save(sys.argv[2], sample())
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
expected = np.load(sys.argv[2])
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + 20_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
rows = []
pipeline.unet.register_forward_pre_hook(lambda unet, arguments: rows.append(len(arguments[0])))
images = sample()
print(np.abs(images - expected).max(), *rows)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_pipeline_continues_within_a_memory_limit(project_root: Path,
                                                        tmp_path: Path) -> None:
    """The system limits the memory: 48 views at once need about 50 MB, and 20 MB are available."""
    result = subprocess.run([sys.executable, "-c", LIMITED, str(project_root),
                             str(tmp_path / "expected.npy")], check=True, capture_output=True)
    error, *rows = result.stdout.split()
    assert float(error) < 1e-4
    counts = list(map(int, rows))
    assert counts[0] == 48
    assert 1 <= counts[-1] < 48


def anonymous_mb(pid: int | None) -> int:
    """Anonymous memory of a process, without mapped files."""
    lines = dict(line.split(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) // 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the engine's memory from /proc")
@pytest.mark.parametrize("idle_s", [None, 1.0])
def test_idle_engine_drops_and_reloads_its_model(idle_s: float | None,
                                                          tmp_path: Path) -> None:
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    picture.paste((200, 30, 30, 255), (16, 12, 48, 36))
    picture.save(tmp_path / "picture.png")
    request = ViewsRequest(image=str(tmp_path / "picture.png"), out=str(tmp_path / "out"),
                           orbit=1, steps=1, device="cpu")
    with EngineClient(engine_command(sys.executable, idle_s)) as client:
        for _ in range(2):
            assert isinstance(client.wait(client.submit("views", request), 120), Done)
            before = anonymous_mb(client.pid)
            deadline = time.monotonic() + (PATIENCE_S if idle_s else 3)
            while anonymous_mb(client.pid) > before - 50 and time.monotonic() < deadline:
                time.sleep(0.1)
            assert (anonymous_mb(client.pid) < before - 50) == (idle_s is not None)
