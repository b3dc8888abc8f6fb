# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views are selected and regenerated, and a mesh is made from exactly these views."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from results import record, ring, write_views


@pytest.fixture(scope="module", autouse=True)
def clear_selection(extension):
    yield
    extension("operators.session").session.view_selection.clear()


@pytest.fixture
def selection(extension):
    found = extension("operators.session").session.view_selection
    found.clear()
    return found


@pytest.fixture
def result(tmp_path, picture, tiny_model):
    """The views.json of four views with two samples each."""
    return write_views(tmp_path / "job", picture, ring(4), samples=2, model=str(tiny_model),
                       steps=1)


@pytest.fixture
def mesh_folder(tmp_path, picture):
    """The folder of a mesh with four images of it, and the four views to which it was fitted."""
    for name in ("views", "fitted"):
        write_views(tmp_path / "mesh" / name, picture, ring(4))
    return tmp_path / "mesh"


NONSENSE = ("", "[]", "null", "[" * 100_000, '{"schema": "zero123.selection/1"}', "\0", *(
    json.dumps({"schema": "zero123.selection/1", "views": [
        {"use": True, "chosen": 0, "added": [], **change} for _ in range(4)]})
    for change in ({"chosen": float("inf")}, {"chosen": "x"}, {"chosen": 10**30}, {"added": 7},
                   {"added": [{"file": 3, "seed": 0, "sample": 0}]}, {"added": ["text"]},
                   {"added": [{"file": "a\0b", "seed": [], "sample": {}}]}, {"use": []})))


@pytest.mark.parametrize("content", NONSENSE)
def test_view_selection_ignores_damaged_selections(selection, result, content):
    result.with_name("picks.json").write_text(content)
    selection.load(result)
    assert len(selection.views) == 4
    assert all(0 <= view.chosen < len(view.samples) == 2 for view in selection.views)


@pytest.mark.parametrize(("key", "value"), [
    ("seed", "x"), ("seed", float("inf")), ("seed", {}), ("sample", "x"), ("sample", []),
    ("azimuth_deg", float("nan")), ("azimuth_deg", 10**400), ("radius", None), ("fov_deg", "x"),
    ("camera_to_world", [[]]), ("camera_to_world", 3), ("file", 3), ("file", ""),
    ("file", "x" * 5000)])
def test_view_selection_reads_or_refuses_damaged_views(extension, selection, result, key, value):
    document = _written(result)
    document["views"][1][key] = value
    result.write_text(json.dumps(document))
    try:
        selection.load(result)
    except extension("engine.core.protocol").EngineError as error:
        assert error.code.value == "bad-input"
        assert error.hint
    else:
        assert key in ("seed", "sample")


def _planes(bpy):
    found = [item for item in bpy.data.objects
             if item.name.startswith("View") and item.type != 'CAMERA']
    return sorted(found, key=lambda item: item.name)


def _color(image):
    return np.array(image.pixels[:3])


def _written(path):
    return json.loads(Path(path).read_text())


def test_view_selection_groups_samples_of_a_pose(bpy, scene, selection, result):
    bpy.ops.zero123.pick_views(filepath=str(result))
    assert [view.pose[0] for view in selection.views] == [0, 90, 180, 270]
    assert [[Path(sample.file).name for sample in view.samples] for view in selection.views] == [
        [f"view_{2 * i:03d}.png", f"view_{2 * i + 1:03d}.png"] for i in range(4)]
    samples = [sample for view in selection.views for sample in view.samples]
    assert {(sample.seed, sample.sample) for sample in samples} == {(7, 0), (7, 1)}


def test_view_selection_writes_only_selected_views(bpy, scene, selection, result, tmp_path):
    bpy.ops.zero123.pick_views(filepath=str(result))
    bpy.ops.zero123.use_view(view=1, use=False)
    bpy.ops.zero123.choose_sample(view=2, sample=1)
    document = _written(selection.write(tmp_path / "picked"))
    assert [view["azimuth_deg"] for view in document["views"]] == [0, 180, 270]
    assert [(view["sample"], view["seed"]) for view in document["views"]] == [(0, 7), (1, 7),
                                                                              (0, 7)]
    original = _written(result)
    assert document["input"] == original["input"]
    for view, source in zip(document["views"], (0, 5, 6), strict=True):
        assert (tmp_path / "picked" / view["file"]).read_bytes() == (
            result.parent / f"view_{source:03d}.png").read_bytes()
        assert view["camera_to_world"] == original["views"][source]["camera_to_world"]
    assert len(list((tmp_path / "picked").iterdir())) == 4
    for view in range(4):
        bpy.ops.zero123.use_view(view=view, use=False)
    with pytest.raises(RuntimeError, match="no view is selected; select at least one view"):
        bpy.ops.zero123.reconstruct_picked()


