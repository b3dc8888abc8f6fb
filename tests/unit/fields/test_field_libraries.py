# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that replace parts of the field code give the same results as torch, and are used only
after a probe. They need a GPU: substitutes with the same interface (`stand_ins`) test our calls.
"""

from __future__ import annotations

import copy
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.command_line import run
from helpers.shapes import BLOCK, photograph

from engine import camera
from engine.core.errors import EngineError, ErrorCode
from engine.fields import device_selection
from engine.fields.cuda import probe, tiny_cuda
from engine.fields.cuda.libraries import LIBRARIES, NERFACC, TINY_CUDA, using
from engine.fields.device_selection import FieldDevice, ProbeResult, probe_device, probe_library
from engine.fields.hash_config import HashGridConfig
from engine.fields.hash_grid import HashEncoding
from engine.fields.occupancy import Occupancy
from engine.fields.ray_marching import occupied_samples
from engine.fields.rays import camera_rays
from engine.fields.render import render
from engine.fields.voxel_field import VoxelField
from engine.fields.voxel_grid import cube
from engine.jobs import mesh as jobs

CPU = torch.device("cpu")
STAND_INS = Path(__file__).parents[2] / "helpers" / "stand_ins"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The substitutes, in this process and in child processes."""
    monkeypatch.syspath_prepend(STAND_INS)
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))


def encoding_of(settings: HashGridConfig | None = None) -> HashEncoding:
    encoding = HashEncoding(settings)
    with torch.no_grad():
        encoding.tables.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
    return encoding


def points(count: int) -> torch.Tensor:
    return torch.rand(count, 3, generator=torch.Generator().manual_seed(1)) * 1.1 - 0.05


