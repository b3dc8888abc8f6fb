# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""LPIPS and FID with random weights in their authors' layouts, compared with the libraries."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("torch_fidelity", reason="needs engine/requirements-metrics.txt")

import torchvision
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torchmetrics.functional.image import learned_perceptual_image_patch_similarity
from torchmetrics.image.fid import _compute_fid

from engine.cli.main import main
from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import SilentReporter
from engine.evaluation.baselines import copy_input
from engine.evaluation.perceptual import FID_FILES, LPIPS_FILES, Fid, Lpips
from engine.evaluation.views import evaluate
from engine.training.shards import RenderedObject, write_shard


def pictures(count: int, seed: int, size: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).random((count, size, size, 3), dtype=np.float32)


def tensor(images: np.ndarray) -> torch.Tensor:
    return torch.tensor(images).permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random networks under the names of the real files, where torchvision searches them."""
    folder = tmp_path_factory.mktemp("hub") / "checkpoints"
    folder.mkdir()
    torch.manual_seed(0)
    for name, network in zip(LPIPS_FILES, (torchvision.models.vgg16, torchvision.models.alexnet),
                             strict=True):
        features = network(weights=None).features.state_dict()
        torch.save({f"features.{key}": value for key, value in features.items()}, folder / name)
    return folder


@pytest.fixture(scope="module")
def inception(tmp_path_factory: pytest.TempPathFactory) -> Path:
    class Blank(FeatureExtractorInceptionV3):
        """A network without weights."""

        def load_state_dict(self, state: dict, *args: object, **options: object) -> None: ...

    folder = tmp_path_factory.mktemp("fid")
    torch.manual_seed(1)
    torch.save({}, folder / "empty.pth")
    network = Blank("blank", ["2048"], str(folder / "empty.pth"))
    torch.save(network.state_dict(), folder / FID_FILES[0])
    return folder / FID_FILES[0]


@pytest.mark.parametrize(("name", "network"), [*zip(LPIPS_FILES, ("vgg", "alex"), strict=True)])
def test_lpips_equals_the_librarys(hub: Path, name: str, network: str,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = pictures(3, 0), pictures(3, 1)
    ours = Lpips(hub / name)
    assert ours.network == network
    kind = {"vgg": torchvision.models.vgg16, "alex": torchvision.models.alexnet}[network]

    def from_hub(weights: object) -> torch.nn.Module:
        """The network that torchvision loads, without the classifier, which LPIPS does not use."""
        model = kind(weights=None)
        model.load_state_dict(torch.load(hub / name, weights_only=True), strict=False)
        return model

    monkeypatch.setattr(torchvision.models, kind.__name__, from_hub)
    theirs = learned_perceptual_image_patch_similarity(
        tensor(first), tensor(second), network, reduction="none", normalize=True)
    np.testing.assert_allclose(ours(first, second), theirs.detach(), rtol=1e-4)
    assert ours(first, second).min() > 1e-4 and np.abs(ours(first, first)).max() < 1e-7


def test_fid_equals_that_of_torch_fidelity(inception: Path) -> None:
    extractor = FeatureExtractorInceptionV3("inception", ["2048"], str(inception))
    sets = [pictures(6, seed) ** power for seed, power in ((0, 1), (1, 2))]
    features = [extractor((tensor(images) * 255).round().byte())[0].double() for images in sets]
    expected = _compute_fid(features[1].mean(0), features[1].T.cov(),
                            features[0].mean(0), features[0].T.cov())
    fid = Fid(inception)
    for part in (slice(0, 2), slice(2, 6)):
        fid.add(sets[0][part], sets[1][part])
    assert fid.value() == pytest.approx(float(expected), rel=1e-3)
    fid.add(sets[0], sets[0])
    assert abs(fid.value()) < 1e-3 * float(expected)


def test_table_contains_lpips_and_fid(hub: Path, inception: Path) -> None:
    rgba = (np.random.default_rng(0).random((4, 64, 64, 4)) * 255).astype(np.uint8)
    pose = np.array([[0, 0, 1.85], [10, 0, 1.85], [60, 0, 1.85], [170, 0, 1.85]], np.float32)
    table = evaluate([RenderedObject("thing", rgba, pose, {})], copy_input, 64, SilentReporter(),
                     Lpips(hub / LPIPS_FILES[0]), Fid(inception))
    assert table["all"]["fid"] > 0 and "fid" not in table["0-30"]
    rows = [table[bucket]["lpips"] for bucket in ("0-30", "30-90", "90-180")]
    assert table["all"]["lpips"] == pytest.approx(np.mean(rows))


def test_command_finds_weights_in_the_models_folder(
        hub: Path, inception: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ZERO123_MODELS", str(tmp_path))
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / LPIPS_FILES[1]).symlink_to(hub / LPIPS_FILES[1])
    monkeypatch.setenv("ZERO123_FID", str(inception))
    rgba = np.full((3, 128, 128, 4), 255, np.uint8)
    rgba[..., :3] = (np.random.default_rng(0).random((3, 1, 1, 3)) * 200).astype(np.uint8)
    pose = np.array([[0, 0, 1.85], [10, 0, 1.85], [60, 0, 1.85]], np.float32)
    write_shard(tmp_path / "000.tar", [RenderedObject("thing", rgba, pose, {"name": "thing"})])
    assert main(["evaluate", "views", str(tmp_path), "--out", str(tmp_path / "scores.json")]) == 0
    record = json.loads((tmp_path / "scores.json").read_text())
    assert record["lpips_network"] == "alex"
    assert {"lpips", "fid", "gmsd"} <= set(record["scores"]["nano"]["all"])
    told = capsys.readouterr().out
    assert "LPIPS" in told and "FID" in told and "GMSD replaces" not in told


def test_lpips_and_fid_refuse_other_networks(hub: Path, inception: Path,
                                             tmp_path: Path) -> None:
    state = torch.load(hub / LPIPS_FILES[0], weights_only=True)
    del state["features.28.bias"]
    torch.save(state, tmp_path / "short.pth")
    for make in (lambda: Lpips(inception), lambda: Lpips(tmp_path / "short.pth"),
                 lambda: Fid(hub / LPIPS_FILES[0])):
        with pytest.raises(EngineError) as caught:
            make()
        assert caught.value.code is ErrorCode.MODEL_INCOMPATIBLE
        assert ".pth" in caught.value.hint