def test_view_selection_is_saved_with_the_result(bpy, scene, selection, result):
    bpy.ops.zero123.pick_views(filepath=str(result))
    bpy.ops.zero123.use_view(view=1, use=False)
    bpy.ops.zero123.choose_sample(view=2, sample=1)
    before = result.read_bytes()
    selection.clear()
    bpy.ops.zero123.pick_views(filepath=str(result))
    assert [view.use for view in selection.views] == [True, False, True, True]
    assert [view.chosen for view in selection.views] == [0, 0, 1, 0]
    assert result.read_bytes() == before
    # A selection that does not match is ignored.
    for text in ("", "[]", '{"schema": "zero123.selection/1", "views": [{}, {}, {}, {}]}'):
        result.with_name("picks.json").write_text(text)
        selection.clear()
        bpy.ops.zero123.pick_views(filepath=str(result))
        assert all(view.use for view in selection.views)


@pytest.mark.parametrize("kind", ['EMPTY', 'MESH'])
def test_choose_sample_shows_the_sample(bpy, scene, selection, result, kind):
    bpy.ops.zero123.import_result(filepath=str(result), planes=kind)
    planes = _planes(bpy)
    hidden = [plane.hide_viewport and plane.hide_render for plane in planes]
    assert hidden == [False, True] * 4
    bpy.context.view_layer.objects.active = planes[2]
    bpy.ops.zero123.pick_views()
    assert (selection.path, selection.title) == (result, "ball")
    bpy.ops.zero123.choose_sample(sample=1)  # of the active plane's view
    assert [plane.hide_viewport for plane in planes] == [False, True, True, False, False, True,
                                                         False, True]
    with pytest.raises(RuntimeError, match="there are 2 samples; indices start at 0"):
        bpy.ops.zero123.choose_sample(sample=2)
    assert selection.views[1].chosen == 1


@pytest.mark.parametrize("chosen", ["mesh.glb", "views/views.json", "fitted/views.json"])
def test_select_views_lists_the_fitted_views_of_a_mesh(bpy, scene, selection, mesh_folder, chosen):
    bpy.ops.zero123.pick_views(filepath=str(mesh_folder / chosen))
    assert selection.path == mesh_folder / "fitted" / "views.json"


@pytest.mark.parametrize("chosen", ["mesh.glb", "views/views.json"])
def test_select_views_lists_the_views_of_an_older_mesh(bpy, scene, selection, mesh_folder, chosen):
    """Earlier versions kept the fitted views in the folder that now has the images of the mesh."""
    shutil.rmtree(mesh_folder / "fitted")
    bpy.ops.zero123.pick_views(filepath=str(mesh_folder / chosen))
    assert selection.path == mesh_folder / "views" / "views.json"


def test_view_of_a_mesh_stands_for_its_fitted_view(bpy, scene, selection, mesh_folder):
    bpy.ops.zero123.import_result(filepath=str(mesh_folder / "views" / "views.json"))
    assert selection.path == mesh_folder / "fitted" / "views.json"
    bpy.context.view_layer.objects.active = _planes(bpy)[2]
    bpy.ops.zero123.use_view(use=False)
    assert [view.use for view in selection.views] == [True, True, False, True]


def test_select_views_reports_missing_views(bpy, scene, selection, tmp_path):
    with pytest.raises(RuntimeError, match="List the views of a result first"):
        bpy.ops.zero123.reconstruct_picked()
    with pytest.raises(RuntimeError, match="Select a view that Zero123 has created"):
        bpy.ops.zero123.regenerate_view()
    with pytest.raises(RuntimeError, match="Select a plane, camera or mesh"):
        bpy.ops.zero123.pick_views()
    with pytest.raises(RuntimeError, match="can't read the views"):
        bpy.ops.zero123.pick_views(filepath=str(tmp_path / "views.json"))


