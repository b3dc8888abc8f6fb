# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views are picked and mended; a mesh is made of exactly those."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from results import record, ring, write_views


@pytest.fixture(scope="module", autouse=True)
def stop_engine(extension):
    yield
    extension("operators.session").session.runner.stop_engine()
    extension("operators.session").session.view_selection.clear()


@pytest.fixture
def picks(extension):
    found = extension("operators.session").session.view_selection
    found.clear()
    return found


@pytest.fixture
def result(tmp_path, picture, tiny_model):
    """The views.json of four views with two samples each."""
    return write_views(tmp_path / "job", picture, ring(4), samples=2, model=str(tiny_model),
                       steps=1)


NONSENSE = ("", "[]", "null", "[" * 100_000, '{"schema": "zero123.picks/1"}', "\0", *(
    json.dumps({"schema": "zero123.picks/1", "views": [
        {"use": True, "chosen": 0, "added": [], **change} for _ in range(4)]})
    for change in ({"chosen": float("inf")}, {"chosen": "x"}, {"chosen": 10**30}, {"added": 7},
                   {"added": [{"file": 3, "seed": 0, "sample": 0}]}, {"added": ["text"]},
                   {"added": [{"file": "a\0b", "seed": [], "sample": {}}]}, {"use": []})))


@pytest.mark.parametrize("content", NONSENSE)
def test_picks_that_make_no_sense_are_gone_over(picks, result, content):
    result.with_name("picks.json").write_text(content)
    picks.load(result)
    assert len(picks.views) == 4
    assert all(0 <= view.chosen < len(view.samples) == 2 for view in picks.views)


@pytest.mark.parametrize(("key", "value"), [
    ("seed", "x"), ("seed", float("inf")), ("seed", {}), ("sample", "x"), ("sample", []),
    ("azimuth_deg", float("nan")), ("azimuth_deg", 10**400), ("radius", None), ("fov_deg", "x"),
    ("camera_to_world", [[]]), ("camera_to_world", 3), ("file", 3), ("file", ""),
    ("file", "x" * 5000)])
def test_views_that_make_no_sense_are_loaded_or_refused(extension, picks, result, key, value):
    document = _written(result)
    document["views"][1][key] = value
    result.write_text(json.dumps(document))
    try:
        picks.load(result)
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


def test_the_samples_of_a_pose_are_one_view(bpy, scene, picks, result):
    bpy.ops.zero123.pick_views(filepath=str(result))
    assert [view.pose[0] for view in picks.views] == [0, 90, 180, 270]
    assert [[Path(sample.file).name for sample in view.samples] for view in picks.views] == [
        [f"view_{2 * i:03d}.png", f"view_{2 * i + 1:03d}.png"] for i in range(4)]
    assert {(sample.seed, sample.sample) for view in picks.views for sample in view.samples} == {
        (7, 0), (7, 1)}


def test_what_is_picked_is_written_and_nothing_else(bpy, scene, picks, result, tmp_path):
    bpy.ops.zero123.pick_views(filepath=str(result))
    bpy.ops.zero123.use_view(view=1, use=False)
    bpy.ops.zero123.choose_sample(view=2, sample=1)
    document = _written(picks.write(tmp_path / "picked"))
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


def test_the_choice_is_kept_with_the_result(bpy, scene, picks, result):
    bpy.ops.zero123.pick_views(filepath=str(result))
    bpy.ops.zero123.use_view(view=1, use=False)
    bpy.ops.zero123.choose_sample(view=2, sample=1)
    before = result.read_bytes()
    picks.clear()
    bpy.ops.zero123.pick_views(filepath=str(result))
    assert [view.use for view in picks.views] == [True, False, True, True]
    assert [view.chosen for view in picks.views] == [0, 0, 1, 0]
    assert result.read_bytes() == before
    # What doesn't fit is no reason to fail.
    for text in ("", "[]", '{"schema": "zero123.picks/1", "views": [{}, {}, {}, {}]}'):
        result.with_name("picks.json").write_text(text)
        picks.clear()
        bpy.ops.zero123.pick_views(filepath=str(result))
        assert all(view.use for view in picks.views)


