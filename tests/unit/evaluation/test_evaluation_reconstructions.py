# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`evaluate meshes` on a test set of one object."""

from __future__ import annotations

import io
import json
import tarfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from engine.cli.main import main
from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import SilentReporter
from engine.evaluation import methods, reconstructions
from engine.evaluation.meshes import compare
from engine.evaluation.reconstructions import (
    MeshEvaluation,
    evaluate_meshes,
    mean_cost,
    mean_scores,
    normalised_truth,
    reconstruct_object,
    true_views,
)
from engine.training.shards import RenderedObject
from engine.training.synthetic.render import SyntheticViews, render_shards


@pytest.fixture(scope="module")
def test_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with one view, and its mesh with Y up."""
    folder = tmp_path_factory.mktemp("objects")
    for room in ("views", "meshes", "predictions"):
        (folder / room).mkdir()
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[16:48, 16:48] = (180, 60, 40, 255)
    picture = io.BytesIO()
    Image.fromarray(rgba).save(picture, "webp", lossless=True)
    pose = [{"azimuth": 0.0, "elevation": 20.0, "radius": 1.85}]
    files = {"box.json": json.dumps({"name": "box", "views": pose}).encode(),
             "box.00.webp": picture.getvalue()}
    with tarfile.open(folder / "views" / "000.tar", "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    for room, sides in (("meshes", (1, 1, 0.5)), ("predictions", (2, 2, 1))):
        trimesh.creation.box(sides).export(folder / room / "box.glb")
    return folder


@pytest.fixture
def few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shape far from the truth, as a fit of few steps is, takes seconds to compare with all."""
    monkeypatch.setattr(reconstructions, "compare", partial(compare, points=5000))


def test_evaluate_meshes_scores_a_scaled_copy_best(
        test_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "meshes", str(test_set), "--out", str(tmp_path),
                 "--predictions", str(test_set / "predictions")]) == 0
    record = json.loads((tmp_path / "scores.json").read_text())
    assert record["mean"]["iou"] == 1 and record["mean"]["chamfer"] < 0.005
    assert "box" in capsys.readouterr().out


