# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension in Blender registers and unregisters cleanly, and offers all jobs of the engine."""

from __future__ import annotations

import dataclasses
import sys
import time
from types import SimpleNamespace

import pytest

OPERATORS = ("generate_views", "reconstruct_mesh", "cancel_job", "resume_job", "clear_jobs",
             "discard_job", "import_result", "regenerate", "view_from_camera", "remove_background",
             "engine_start", "engine_stop",
             "engine_install", "engine_install_cancel", "open_picture", "paste_picture",
             "picture_from_render", "picture_from_viewport", "prepare_picture", "queue_pictures",
             "queue_selected", "refresh_history", "open_log", "copy_log", "check_setup",
             "copy_report", "release_memory", "pick_views", "use_view", "show_samples",
             "choose_sample", "regenerate_view", "reconstruct_picked",
             "compare", "import_again", "turntable", "turntable_video", "text_to_image",
             "render_dataset", "train_model", "model_download", "model_import", "model_remove",
             "estimate_elevation")


def test_extension_can_be_disabled_and_enabled(bpy, extension):
    package = extension()
    for _ in range(2):
        package.unregister()
        assert not hasattr(bpy.types.Scene, "zero123")
        assert not hasattr(bpy.types, "ZERO123_PT_main")
        package.register()
        assert bpy.context.scene.zero123.orbit == 8


def test_extension_registers_quickly(extension):
    package = extension()
    times = []
    for _ in range(5):
        package.unregister()
        start = time.thread_time()  # other programs may run
        package.register()
        times.append(time.thread_time() - start)
    assert min(times) < 0.02
    names = [name for name in sys.modules if name.startswith(package.__name__)]
    assert not any("diffusion" in name or "reconstruction" in name for name in names)


@pytest.mark.parametrize("name", OPERATORS)
def test_menus_contain_every_operator(bpy, extension, name):
    """F3 finds only operators that are in a menu."""
    shown = _Recorder(bpy)
    for _menu, draw in extension("ui.menus")._ENTRIES:
        draw(shown, bpy.context)
    assert hasattr(bpy.types, f"ZERO123_OT_{name}")
    assert f"zero123.{name}" in shown.operators


@pytest.mark.parametrize("name", ["training_model", "training_views", "mesh", "quality", "import"])
def test_panels_draw_settings_that_exist(bpy, scene, extension, name):
    shown = _Recorder(bpy)
    panel = getattr(bpy.types, f"ZERO123_PT_{name}")
    shown.NAMES = getattr(panel, "NAMES", ())
    panel.draw(shown, bpy.context)
    assert shown.settings
    assert [entry for entry in shown.settings if not hasattr(*entry)] == []


class _Recorder:
    """Replaces a menu or panel, which Blender draws only with a window."""

    def __init__(self, bpy):
        self.bpy = bpy
        self.layout = self
        self.operators = []
        self.settings = []

    def menu(self, name, **_):
        menu = getattr(self.bpy.types, name)
        self.ENTRIES = menu.ENTRIES
        menu.draw(self, self.bpy.context)

    def column(self):
        return self

    def prop(self, settings, name):
        self.settings.append((settings, name))

    def separator(self):
        pass

    def operator(self, idname, **_):
        self.operators.append(idname)
        return SimpleNamespace()


@pytest.mark.parametrize(("operator", "request_class"), [
    ("generate_views", "ViewsRequest"), ("reconstruct_mesh", "ReconstructRequest"),
    ("text_to_image", "TextRequest"), ("render_dataset", "RenderRequest"),
    ("train_model", "TrainRequest")])
def test_operators_have_the_fields_of_their_request(bpy, extension, operator, request_class):
    rna = getattr(bpy.ops.zero123, operator).get_rna_type().properties
    for field in dataclasses.fields(getattr(extension("engine.core.requests"), request_class)):
        prop = rna[field.name]
        if field.name == "image":
            continue  # the name of an image in the file, not a path
        assert prop.description.lower() == field.metadata["help"].lower()
        assert not prop.description.endswith(".")
        if field.default is dataclasses.MISSING:
            assert prop.type == 'STRING'  # a list of numbers
        elif field.name == "input_elevation":
            assert prop.type == 'FLOAT'  # a separate property requests the estimate
        else:
            assert prop.default == pytest.approx(field.default)
        for limit, name in (("min", "hard_min"), ("max", "hard_max")):
            if limit in field.metadata and field.default is not dataclasses.MISSING:
                assert getattr(prop, name) == pytest.approx(field.metadata[limit])
        if "choices" in field.metadata:
            assert tuple(prop.enum_items.keys()) == field.metadata.get(
                "shown", field.metadata["choices"])


def test_settings_make_a_valid_request(bpy, extension, scene):
    requests = extension("engine.core.requests")
    settings = scene.zero123
    settings.mode, settings.azimuth, settings.like_input = 'SINGLE', -30.0, False
    settings.elevation, settings.radius = 25.0, 2.0
    values = settings.operator_values(requests.ViewsRequest)
    parse = extension("operators.session.request_properties").parse_numbers
    lists = {name: parse(name, values[name]) for name in ("azimuth", "elevation", "radius")}
    request = requests.ViewsRequest(**{**values, **lists})
    assert request.poses() == [(-30.0, 25.0, 2.0)]
    settings.mode, settings.orbit, settings.like_input = 'ORBIT', 5, True
    values = settings.operator_values(requests.ViewsRequest)
    assert (values["orbit"], values["azimuth"], values["elevation"]) == (5, "", "")


def test_zip_contains_only_what_runs(bpy, extension):
    """The builder excludes files by pattern: a wrong pattern would include the tests or omit
    code.
    """
    folder = extension("engine.setup.environment").ROOT
    names = {path.name for path in folder.iterdir()}
    assert {"blender_manifest.toml", "__init__.py", "LICENSE", "engine", "operators", "ui"} <= names
    assert not names & {"tests", "noxfile.py", "pyproject.toml", "wheels", ".git", ".ci", "demo"}


@pytest.mark.parametrize("text", ["", "90", "0, 90,180", " -30.5 12 "])
def test_parse_numbers_reads_lists(extension, text):
    parse = extension("operators.session.request_properties").parse_numbers
    assert parse("azimuth", text) == [float(word) for word in text.replace(",", " ").split()]


def test_operator_refuses_a_list_without_numbers(bpy, scene, picture):
    with pytest.raises(RuntimeError, match="azimuth cannot be 'left'; enter numbers"):
        bpy.ops.zero123.generate_views(filepath=str(picture), azimuth="left")
