# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators download models from a server on this computer, import and remove them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from helpers.hub import Hub

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("huggingface_hub") is None,
    reason="needs the engine's libraries in the Python that runs the tests")


@pytest.fixture
def models(bpy, scene, extension, tmp_path):
    """The models folder; the settings are restored afterwards."""
    preferences = bpy.context.preferences.addons[extension().__name__].preferences
    online = bpy.context.preferences.system.use_online_access
    preferences.engine_python, preferences.model_folder = sys.executable, str(tmp_path / "models")
    bpy.context.preferences.system.use_online_access = True
    yield tmp_path / "models"
    bpy.context.preferences.system.use_online_access = online
    for name in ("engine_python", "model_folder", "hub_mirror", "hub_token"):
        preferences.property_unset(name)
    scene.zero123.property_unset("model")


@pytest.fixture
def u2netp(shared_dir: Path) -> Path:
    return shared_dir / "data" / "models" / "u2netp.onnx"


@pytest.fixture
def hub(bpy, extension, models, u2netp):
    """A mirror of the hub, named in the preferences."""
    with Hub({"u2netp.onnx": u2netp.read_bytes()}) as hub:
        preferences = bpy.context.preferences.addons[extension().__name__].preferences
        preferences.hub_mirror = hub.url
        yield hub


@pytest.fixture
def state(extension):
    """Returns a model's entry in the panel: its state and whether its licence is accepted."""
    def look(name):
        entries = extension("operators.session").session.models.entries
        return next((f"{entry.state.value}{'' if entry.licence_accepted else ', not accepted'}"
                     for entry in entries if entry.name == name), None)
    return look


def test_model_download_verify_and_remove(bpy, extension, models, hub, u2netp, state):
    token = "hf_secret123"
    bpy.context.preferences.addons[extension().__name__].preferences.hub_token = token
    assert bpy.ops.zero123.model_download(model="u2netp") == {'FINISHED'}
    assert (models / "u2netp.onnx").read_bytes() == u2netp.read_bytes()
    assert state("u2netp") == "here"
    assert state("u2netp") == "here"
    assert {request.authorization for request in hub.requests} == {f"Bearer {token}"}
    log = extension("operators.logs").log_file(bpy.context)
    assert token not in (log.read_text() if log.exists() else "")
    assert bpy.ops.zero123.model_verify(model="u2netp") == {'FINISHED'}
    content = bytearray(u2netp.read_bytes())
    content[1000] ^= 1
    (models / "u2netp.onnx").write_bytes(content)
    with pytest.raises(RuntimeError, match=r"u2netp.onnx is damaged"):
        bpy.ops.zero123.model_verify(model="u2netp")
    assert bpy.ops.zero123.model_remove(model="u2netp") == {'FINISHED'}
    assert not (models / "u2netp.onnx").exists()
    assert state("u2netp") == "not here"


def test_model_download_needs_online_access(bpy, hub):
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="Enable Allow Online Access"):
        bpy.ops.zero123.model_download(model="u2netp")
    assert hub.requests == []


def test_model_download_needs_an_accepted_licence(bpy, hub, models, state):
    hub.files["stable_zero123.ckpt"] = b"not a checkpoint"
    with pytest.raises(RuntimeError, match="licence of stable-zero123 must be accepted"):
        bpy.ops.zero123.model_download(model="stable-zero123")
    assert hub.requests == []
    assert state("stable-zero123") == "not here, not accepted"
    with pytest.raises(RuntimeError, match="not a checkpoint"):
        bpy.ops.zero123.model_download(model="stable-zero123", accept_licence=True)
    assert hub.bodies
    assert state("stable-zero123") == "not here"