def test_select_views_reports_an_unknown_view(bpy, scene, selection, result):
    bpy.ops.zero123.pick_views(filepath=str(result))
    for operator in (bpy.ops.zero123.use_view, bpy.ops.zero123.choose_sample,
                     bpy.ops.zero123.regenerate_view, bpy.ops.zero123.show_samples):
        with pytest.raises(RuntimeError, match="this view is not in the list"):
            operator(view=4)


@pytest.mark.needs_engine
@pytest.mark.parametrize("kind", ['EMPTY', 'MESH'])
def test_regenerate_view_keeps_the_other_views(bpy, scene, extension, selection, result, kind):
    bpy.ops.zero123.import_result(filepath=str(result), planes=kind, backgrounds=True)
    planes = _planes(bpy)
    bpy.context.view_layer.objects.active = planes[4]
    image_of = extension("operators.scene.images").image_of
    before = [_color(image_of(plane)) for plane in planes]
    images = len(bpy.data.images)
    bpy.ops.zero123.regenerate_view(seed=11, samples=2)
    assert len(bpy.data.objects) == 2 * 9, "nothing is added"
    after = [_color(image_of(plane)) for plane in planes]
    changed = [not np.allclose(*pair) for pair in zip(before, after, strict=True)]
    assert changed == [False] * 4 + [True] + [False] * 3
    assert len(bpy.data.images) == images
    view = selection.views[2]
    assert [(sample.seed, sample.sample) for sample in view.samples] == [(7, 0), (7, 1), (11, 0),
                                                                         (11, 1)]
    assert view.chosen == 2
    background, = planes[4].parent.data.background_images
    assert background.image == image_of(planes[4])
    for item in (planes[4], planes[4].parent):
        made = record(item)
        assert (made["seed"], made["request"]["azimuth"], made["request"]["samples"]) == (
            11, [180.0], 2)
        assert made["files"] == [str(result), view.sample.file]
    # The same seed gives the same images, and another seed other images.
    bpy.ops.zero123.regenerate_view(view=2, seed=11, samples=2)
    bpy.ops.zero123.regenerate_view(view=2)
    files = [Path(sample.file).read_bytes() for sample in view.samples]
    assert files[2:4] == files[4:6]
    assert files[6] not in files[:6]
    assert view.sample.seed not in (7, 11)
    # The first sample can still be chosen.
    bpy.ops.zero123.choose_sample(view=2, sample=0)
    np.testing.assert_allclose(_color(image_of(planes[4])), before[4])
    # The next session restores everything.
    selection.clear()
    bpy.ops.zero123.pick_views(filepath=str(result))
    assert [len(view.samples) for view in selection.views] == [2, 2, 7, 2]


@pytest.mark.needs_engine
def test_regenerate_view_works_without_the_scene(bpy, scene, selection, result):
    bpy.ops.zero123.pick_views(filepath=str(result))
    bpy.ops.zero123.regenerate_view(view=1, seed=5)
    assert not bpy.data.objects
    assert selection.views[1].sample.seed == 5


@pytest.mark.needs_engine
@pytest.mark.slow
def test_reconstruct_picked_uses_the_selected_views(bpy, scene, selection, picture, tmp_path):
    """Eight of ten views by the bundled model are used, and one of them was regenerated."""
    bpy.ops.zero123.generate_views(filepath=str(picture), orbit=10, steps=2)
    assert len(selection.views) == 10
    bpy.ops.zero123.regenerate_view(view=3, seed=4)
    for view in (0, 9):
        bpy.ops.zero123.use_view(view=view, use=False)
    out = tmp_path / "mesh"
    bpy.ops.zero123.reconstruct_picked(resolution=32, iterations=20, faces=300, texture_size=64,
                                       out=str(out))
    report = _written(out / "report.json")
    assert report["unet_evaluations"] == 0
    views = _written(out / "views" / "views.json")["views"]
    assert [view["azimuth_deg"] for view in views] == [36.0 * i for i in range(1, 9)]
    picked = _written(out / "picked" / "views.json")["views"]
    assert [view["seed"] for view in picked] == [0, 0, 4, 0, 0, 0, 0, 0]
    mesh = next(item for item in bpy.data.collections["Zero123 ball"].objects
                if item.type == 'MESH')
    assert record(mesh)["request"]["views"] == str(out / "picked" / "views.json")
