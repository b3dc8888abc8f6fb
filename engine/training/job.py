# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job "train": fine-tunes a model on rendered views or 3D models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..core.errors import EngineError, ErrorCode
from ..core.reporting import Reporter, SilentReporter
from ..core.requests import RenderRequest, TrainRequest, save_request
from ..core.resume import WorkInProgress, work_folder, work_in_progress
from ..core.staging import staged_folder
from ..diffusion import Zero123Pipeline
from ..models import load_pipeline
from ..models.model_cache import model_cache
from ..models.stale_files import alone_at
from .curves import draw_progress, read_log
from .finetune import (
    PosedUNet,
    add_lora,
    encode_views,
    finetuning_loss,
    load_encoded,
    merge_lora,
    sample_view,
)
from .loop import LoopSettings, Validation, train
from .processes import Processes
from .rendering.dataset import SUFFIXES, render_dataset
from .views import TrainingViews, load, unpack

WEIGHT_DECAY = 0.01
"""AdamW's weight decay: PyTorch's default, as in the original."""
EMA_DECAY = 0.9999
"""Decay of the averaged weights per step, as in the original (its class LitEma)."""
PROJECTION_RATE = 10.0
"""Learning rate of the projection as a multiple of the UNet's, as in the original."""
WARMUP = 100
"""Optimiser steps of the warm-up, as in the original."""
PLOT, LOG = "training.png", "log.jsonl"
"""Files in the model's folder: a plot of the loss with a sample, and the losses as numbers."""
LATENTS, TUNED = "latents", "tuned"
"""Subfolders of the work in progress."""
PREVIEW_STEPS = 10
"""Largest number of denoising steps of the sample in the plot: few, because the training waits."""


def train_job(request: TrainRequest, reporter: Reporter) -> dict[str, Any]:
    """Fine-tune a model into the folder `out`. Returns the job's report.

    Raises:
        EngineError: `BAD_INPUT` for unusable data, `DISK`; and the errors of loading
            the model and of rendering.
        JobCancelled: from the reporter; the request with `resume` continues from there.
    """
    model_cache.drop()  # the weights that change are loaded for this job alone
    processes = Processes.join(request.device)
    try:
        if processes.first:
            return _lead(request, processes, reporter)
        _help(request, processes)
        return {}
    finally:
        processes.leave()


def _lead(request: TrainRequest, processes: Processes, reporter: Reporter) -> dict[str, Any]:
    """The whole job, or the part of the first process: data, training and result."""
    out = Path(request.out)
    with alone_at(out), staged_folder(out) as stage, work_in_progress(request) as work:
        reporter.progress("load model", 0, 1)
        pipeline = _pipeline(request, processes)
        reporter.progress("load model", 1, 1)
        views = _views(request, work, pipeline.image_size, reporter)
        encode_views(views, pipeline, work.folder / LATENTS, reporter)
        processes.wait()
        plot = work.folder / PLOT
        show = _shower(pipeline, views, work.folder / TUNED / LOG, plot, reporter)
        module = _train(request, pipeline, work.folder, processes, reporter, show)
        if request.lora:
            merge_lora(module.unet)
        pipeline.register_modules(unet=module.unet, cc_projection=module.cc_projection)
        pipeline.to(torch.float16).save_pretrained(stage, safe_serialization=True)
        plot.replace(stage / PLOT)
        (work.folder / TUNED / LOG).replace(stage / LOG)
        facts = {"objects": views.names, "views": views.rgb.shape[1],
                 "processes": processes.part[1]}
        save_request(request, stage, **facts)
    reporter.artifact("model", out / "model_index.json")
    reporter.artifact("image", out / PLOT)
    return {"model": str(out), "steps": request.steps, "objects": len(views.names),
            "views": views.rgb.shape[1]}


def _help(request: TrainRequest, processes: Processes) -> None:
    """The part of every other process: it only computes gradients."""
    pipeline = _pipeline(request, processes)
    processes.wait()
    _train(request, pipeline, work_folder(request), processes, SilentReporter(), None)


def _pipeline(request: TrainRequest, processes: Processes) -> Zero123Pipeline:
    pipeline = load_pipeline(request.model, request.device, "float32")
    return pipeline.to(processes.device(pipeline.device))


def _views(request: TrainRequest, work: WorkInProgress, size: int,
           reporter: Reporter) -> TrainingViews:
    """The data at the model's image size; 3D models are rendered first."""
    folder = work.folder / "views"
    if (folder / "names.json").is_file():
        return load(folder)
    source = Path(request.data)
    if _holds_models(source):
        rendered = work.folder / "rendered"
        index = render_dataset(RenderRequest(
            models=str(source), out=str(rendered), view_count=request.view_count,
            samples=request.samples, size=max(size, 256), seed=request.seed,
            device=request.device, blender=request.blender), reporter)
        if not index.shards:
            raise EngineError(ErrorCode.BAD_INPUT,
                              f"none of the models in {source} can be rendered",
                              "; ".join(f"{name}: {reason}"
                                        for name, reason in index.skipped.items()))
        source = rendered
    try:
        unpack([source], folder, reporter, size)
    except EngineError as error:
        if not (folder / "names.json").is_file():
            raise
        reporter.log("warning", str(error))  # the usable objects are stored
    views = load(folder)
    if views.rgb.shape[1] < 2:
        raise EngineError(ErrorCode.BAD_INPUT, f"{source} contains only one view of each object",
                          "training needs pairs of views")
    return views


def _holds_models(source: Path) -> bool:
    """Whether the source holds 3D models and no rendered views."""
    if source.is_file():
        return source.suffix.lower() in SUFFIXES
    if next(source.glob("*.tar"), None) or next(source.glob("*/000.npy"), None):
        return False
    return any(path.suffix.lower() in SUFFIXES for path in source.rglob("*"))


def _train(request: TrainRequest, pipeline: Zero123Pipeline, work: Path, processes: Processes,
           reporter: Reporter, show: Validation | None) -> PosedUNet:
    """Train the networks; returns them with their averaged weights."""
    if request.gradient_checkpointing:
        pipeline.unet.enable_gradient_checkpointing()
    if request.lora:
        add_lora(pipeline.unet, request.lora, request.seed)
    data, embeddings = load_encoded(pipeline, work / LATENTS)
    loss = finetuning_loss(data, embeddings, pipeline, request.batch_size, processes.part)
    settings = LoopSettings(
        steps=request.steps, learning_rate=request.learning_rate, warmup=min(
            WARMUP, max(request.steps // 10, 1)), weight_decay=WEIGHT_DECAY,
        faster={"cc_projection": PROJECTION_RATE}, ema_decay=EMA_DECAY, seed=request.seed,
        precision=request.precision, log_every=max(request.steps // 200, 1),
        measure_every=request.preview_every)
    trained = train(PosedUNet(pipeline.unet, pipeline.cc_projection), loss, settings, work / TUNED,
                    reporter, show, processes)
    assert isinstance(trained, PosedUNet)
    return trained


def _shower(pipeline: Zero123Pipeline, views: TrainingViews, log: Path, plot: Path,
            reporter: Reporter) -> Validation:
    """A validation that draws the loss so far and a sample of the averaged weights."""
    steps = min(pipeline.config.default_num_inference_steps, PREVIEW_STEPS)

    def show(module: nn.Module) -> dict[str, float]:
        assert isinstance(module, PosedUNet)
        stages = read_log(log.read_text(encoding="utf-8").splitlines())
        draw_progress(stages, sample_view(pipeline, module, views, steps), plot)
        reporter.preview(plot)
        return {}

    return show
