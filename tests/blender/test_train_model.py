# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning on the scene's objects: they are rendered, and the trained model can be used."""

from __future__ import annotations

import json
import shutil
import time

import pytest

pytestmark = pytest.mark.needs_engine
QUICK = {"steps": 2, "batch_size": 2, "view_count": 3, "samples": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def models(bpy, extension, tmp_path_factory):
    """The models folder of these tests and of their engine."""
    preferences = bpy.context.preferences.addons[extension().__name__].preferences
    folder = tmp_path_factory.mktemp("training") / "models"
    preferences.model_folder = str(folder)
    yield folder
    preferences.model_folder = ""


@pytest.fixture(autouse=True)
def bundled_model(scene, models):
    """The scene's model is the bundled one again after each test."""
    yield
    scene.zero123.model = "nano"


@pytest.fixture
def pyramid(bpy, scene):
    mesh = bpy.data.meshes.new("Pyramid")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [],
                     [(0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)])
    item = bpy.data.objects.new("Pyramid", mesh)
    scene.collection.objects.link(item)
    item.select_set(True)
    return item


def test_train_model_sets_the_scene_s_model(
        bpy, scene, extension, contents, tiny_model, picture, models, pyramid):
    before = contents()
    assert bpy.ops.zero123.train_model(model=str(tiny_model), **QUICK) == {'FINISHED'}
    assert contents() == before
    assert scene.zero123.model == "Pyramid"
    folder = models / "Pyramid"
    assert json.loads((folder / "request.json").read_text())["objects"] == ["Pyramid"]
    assert extension("operators.session.checklist").model_problem("Pyramid", folder.parent) is None
    assert extension("operators.session.checklist").model_problem("Cone", folder.parent) is not None
    job = list(extension("operators.session").session.runner.jobs)[-1]
    assert (job.kind, job.state.value, job.image.name) == ("train", "Done", "training.png")
    bpy.ops.zero123.generate_views(filepath=str(picture), model=scene.zero123.model, orbit=1)
    assert "Zero123 ball" in bpy.data.collections
    bpy.ops.object.select_all(action='DESELECT')
    pyramid.select_set(True)
    bpy.ops.zero123.train_model(model="Pyramid", **QUICK)
    assert scene.zero123.model == "Pyramid-2", "the first one is kept"


def test_train_model_resumes_a_stopped_training(
        bpy, scene, extension, tiny_model, tmp_path, pyramid):
    """The data no longer exists, so that only the intermediate results contain it."""
    views, out = tmp_path / "views", tmp_path / "elsewhere"
    bpy.ops.zero123.render_dataset(out=str(views), view_count=2, size=32, samples=1)
    runner = extension("operators.session").session.runner
    requests = extension("engine.core.requests")
    request = requests.TrainRequest(data=str(views), out=str(out), model=str(tiny_model),
                                    steps=60, batch_size=2, preview_every=1000, device="cpu")
    job = runner.submit(request, "Pyramid", scene.session_uid)
    while not (job.stage == "train" and job.done > 5):
        runner.poll()
        assert not job.state.ended, job.error
        time.sleep(0.01)
    assert not job.can_resume
    assert bpy.ops.zero123.cancel_job(job=job.id) == {'FINISHED'}
    while not job.state.ended:
        runner.poll()
        time.sleep(0.01)
    assert (job.state.value, job.can_resume) == ("Cancelled", True)
    shutil.rmtree(views)
    assert bpy.ops.zero123.resume_job() == {'FINISHED'}
    assert scene.zero123.model == str(out)
    steps = [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert steps[-1] == 60
    assert job not in list(runner.jobs), "the one that goes on stands for it"
    assert not bpy.ops.zero123.resume_job.poll()


def test_train_model_accepts_rendered_views(bpy, scene, tiny_model, tmp_path, pyramid):
    views, out = tmp_path / "views", tmp_path / "elsewhere"
    bpy.ops.zero123.render_dataset(out=str(views), view_count=2, size=32, samples=1)
    bpy.ops.object.select_all(action='DESELECT')
    bpy.ops.zero123.train_model(data=str(views), out=str(out), model=str(tiny_model), **QUICK)
    assert scene.zero123.model == str(out)
    assert (out / "model_index.json").is_file()


def test_train_model_reports_failures(bpy, scene, models, tmp_path, pyramid):
    before = sorted(models.glob("*"))
    with pytest.raises(RuntimeError, match="no-such-model"):
        bpy.ops.zero123.train_model(model="no-such-model", **QUICK)
    (empty := tmp_path / "empty").mkdir()
    with pytest.raises(RuntimeError, match=r"contains no \.tar shards"):
        bpy.ops.zero123.train_model(data=str(empty), **QUICK)
    pyramid.select_set(False)
    with pytest.raises(RuntimeError, match="no object that can be rendered is selected"):
        bpy.ops.zero123.train_model(**QUICK)
    assert scene.zero123.model == "nano"
    assert sorted(models.glob("*")) == before


def test_training_settings_make_a_valid_request(extension, scene):
    requests = extension("engine.core.requests")
    settings = scene.zero123.train
    settings.steps = 20
    request = requests.TrainRequest(**settings.operator_values())
    assert (request.steps, request.model) == (20, "nano")
    assert request.learning_rate == pytest.approx(1e-4)
    settings.steps = 500
