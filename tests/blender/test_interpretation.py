# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel says how an input image was interpreted and offers the alternatives."""

from __future__ import annotations

import ast
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw


class _Layout:
    """Records drawing calls, because Blender draws only with a window."""

    def __init__(self):
        self.labels, self.buttons = [], []

    def row(self, **_):
        return self

    def label(self, text, **_):
        self.labels.append(text)

    def operator(self, idname, text, depress, **_):
        self.buttons.append((text, depress, button := SimpleNamespace()))
        return button


@pytest.fixture
def drawn(scene, extension):
    """Draws the interpretation in a finished job's report. Returns the layout."""
    jobs, protocol = extension("operators.session.jobs"), extension("engine.core.protocol")
    request = extension("engine.core.requests").ViewsRequest(image="a.png", out="b")

    def draw(report):
        job = jobs.Job("1", request, "a")
        job.apply(protocol.Done("1", {"input": report} if report else {}))
        extension("ui.input_image").draw_interpretation(layout := _Layout(), job, scene.zero123)
        return layout
    return draw


def test_panel_offers_to_ignore_a_cut_out(scene, drawn):
    layout = drawn({"interpreted_as": "cut-out", "framing": "kept"})
    assert layout.labels == ["Cut out by its transparency"]
    (text, depress, button), = layout.buttons
    assert (text, depress) == ("Ignore", False)
    assert (button.data_path, button.value) == ("scene.zero123.alpha", "ignore")


def test_panel_offers_to_keep_background_and_framing(scene, drawn):
    scene.zero123.framing = 'keep'
    try:
        layout = drawn({"interpreted_as": "photo", "framing": "recentred"})
    finally:
        scene.zero123.property_unset("framing")
    assert layout.labels == ["Background removed", "Recentred"]
    assert [(text, depress) for text, depress, _ in layout.buttons] == [
        ("Keep It", False), ("Keep Framing", True)]


def test_panel_says_nothing_without_a_report(drawn):
    layout = drawn({})
    assert layout.labels == layout.buttons == []


def _image(draw, colour=(200, 60, 40, 255), size=200, background=(0, 0, 0, 0)):
    image = Image.new("RGBA", (size, size), background)
    draw(ImageDraw.Draw(image), colour)
    return image


def _ball(left, top, right, bottom):
    return lambda pen, colour: pen.ellipse([left, top, right, bottom], fill=colour)


IMAGES = {
    "translucent": (_image(_ball(60, 60, 140, 140), (200, 60, 40, 90)), {}),
    "at two borders": (_image(_ball(-60, -60, 120, 120)), {"framing": "keep"}),
    "small": (_image(_ball(90, 90, 110, 110)), {}),
    "photo with a hole": (_image(lambda pen, colour: (
        pen.ellipse([60, 60, 140, 140], fill=colour), pen.point((0, 0), (0, 0, 0, 0))),
        background=(230, 230, 230, 255)), {}),
    "damaged profile": (_image(_ball(60, 60, 140, 140)), {"icc_profile": b"broken"}),
    "12 bits": (Image.fromarray(np.where(
        np.hypot(*np.mgrid[-1:1:200j, -1:1:200j]) < 0.6, 3000, 800).astype(np.uint16)), {})}


@pytest.mark.parametrize("kind", IMAGES)
def test_panel_translates_what_the_engine_says(bpy, extension, tmp_path, kind):
    """Every remark consists of texts that have a translation."""
    imaging = pytest.importorskip("engine.imaging", reason="needs the engine's libraries")
    notes = extension("ui.image_notes")
    image, options = IMAGES[kind]
    framing = options.get("framing", "auto")
    image.save(tmp_path / "a.png", icc_profile=options.get("icc_profile"))
    report = imaging.frame_image(tmp_path / "a.png", framing=framing).report
    assert report["notes"]
    for line in notes.explanation(report):
        text = line.removesuffix(".")
        assert any(re.fullmatch(re.escape(known).replace(r"\{\}", "(.+)"), text)
                   for known in notes.NOTES), line


def test_panel_knows_every_reason(extension, project_root):
    source = ast.parse((project_root / "engine/imaging/alpha_channel.py").read_text("utf-8"))
    functions = [node for node in source.body if isinstance(node, ast.FunctionDef)
                 and node.name in ("alpha_meaning", "_frame_of_a_photo")]
    said = {node.value for function in functions for node in ast.walk(function)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and node.value != ast.get_docstring(function, clean=False)}
    assert said == set(extension("ui.image_notes").REASONS)


def test_panel_gives_a_reason_once(extension):
    explanation = extension("ui.image_notes").explanation
    reason = "only a few pixels are transparent"
    assert explanation({"because": reason}) == [f"Interpreted so because {reason}."]
    note = (f"The image's transparency was not used, because {reason}; alpha=trust takes it as it "
            "is.")
    assert explanation({"because": reason, "notes": [note]}) == [note]


def test_panel_speaks_german(bpy, extension):
    if not bpy.app.build_options.international:
        pytest.skip("needs a Blender that is built with translations")
    view = bpy.context.preferences.view
    before = view.language
    view.language = 'de_DE'
    try:
        line, = extension("ui.image_notes").explanation({"notes": [
            "The object touches the left and lower border of the image and may be cut off there."]})
    finally:
        view.language = before
    assert "linken und unteren Rand" in line
