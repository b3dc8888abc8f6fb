# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real engine with a pipeline of random weights makes the input image from a text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def text_model(tmp_path_factory) -> Path:
    """A model. Where diffusers is not loaded yet, a separate process makes it, so that torch is not
    loaded here."""
    folder = tmp_path_factory.mktemp("text")
    if "diffusers" in sys.modules:
        from helpers.tiny_text_pipeline import save_tiny_text_pipeline  # imports diffusers
        return save_tiny_text_pipeline(folder)
    code = ("import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; "
            "from helpers.tiny_text_pipeline import save_tiny_text_pipeline; "
            "save_tiny_text_pipeline(Path(sys.argv[2]))")
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parents[1]),
                    str(folder)], check=True)
    return folder / "model"


@pytest.fixture(autouse=True)
def clean(scene):
    yield
    scene.zero123.image = None


@pytest.mark.needs_engine
def test_text_to_image_sets_the_input_image(bpy, scene, extension, text_model, tmp_path):
    options = {"prompt": "a red chair", "model": str(text_model), "steps": 2, "seed": 3,
               "keep_background": True}
    assert bpy.ops.zero123.text_to_image(**options) == {'FINISHED'}
    image = scene.zero123.image
    assert image.name == "a red chair"
    assert image.size[:] == (32, 32)
    assert image.packed_file is not None
    record = json.loads(image["zero123"])
    assert (record["kind"], record["seed"], record["request"]["prompt"]) == (
        "text", 3, "a red chair")
    # The result is the input image of the next job, without naming it.
    find_image = extension("operators.scene.images").find_image
    assert find_image(bpy.context, scene.zero123.image.name) == image
    first = np.array(image.pixels)
    bpy.ops.zero123.text_to_image(**options, out=str(tmp_path / "again"))
    assert (tmp_path / "again" / "image.png").is_file()
    np.testing.assert_array_equal(np.array(scene.zero123.image.pixels), first)


@pytest.mark.needs_engine
def test_text_to_image_reports_a_missing_model(bpy, scene, contents):
    before = contents()
    with pytest.raises(RuntimeError, match="nobody/nothing isn't on this computer; fetch it"):
        bpy.ops.zero123.text_to_image(prompt="a chair", model="nobody/nothing")
    assert contents() == before
    assert scene.zero123.image is None


def test_text_settings_make_a_valid_request(extension, scene):
    requests = extension("engine.core.requests")
    settings = scene.zero123.text
    settings.prompt, settings.steps = "a boat", 7
    request = requests.TextRequest(**settings.operator_values())
    assert (request.prompt, request.steps, request.seed) == ("a boat", 7, 0)
    settings.prompt, settings.steps = "", 0
