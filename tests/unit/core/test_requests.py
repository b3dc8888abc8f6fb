# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests: the values that they accept, and their conversion to JSON and back."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.errors import EngineError, ErrorCode
from engine.core.request import AUTO
from engine.core.requests import (
    MIN_RESOLUTION,
    REQUEST_FILE,
    REQUESTS,
    ReconstructRequest,
    Request,
    ViewsRequest,
    load_request,
    save_request,
)


def valid_values(cls: type[Request]) -> st.SearchStrategy[dict[str, Any]]:
    """Fields of a request, each within its own limits."""
    return st.fixed_dictionaries({}, optional={f.name: _valid(f) for f in fields(cls)})


def _valid(f: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - a case for each type
    default = f.default_factory() if f.default_factory is not MISSING else f.default
    low, high = f.metadata.get("min"), f.metadata.get("max")
    if "choices" in f.metadata:
        return st.sampled_from(f.metadata["choices"])
    match default:
        case str() if f.metadata.get("automatic"):
            return st.floats(low, high) | st.just(AUTO)
        case bool():
            return st.booleans()
        case int():
            # A resolution of 0 means the model's default.
            return st.integers(MIN_RESOLUTION if f.name == "resolution" else low, high)
        case float():
            return st.floats(low, high) | st.integers(int(low) + 1, int(high))
        case list():
            return st.lists(st.floats(-720, 720), max_size=5)
    return st.text().filter(lambda text: "\0" not in text)  # which paths must not contain


@given(data=st.data(), kind=st.sampled_from(sorted(REQUESTS)))
def test_request_survives_json(data: st.DataObject, kind: str):
    cls = REQUESTS[kind]
    request = cls.from_dict(data.draw(valid_values(cls)))
    assert cls.from_dict(json.loads(json.dumps(request.to_dict()))) == request


@given(data=st.data(), kind=st.sampled_from(sorted(REQUESTS)))
def test_request_refuses_a_number_beyond_its_limits(data: st.DataObject, kind: str):
    cls = REQUESTS[kind]
    limited = [f for f in fields(cls) if "max" in f.metadata]
    if not limited:
        return
    f = data.draw(st.sampled_from(limited))
    below = f.metadata["min"] - data.draw(st.integers(1, 1000))
    above = f.metadata["max"] + data.draw(st.integers(1, 1000))
    for value in (below, above, float("nan"), float("inf")):
        with pytest.raises(EngineError) as caught:
            cls.from_dict({f.name: value})
        assert caught.value.code is ErrorCode.BAD_INPUT
        assert f.name.replace("_", "-") in caught.value.message


@pytest.mark.parametrize("values", [
    {"steps": "5"}, {"steps": True}, {"steps": 5.0}, {"steps": None}, {"framing": 1},
    {"azimuth": 30.0}, {"azimuth": ["30"]}, {"azimuth": [True]}, {"azimuth": [float("inf")]},
    {"sampler": "euler"}, {"device": ""}, {"image": 5}, {"colour": "red"},
])
def test_request_refuses_a_value_of_another_type(values: dict[str, Any]):
    with pytest.raises(EngineError) as caught:
        ViewsRequest.from_dict(values)
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert caught.value.hint


@pytest.mark.parametrize("cls", REQUESTS.values())
def test_request_fields_have_help_and_limits(cls: type[Request]):
    for f in fields(cls):
        assert f.metadata["help"], f.name
        default = f.default if f.default is not MISSING else None
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            assert f.metadata["min"] <= default <= f.metadata["max"], f.name


def test_poses_pair_up_and_single_values_repeat():
    request = ViewsRequest(azimuth=[10, 20], elevation=[5], input_radius=2.0)
    assert request.poses() == [(10, 5, 2.0), (20, 5, 2.0)]


def test_poses_default_to_the_input_camera():
    request = ViewsRequest(azimuth=[90], input_elevation=12.0, input_radius=1.6)
    assert request.poses() == [(90, 12.0, 1.6)]


def test_views_follow_the_estimated_elevation():
    assert ViewsRequest(azimuth=[90]).poses(17.5) == [(90, 17.5, 1.85)]
    assert ViewsRequest(azimuth=[90], input_elevation=12.0).poses(17.5) == [(90, 12.0, 1.85)]


def test_orbit_covers_one_turn():
    poses = ViewsRequest(orbit=4, elevation=[30]).poses()
    assert poses == [(0, 30, 1.85), (90, 30, 1.85), (180, 30, 1.85), (270, 30, 1.85)]


def test_poses_refuse_lists_of_different_lengths():
    with pytest.raises(EngineError) as caught:
        ViewsRequest(azimuth=[1, 2, 3], elevation=[1, 2]).poses()
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_lists_are_not_shared_between_requests():
    first = ViewsRequest()
    first.azimuth.append(1.0)
    assert ViewsRequest().azimuth == []
    assert ReconstructRequest().view_count == 16


@pytest.mark.parametrize("cls", REQUESTS.values())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(data=st.data())
def test_save_request_records_it_with_its_result(cls: type[Request], tmp_path: Path,
                                                 data: st.DataObject):
    request = cls(**data.draw(valid_values(cls)))
    save_request(request, tmp_path)
    kept = load_request(tmp_path)
    assert type(kept) is cls
    assert kept.to_dict() == {**request.to_dict(), "out": str(tmp_path)}


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"schema": "zero123.request/1", "kind": "cook", "request": {}}',
    '{"schema": "zero123.request/1", "kind": "views", "request": {"steps": -1}}',
    '{"schema": "zero123.request/2", "kind": "views", "request": {}}'])
def test_load_request_ignores_unreadable_records(text: str, tmp_path: Path):
    assert load_request(tmp_path) is None
    (tmp_path / REQUEST_FILE).write_text(text)
    assert load_request(tmp_path) is None


def test_request_expands_a_tilde_in_any_path(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    request = ReconstructRequest(image="~/a.png", views="~/v/views.json", out="~/out~")
    assert (request.image, request.views, request.out) == tuple(
        str(tmp_path / name) for name in ("a.png", "v/views.json", "out~"))
    assert ViewsRequest(image="a~b.png").image == "a~b.png"