def test_model_import_converts_a_checkpoint(
        bpy, scene, extension, models, shared_dir, picture, state):
    golden = shared_dir / "golden"
    values = {"filepath": str(golden / "checkpoint.ckpt"), "config": str(golden / "config.yaml"),
              "dtype": 'float16'}
    with pytest.raises(RuntimeError, match="licence of zero123-xl must be accepted"):
        bpy.ops.zero123.model_import(**values, model="zero123-xl")
    with pytest.raises(RuntimeError, match="the pose encoding of"):
        bpy.ops.zero123.model_import(**values, model="mine")
    values["pose_encoding"] = 'zero123'
    assert bpy.ops.zero123.model_import(**values, model="mine") == {'FINISHED'}
    assert state("mine") == "here"
    weights = models / "mine" / "unet" / "diffusion_pytorch_model.safetensors"
    half = weights.stat().st_size
    assert bpy.ops.zero123.model_import(**{**values, "dtype": 'original'}, model="mine")
    assert weights.stat().st_size > 1.8 * half
    bpy.ops.zero123.generate_views(filepath=str(picture), model="mine", orbit=1, steps=1)
    checklist = extension("operators.session").session.checklist
    scene.zero123.model = "mine"
    assert checklist.model_error is None
    weights.write_bytes(weights.read_bytes()[:-1])
    checklist.refresh(bpy.context)
    assert state("mine") == "damaged"
    assert "damaged" in str(checklist.model_error)
    bpy.ops.zero123.model_remove(model="mine")
    assert state("mine") is None
    assert "not on this computer" in str(checklist.model_error)


def test_model_accept_licence_unlocks_an_installed_model(
        bpy, scene, extension, models, tiny_model, state, picture):
    models.mkdir()
    (models / "zero123-xl").symlink_to(tiny_model)
    checklist = extension("operators.session").session.checklist
    scene.zero123.model = "zero123-xl"
    assert "licence of zero123-xl is not accepted" in str(checklist.model_error)
    values = {"filepath": str(picture), "model": "zero123-xl", "orbit": 1, "steps": 1}
    with pytest.raises(RuntimeError, match="must be accepted"):
        bpy.ops.zero123.generate_views(**values)
    with pytest.raises(RuntimeError, match="not accepted"):
        bpy.ops.zero123.model_accept_licence(model="zero123-xl")
    bpy.ops.zero123.model_accept_licence(model="zero123-xl", accept_licence=True)
    assert state("zero123-xl") == "here"
    assert checklist.model_error is None
    assert bpy.ops.zero123.generate_views(**values) == {'FINISHED'}
    bpy.ops.zero123.model_remove(model="zero123-xl")
    assert (tiny_model / "model_index.json").exists(), "only the link is gone"


def test_model_import_refuses_other_files(bpy, models, tmp_path):
    (tmp_path / "holiday.ckpt").write_bytes(b"hello")
    with pytest.raises(RuntimeError, match="not a checkpoint"):
        bpy.ops.zero123.model_import(filepath=str(tmp_path / "holiday.ckpt"))
    assert not (models / "holiday").exists()


@pytest.mark.parametrize("name", ["nano", "", "../models", "unknown"])
def test_model_remove_keeps_other_folders(bpy, models, name):
    models.mkdir()
    with pytest.raises(RuntimeError):
        bpy.ops.zero123.model_remove(model=name)
    assert models.is_dir()


def test_model_download_resumes_after_cancel(
        bpy, extension, models, hub, u2netp, state, monkeypatch):
    """The operator returns at once, as in a window, and a timer checks whether the work is done."""
    work = extension("operators.session").session.model_work
    hub.hold_after = 2_000_000
    monkeypatch.setattr(work, "wait", lambda: None)
    bpy.ops.zero123.model_download(model="u2netp")
    with pytest.raises(RuntimeError, match="Wait until the other model is ready"):
        bpy.ops.zero123.model_import(filepath=str(u2netp))
    while work.running and work.done < 1:
        work.poll(0.1)
    assert work.running, work.error
    assert (work.stage, work.total) == ("download (MB)", 4)
    bpy.ops.zero123.model_cancel()
    assert work.cancelling
    monkeypatch.undo()
    error = extension("engine.core.errors").EngineError
    with pytest.raises(error, match="start again to resume"):
        work.wait()
    extension("operators.session").session.checklist.refresh(bpy.context)
    assert state("u2netp") == "partly downloaded"
    hub.hold_after = None
    bpy.ops.zero123.model_download(model="u2netp")
    assert hub.bodies[-1].range
    assert (models / "u2netp.onnx").read_bytes() == u2netp.read_bytes()
    assert state("u2netp") == "here"
