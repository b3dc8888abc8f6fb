# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel says how an input image was interpreted and offers the alternatives."""

from __future__ import annotations

from types import SimpleNamespace

import pytest


class _Layout:
    """Records what is drawn; Blender draws only with a window."""

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
    """Draws the interpretation in a finished job's report. Gives the layout."""
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