@pytest.mark.parametrize("kind", ['EMPTY', 'MESH'])
def test_a_chosen_sample_is_the_one_that_is_seen(bpy, scene, picks, result, kind):
    bpy.ops.zero123.import_result(filepath=str(result), planes=kind)
    planes = _planes(bpy)
    hidden = [plane.hide_viewport and plane.hide_render for plane in planes]
    assert hidden == [False, True] * 4
    bpy.context.view_layer.objects.active = planes[2]
    bpy.ops.zero123.pick_views()
    assert (picks.path, picks.title) == (result, "ball")
    bpy.ops.zero123.choose_sample(sample=1)  # of the active plane's view
    assert [plane.hide_viewport for plane in planes] == [False, True, True, False, False, True,
                                                         False, True]
    with pytest.raises(RuntimeError, match="there are 2 samples; indices start at 0"):
        bpy.ops.zero123.choose_sample(sample=2)
    assert picks.views[1].chosen == 1


def test_without_views_that_is_said(bpy, scene, picks, tmp_path):
    with pytest.raises(RuntimeError, match="List the views of a result first"):
        bpy.ops.zero123.reconstruct_picked()
    with pytest.raises(RuntimeError, match="Select a view that Zero123 has created"):
        bpy.ops.zero123.regenerate_view()
    with pytest.raises(RuntimeError, match="Select a plane, camera or mesh"):
        bpy.ops.zero123.pick_views()
    with pytest.raises(RuntimeError, match="can't read the views"):
        bpy.ops.zero123.pick_views(filepath=str(tmp_path / "views.json"))


def test_a_view_that_is_not_there_is_said(bpy, scene, picks, result):
    bpy.ops.zero123.pick_views(filepath=str(result))
    for operator in (bpy.ops.zero123.use_view, bpy.ops.zero123.choose_sample,
                     bpy.ops.zero123.regenerate_view, bpy.ops.zero123.show_samples):
        with pytest.raises(RuntimeError, match="this view is not in the list"):
            operator(view=4)


@pytest.mark.needs_engine
@pytest.mark.parametrize("kind", ['EMPTY', 'MESH'])
def test_one_view_is_made_again_and_the_others_stay(bpy, scene, extension, picks, result, kind):
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
    view = picks.views[2]
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
    # The same seed gives the same pictures, another one others.
    bpy.ops.zero123.regenerate_view(view=2, seed=11, samples=2)
    bpy.ops.zero123.regenerate_view(view=2)
    files = [Path(sample.file).read_bytes() for sample in view.samples]
    assert files[2:4] == files[4:6]
    assert files[6] not in files[:6]
    assert view.sample.seed not in (7, 11)
    # The first one is still there to go back to.
    bpy.ops.zero123.choose_sample(view=2, sample=0)
    np.testing.assert_allclose(_color(image_of(planes[4])), before[4])
    # And it all comes back in another session.
    picks.clear()
    bpy.ops.zero123.pick_views(filepath=str(result))
    assert [len(view.samples) for view in picks.views] == [2, 2, 7, 2]


@pytest.mark.needs_engine
def test_a_view_is_made_again_without_its_result_in_the_scene(bpy, scene, picks, result):
    bpy.ops.zero123.pick_views(filepath=str(result))
    bpy.ops.zero123.regenerate_view(view=1, seed=5)
    assert not bpy.data.objects
    assert picks.views[1].sample.seed == 5


@pytest.mark.needs_engine
@pytest.mark.slow
def test_a_mesh_is_made_of_the_picked_views(bpy, scene, picks, picture, tmp_path):
    """Of ten views by the bundled model eight are used, one of them made again."""
    bpy.ops.zero123.generate_views(filepath=str(picture), orbit=10, steps=2)
    assert len(picks.views) == 10
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