def test_hash_tables_are_laid_out_as_in_tiny_cuda_nn() -> None:
    """The reference is computed point by point in numpy's 32-bit numbers."""
    settings, encoding = HashGridConfig(), encoding_of()
    single, whole = np.float32, np.uint32
    growth = np.log2(single(settings.growth))
    numbers = encoding.tables.detach().numpy().ravel()
    for point in points(40).clamp(0, 1).numpy():
        expected, offset = [], 0
        for level in range(settings.levels):
            scale = np.exp2(single(level) * growth) * single(settings.coarsest) - single(1)
            side = math.ceil(scale) + 1
            size = min(-(-side**3 // 8) * 8, 2**settings.log2_entries)
            assert size == encoding.entries[level]
            place = point * scale + single(0.5)
            low = np.floor(place)
            total = np.zeros(2)
            for corner in np.ndindex(2, 2, 2):
                x, y, z = (whole(a) for a in low + corner)
                with np.errstate(over="ignore"):
                    index = (x + y * whole(side) + z * whole(side**2) if side**3 <= size
                             else x ^ y * whole(2654435761) ^ z * whole(805459861))
                weight = np.where(corner, place - low, 1 - (place - low)).prod()
                start = offset + 2 * (int(index) % size)
                total += weight * numbers[start:start + 2]
            expected += total.tolist()
            offset += 2 * size
        got = encoding(torch.from_numpy(point[None])).detach().numpy()[0]
        np.testing.assert_allclose(got, expected, atol=1e-3)
    assert offset == len(numbers)


def test_tiny_cuda_nn_gives_the_same_results(installed: None) -> None:
    import tinycudann

    encoding, where = encoding_of(), points(2000)
    found = []
    for names in ([], [TINY_CUDA]):
        before = tinycudann.calls
        with using(CPU, names):
            features = encoding(where)
        features.square().sum().backward()
        assert tinycudann.calls == before + len(names)
        found.append((features.detach(), encoding.tables.grad / encoding.tables.grad.abs().max()))
        encoding.tables.grad = None
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(theirs, ours, atol=1e-3, rtol=0)
        assert ours.abs().max() > 0.5
    assert list(copy.deepcopy(encoding).state_dict()) == ["tables"]


def test_tiny_cuda_nn_tables_of_another_size_are_refused(installed: None,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    """Single precision may count one corner too many along a side; all of these sizes do."""
    monkeypatch.setattr("tinycudann.fault", "layout")
    settings = HashGridConfig(levels=2, coarsest=3, finest=4)
    with using(CPU, [TINY_CUDA]), pytest.raises(ValueError, match="instead of 192 numbers"):
        encoding_of(settings)(points(3))
    assert tiny_cuda.configuration(settings)["per_level_scale"] == settings.growth


@pytest.mark.parametrize("jittered", [False, True])
@pytest.mark.parametrize("step_in_voxels", [0.75, 2.3])
def test_nerfacc_finds_the_same_samples(jittered: bool, step_in_voxels: float,
                                        installed: None) -> None:
    import nerfacc

    voxel_grid = cube(20)
    generator = torch.Generator().manual_seed(0)
    # Also voxels at the border and single voxels, so that every lost sample is noticed.
    occupancy = Occupancy(torch.rand(voxel_grid.shape, generator=generator) < 0.05, voxel_grid)
    cameras = torch.from_numpy(camera.camera_to_world([0.0, 77.0], [0.0, 33.0], [1.85, 1.5]))
    rays = camera_rays(cameras.float(), 24, camera.FOV_DEG, voxel_grid)
    jitter = torch.rand(len(rays), generator=generator) if jittered else None
    step = step_in_voxels * voxel_grid.voxel_size
    ours = occupied_samples(rays, occupancy, step, jitter)
    before = nerfacc.calls
    with using(CPU, [NERFACC]):
        theirs = occupied_samples(rays, occupancy, step, jitter)
        none = occupied_samples(rays[:0], occupancy, step)
    assert nerfacc.calls == before + 1
    assert len(ours.ray_indices) > 300 and not len(none.ray_indices)
    assert torch.equal(theirs.ray_indices, ours.ray_indices)
    assert torch.equal(theirs.distance, ours.distance)
    assert torch.equal(theirs.points, ours.points)


def test_nerfacc_renders_the_same_image(installed: None) -> None:
    voxel_grid = cube(24)
    field = VoxelField(voxel_grid)
    with torch.no_grad():
        field.raw.normal_(generator=torch.Generator().manual_seed(0)).mul_(3)
    solid = voxel_grid.centres().norm(dim=-1).reshape(voxel_grid.shape) < 0.5
    rays = camera_rays(torch.from_numpy(camera.camera_to_world([30.0], [20.0], [1.85])).float(),
                       16, camera.FOV_DEG, voxel_grid)
    found = []
    for names in ([], [NERFACC]):
        with using(CPU, names):
            seen = render(field, rays, Occupancy(solid, voxel_grid), voxel_grid.voxel_size * 0.75)
        seen.rgb.sum().backward()
        found.append((seen.rgb.detach(), seen.alpha.detach(), seen.depth.detach(), field.raw.grad))
        field.raw.grad = None
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(theirs, ours, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("fault", ["forward", "backward"])
def test_torch_replaces_a_failing_tiny_cuda_nn(fault: str, installed: None,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    import tinycudann

    monkeypatch.setattr(tinycudann, "fault", fault)
    encoding, where, told, found = encoding_of(), points(500), [], []
    before = tinycudann.calls
    with using(CPU, [TINY_CUDA], told.append) as use:
        for _ in range(2):
            encoding(where).square().sum().backward()
            found.append(encoding.tables.grad)
            encoding.tables.grad = None
        with torch.no_grad():
            features = encoding(where)
    assert tinycudann.calls == before + 1
    assert use.failures == {TINY_CUDA: "CUDA_ERROR_LAUNCH_FAILED"}
    assert told == ["tinycudann failed, continuing without it: CUDA_ERROR_LAUNCH_FAILED"]
    ours = encoding(where)
    ours.square().sum().backward()
    assert torch.equal(features, ours)
    for theirs in found:
        torch.testing.assert_close(theirs, encoding.tables.grad, atol=1e-3, rtol=0)


def test_torch_replaces_a_failing_nerfacc(installed: None,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    import nerfacc

    monkeypatch.setattr(nerfacc, "fault", "march")
    voxel_grid, told = cube(16), []
    occupancy = Occupancy(torch.ones(voxel_grid.shape, dtype=torch.bool), voxel_grid)
    cameras = torch.from_numpy(camera.camera_to_world([0.0], [0.0], [1.85])).float()
    rays = camera_rays(cameras, 8, camera.FOV_DEG, voxel_grid)
    ours = occupied_samples(rays, occupancy, voxel_grid.voxel_size)
    with using(CPU, [NERFACC], told.append):
        theirs = [occupied_samples(rays, occupancy, voxel_grid.voxel_size) for _ in range(2)]
    assert all(torch.equal(samples.points, ours.points) for samples in theirs)
    assert told == ["nerfacc failed, continuing without it: CUDA error: invalid configuration "
                    "argument"]


def test_library_failure_that_breaks_the_gpu_ends_the_job() -> None:
    def broken() -> None:
        raise RuntimeError("an illegal memory access")

    def no_memory() -> None:
        raise torch.OutOfMemoryError("out of memory")

    with using(CPU, LIBRARIES, pytest.fail) as use:
        with pytest.raises(EngineError, match=r"nerfacc failed.* illegal memory.*resume") as raised:
            use.either(NERFACC, CPU, broken, broken)
        with pytest.raises(torch.OutOfMemoryError):
            use.either(TINY_CUDA, CPU, broken, no_memory)
    assert raised.value.code == ErrorCode.ENVIRONMENT
    assert use.failures.keys() == set(LIBRARIES)


def test_probe_raises_the_error_of_a_library(
        installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import tinycudann

    monkeypatch.setattr(tinycudann, "fault", "forward")
    with pytest.raises(RuntimeError, match="LAUNCH_FAILED"):
        probe.compare(CPU, TINY_CUDA)


def test_library_is_used_on_its_device_only(installed: None) -> None:
    import tinycudann

    before = tinycudann.calls
    with using(torch.device("cuda"), LIBRARIES):
        encoding_of()(points(3))
    with using(CPU, [NERFACC]):
        encoding_of()(points(3))
    assert tinycudann.calls == before


def test_library_is_probed_in_its_own_process(installed: None) -> None:
    """Whether the library is faster here is random."""
    verdict = probe_library(TINY_CUDA, "cpu")
    assert "times as" in verdict.reason, verdict.reason


def test_library_that_cannot_start_is_not_used(installed: None,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZERO123_STAND_IN_FAULT", "import")
    assert probe_library(NERFACC, "cpu") == ProbeResult(
        False, "nerfacc failed with exit code 1: ImportError: undefined symbol", failed=True)


def test_probe_detects_a_library_that_differs(
        installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import nerfacc
    import tinycudann

    monkeypatch.setattr(probe, "POINTS", 4000)
    monkeypatch.setattr(probe, "RESOLUTION", 32)
    monkeypatch.setattr(probe, "IMAGE_SIZE", 16)
    for name, module in ((TINY_CUDA, tinycudann), (NERFACC, nerfacc)):
        before = module.calls
        assert probe.compare(CPU, name)["error"] < device_selection.TOLERANCE
        assert module.calls > before
        monkeypatch.setattr(module, "fault", "wrong")
        assert probe.compare(CPU, name)["error"] > device_selection.TOLERANCE


def agreeing(seconds: float) -> list[str]:
    answer = json.dumps({"error": 1e-5, "seconds": seconds, "usual_seconds": 1.0})
    return [sys.executable, "-c", f"print({answer!r})"]


def test_field_device_report_lists_libraries(installed: None,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = {TINY_CUDA: ProbeResult(True, "3.0 times as fast as torch, same to 1e-05"),
                NERFACC: ProbeResult(False, "nerfacc did not answer within 60 s", failed=True)}
    monkeypatch.setattr(device_selection, "probe_library",
                        lambda name, device, limit: verdicts[name])
    place = probe_device("cuda", 30.0, agreeing(0.5))
    assert place.used == [TINY_CUDA] and place.failed_at
    assert place.report() == {
        "device": "cuda", "reason": "2.0 times as fast as the CPU, same to 1e-05",
        TINY_CUDA: "0.0, 3.0 times as fast as torch, same to 1e-05",
        NERFACC: "0.0, not used: nerfacc did not answer within 60 s"}


@pytest.mark.usefixtures("installed")
def test_probe_skips_libraries_on_a_rejected_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_selection, "probe_library", pytest.fail)
    place = probe_device("cuda", 30.0, agreeing(2.0))
    assert place.used == []
    assert place.report()[NERFACC] == "0.0, not used"


def test_missing_library_is_not_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_selection, "probe_library", pytest.fail)
    assert probe_device("cuda", 30.0, agreeing(0.5)).libraries == dict.fromkeys(
        LIBRARIES, "not installed")


@pytest.mark.usefixtures("installed")
def test_reconstruction_continues_without_failed_libraries(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    import nerfacc
    import tinycudann

    for module, fault in ((nerfacc, "march"), (tinycudann, "backward")):
        monkeypatch.setattr(module, "fault", fault)
        monkeypatch.setattr(module, "sound", module.calls + 7)
    place = FieldDevice("cpu", "as a test", [*LIBRARIES], dict.fromkeys(LIBRARIES, "0.0, fast"))
    monkeypatch.setattr(jobs, "_field_device", lambda request: place)
    given = photograph(BLOCK, camera.two_ring_orbit(8, -10.0, 45.0), size=32).save(tmp_path / "in")
    assert run("reconstruct", "--views", given, "--out", tmp_path / "out", "--field", "hash",
               "--resolution", 32, "--iterations", 10, "--faces", 600, "--texture-size", 256) == 0
    assert nerfacc.calls == nerfacc.sound + 1 and tinycudann.calls >= tinycudann.sound
    told = capsys.readouterr().err
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    for name in LIBRARIES:
        assert told.count(f"{name} failed, continuing without it") == 1
        assert report["fields"][name].startswith("0.0, fast, failed since: CUDA")


def test_reconstruction_uses_and_reports_libraries(tmp_path: Path, installed: None,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    import nerfacc
    import tinycudann

    place = FieldDevice("cpu", "as a test", [*LIBRARIES], dict.fromkeys(LIBRARIES, "0.0, fast"))
    monkeypatch.setattr(jobs, "_field_device", lambda request: place)
    given = photograph(BLOCK, camera.two_ring_orbit(8, -10.0, 45.0), size=32).save(tmp_path / "in")
    before = nerfacc.calls, tinycudann.calls
    assert run("reconstruct", "--views", given, "--out", tmp_path / "out", "--field", "hash",
               "--resolution", 32, "--iterations", 10, "--faces", 600, "--texture-size", 256) == 0
    assert nerfacc.calls > before[0] and tinycudann.calls > before[1]
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["fields"] == {"device": "cpu", "reason": "as a test",
                                **dict.fromkeys(LIBRARIES, "0.0, fast")}
