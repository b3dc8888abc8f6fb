# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often jobs run the networks: an image is encoded once, and a cancelled job stops."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.shapes import BLOCK, photograph
from torch import nn

from engine.camera import two_ring_orbit
from engine.core.errors import EngineError, JobCancelled
from engine.core.reporting import MessageReporter
from engine.core.requests import ElevationRequest, ReconstructRequest, Request, ViewsRequest
from engine.diffusion import Zero123Pipeline
from engine.jobs import run as jobs
from engine.models.model_cache import model_cache

ITERATIONS = 4
MESH = {"resolution": 32, "faces": 500, "texture_size": 64, "iterations": ITERATIONS,
        "view_count": 4}


@pytest.fixture
def request_of(tiny_model: Path, picture: Path,
               tmp_path: Path) -> Callable[..., Request]:
    """A request of a kind, on the tiny model."""
    def request(kind: type[Request], **options: object) -> Request:
        out = tmp_path / ("out.json" if kind is ElevationRequest else "out")
        return kind(image=str(picture), out=str(out), model=str(tiny_model),
                    device="cpu", guidance=3.0, **options)

    return request


@contextmanager
def watched(model: Path, on_unet: Callable[[], None] = lambda: None) -> Iterator[Counter[str]]:
    """Counts the calls of each network of the model; `on_unet` is called by the UNet."""
    pipeline = model_cache.get(str(model), "cpu")
    counts: Counter[str] = Counter()

    def count(name: str) -> Callable[..., None]:
        def hook(*_: object) -> None:
            counts[name] += 1
            if name == "unet":
                on_unet()

        return hook

    hooks = [network.register_forward_pre_hook(count(name))
             for name, network in networks(pipeline).items()]
    try:
        yield counts
    finally:
        for hook in hooks:
            hook.remove()


def networks(pipeline: Zero123Pipeline) -> dict[str, nn.Module]:
    return {"clip": pipeline.image_encoder, "encoder": pipeline.vae.encoder, "unet": pipeline.unet}


def test_views_encode_the_image_once(request_of: Callable[..., Request], tiny_model: Path) -> None:
    with watched(tiny_model) as counts:
        jobs.run(request_of(ViewsRequest, orbit=5, samples=3, steps=4), SilentJob())
    assert counts == {"clip": 1, "encoder": 1, "unet": 4}


def test_fused_views_encode_the_image_and_every_view(
        request_of: Callable[..., Request], tiny_model: Path) -> None:
    with watched(tiny_model) as counts:
        report = jobs.run(request_of(ViewsRequest, orbit=3, steps=2, consistency="fused"),
                          SilentJob())
    assert counts == {"clip": 4, "encoder": 4, "unet": 6}
    assert report["unet_evaluations"] > 3 * 2 * 2


def test_resampling_takes_at_most_three_tenths_more(
        request_of: Callable[..., Request], tiny_model: Path) -> None:
    """Random weights show no object in any view, so that the maximum number is sampled again."""
    request = request_of(ReconstructRequest, **{**MESH, "view_count": 16}, steps=2, resample=True)
    with watched(tiny_model) as counts, pytest.raises(EngineError):
        jobs.run(request, SilentJob())
    assert counts["unet"] == 2 * 2


def test_sds_encodes_the_input_image_once(
        request_of: Callable[..., Request], tiny_model: Path) -> None:
    with watched(tiny_model) as counts:
        jobs.run(request_of(ReconstructRequest, method="sds", **MESH), SilentJob())
    assert counts == {"clip": 1, "encoder": 1 + ITERATIONS, "unet": ITERATIONS}


CANCELLABLE = {
    "views": (ViewsRequest, {"orbit": 3, "steps": 9}),
    "elevation": (ElevationRequest, {"steps": 9, "evidence": "views"}),
    "reconstruct": (ReconstructRequest, {**MESH, "steps": 9}),
    "refine": (ReconstructRequest, {**MESH, "refine": 9}),
    "sds": (ReconstructRequest, {**MESH, "method": "sds", "iterations": 9}),
    "sjc": (ReconstructRequest, {**MESH, "method": "sjc", "iterations": 9}),
}


@pytest.mark.parametrize("kind", CANCELLABLE)
def test_sampling_is_cancelled_within_an_evaluation(kind: str, request_of: Callable[..., Request],
                                                    tiny_model: Path, tmp_path: Path) -> None:
    cls, options = CANCELLABLE[kind]
    if kind == "refine":
        photograph(BLOCK, two_ring_orbit(4)).save(tmp_path / "views")
        options = {**options, "views": str(tmp_path / "views" / "views.json")}
    cancelled, evaluations = threading.Event(), 5

    def cancel_in_the_last() -> None:
        if counts["unet"] == evaluations:
            cancelled.set()

    reporter = MessageReporter("job", lambda message: None, cancelled.is_set)
    with watched(tiny_model, cancel_in_the_last) as counts, pytest.raises(JobCancelled):
        jobs.run(request_of(cls, **options), reporter)
    assert counts["unet"] == evaluations
    assert counts["clip"] == 1


class SilentJob(MessageReporter):
    """Ignores cancellations."""

    def __init__(self) -> None:
        super().__init__("job", lambda message: None)