@pytest.mark.slow
def test_evaluate_meshes_by_the_syncdreamer_protocol(
        test_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The protocol does not align: a prediction of twice the size is another shape."""
    (tmp_path / "same").mkdir()
    trimesh.creation.box((1, 1, 0.5)).export(tmp_path / "same" / "box.glb")
    ious = []
    for predictions in (tmp_path / "same", test_set / "predictions"):
        assert main(["evaluate", "meshes", str(test_set), "--out", str(tmp_path / "out"),
                     "--protocol", "syncdreamer", "--predictions", str(predictions)]) == 0
        record = json.loads((tmp_path / "out" / "scores.json").read_text())
        assert record["options"]["protocol"] == "syncdreamer"
        assert set(record["mean"]) == {"chamfer", "iou"}
        ious.append(record["mean"]["iou"])
    assert ious == [1, pytest.approx(1 / 8, abs=0.01)]
    capsys.readouterr()


@pytest.mark.usefixtures("few_points")
def test_evaluate_meshes_keeps_reconstructions(test_set: Path, tmp_path: Path) -> None:
    options = {"model": "nano", "view_count": 4, "resolution": 32, "iterations": 10, "faces": 400,
               "texture_size": 64}
    evaluation = MeshEvaluation(options)
    scores = evaluate_meshes(test_set, tmp_path, evaluation, SilentReporter())
    assert mean_scores(scores)["chamfer"] == scores["box"].chamfer > 0
    cost = mean_cost(tmp_path, scores)
    assert cost["unet_evaluations"] == 4 and cost["seconds"] > 0
    assert 100 < cost["peak_memory_mb"] < 20_000
    made = (tmp_path / "box" / "mesh.glb").stat().st_mtime_ns
    again = evaluate_meshes(test_set, tmp_path, evaluation, SilentReporter())
    assert again == scores
    assert (tmp_path / "box" / "mesh.glb").stat().st_mtime_ns == made


@pytest.mark.usefixtures("few_points")
def test_evaluate_meshes_passes_on_how_views_are_sampled(
        test_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: dict[str, Any] = {}

    def reconstruct(rendered: RenderedObject, out: Path, options: dict[str, Any],
                    image: np.ndarray | None) -> Path:
        requested.update(options)
        out.mkdir()
        (out / "report.json").write_text(json.dumps(
            {"stages": [], "unet_evaluations": 0, "peak_memory_mb": 0}))
        return test_set / "predictions" / "box.glb"

    monkeypatch.setattr(reconstructions, "reconstruct_object", reconstruct)
    assert main(["evaluate", "meshes", str(test_set), "--out", str(tmp_path / "out"),
                 "--resample", "--consistency", "fused"]) == 0
    assert requested["resample"] is True and requested["consistency"] == "fused"


def test_true_views_have_the_cameras_of_the_fit(test_set: Path) -> None:
    views = true_views(normalised_truth(test_set / "meshes" / "box.glb"), 4)
    assert sorted(set(views.elevation_deg)) == [0, 40]
    front = views.images[0, ..., 3]
    # The box is 1 high, half as wide, and its front face half a unit nearer than its centre.
    rows, columns = np.nonzero(front > 0.5)
    focal = 256 * 35 / 32
    assert np.ptp(columns) + 1 == pytest.approx(focal / 2 / 1.35, abs=2)
    assert np.ptp(rows) + 1 == pytest.approx(focal / 1.35, abs=2)


@pytest.mark.slow
@pytest.mark.usefixtures("few_points")
def test_perfect_views_need_no_model(tmp_path: Path) -> None:
    render_shards(tmp_path / "views", 1, SyntheticViews(2, 128), 1, SilentReporter(),
                  tmp_path / "meshes")
    options = {"view_count": 8, "resolution": 40, "iterations": 60, "texture_size": 64}
    evaluation = MeshEvaluation(options, perfect_views=True)
    scores = evaluate_meshes(tmp_path, tmp_path / "out", evaluation, SilentReporter())
    (score,) = scores.values()
    assert score.chamfer < 0.03
    assert mean_cost(tmp_path / "out", scores)["unet_evaluations"] == 0


@pytest.mark.slow
def test_evaluate_methods_makes_one_table(
        test_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {"sjc-i": ("--method", "direct"),  # of nano, which replaces the method's own model
              "views-refined": ("--refine", "2", "--iterations", "10", "--view-count", "4")}
    monkeypatch.setattr(methods, "COMPARED", chosen)
    assert main(["evaluate", "methods", str(test_set), "--out", str(tmp_path),
                 "--methods", *chosen]) == 0
    head, _, *rows, note = capsys.readouterr().out.splitlines()
    assert note == "sjc-i: nano without camera poses replaces Image Variations"
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[0] for row in cells] == [*chosen]
    assert len(cells[0]) == head.count("|") - 1 == 7
    for name, row in zip(chosen, cells, strict=True):
        record = json.loads((tmp_path / name / "scores.json").read_text())
        assert float(row[1]) == pytest.approx(record["mean"]["iou"], abs=1e-3)
    assert [row[4] for row in cells] == ["0", "8"]  # two views in each step of refinement


@pytest.mark.slow
def test_compare_methods_names_a_failing_method(
        test_set: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EngineError, match="sjc-i failed"):
        methods.compare_methods(["sjc-i"], tmp_path, [str(test_set), "--model", "nano"],
                                SilentReporter(), tmp_path / "no variations")
    assert f"the model '{tmp_path / 'no variations'}'" in capfd.readouterr().err


def test_evaluate_meshes_refuses_objects_without_truth(test_set: Path, tmp_path: Path) -> None:
    (tmp_path / "views").symlink_to(test_set / "views")
    with pytest.raises(EngineError) as caught:
        evaluate_meshes(tmp_path, tmp_path / "out", MeshEvaluation(), SilentReporter())
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_reconstruct_object_refuses_a_turned_input(tmp_path: Path) -> None:
    turned = RenderedObject("box", np.zeros((1, 8, 8, 4), np.uint8),
                            np.array([[30, 0, 1.85]], np.float32), {})
    with pytest.raises(EngineError):
        reconstruct_object(turned, tmp_path, {})
