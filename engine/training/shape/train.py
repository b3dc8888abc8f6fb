# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the shape network for a fixed time.

    python -m engine.training.shape.train DATA OUT --minutes 95 [--resume-from WEIGHTS]

Writes to OUT: `checkpoint.pt` (everything that is needed to resume, every few minutes),
`weights.safetensors` (the moving average in fp16) and `log.jsonl` (one line per report). A run with
an existing OUT resumes it. The learning rate depends on the share of the minutes that has passed,
so that the weights are annealed at the end. With `--resume-from`, a run in another OUT continues
from published weights, with a new warm-up of the rate and a new state of the optimiser.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from ...core.staging import staged_file
from ...shape.network import ShapeNetwork
from ..loop import mixed_precision
from .dataset import MAX_COUNT, Batch, ShardFolder, held_out_batch, training_batch


@dataclass(frozen=True)
class TrainingConfig:
    """Constants of the optimisation."""

    minutes: float
    """Wall-clock time until the learning rate is annealed."""
    batch_size: int = 16
    peak_rate: float = 1e-3
    """Learning rate of AdamW after the warm-up, as in the pilot."""
    end_ratio: float = 0.01
    """Last rate relative to the peak."""
    warmup: float = 0.02
    """Share of the time in which the rate rises linearly."""
    decay: float = 0.3
    """Share of the time, at its end, in which the rate falls along a cosine; it is constant before.
    A constant rate lets the time be extended until then (Haegele et al. 2024)."""
    weight_decay: float = 0.02
    ema_decay: float = 0.999
    max_gradient_norm: float = 1.0
    bce_weight: float = 4.0
    """Weight of the cross-entropy beside the Dice loss (pilot)."""
    log_seconds: float = 60
    evaluate_seconds: float = 600
    evaluate_batches: int = 11


def learning_rate(progress: float, config: TrainingConfig) -> float:
    """The rate when a share `progress` of the time has passed."""
    if progress < config.warmup:
        return config.peak_rate * (progress + 1e-3) / (config.warmup + 1e-3)
    share = min(max((progress - 1 + config.decay) / config.decay, 0), 1)
    cosine = 0.5 + 0.5 * math.cos(math.pi * share)
    return config.peak_rate * (config.end_ratio + (1 - config.end_ratio) * cosine)


def occupancy_loss(logits: Tensor, batch: Batch, bce_weight: float) -> Tensor:
    """Weighted cross-entropy plus soft Dice (Milletari et al. 2016) on the silhouette's rays."""
    rays = logits.permute(0, 2, 3, 1)[batch.mask].float()
    target = batch.target[batch.mask].float() / MAX_COUNT
    owner = batch.mask.nonzero()[:, 0]
    bce = F.binary_cross_entropy_with_logits(rays, target)
    probability = rays.sigmoid()
    both, total = (torch.zeros(len(logits)).index_add(0, owner, values) for values in (
        (probability * target).sum(1), (probability.square() + target.square()).sum(1)))
    dice = 1 - (2 * both + 1) / (total + 1)
    return bce_weight * bce + dice.mean()


def forward(model: nn.Module, batch: Batch) -> Tensor:
    """The model's logits, computed in bfloat16 where the processor is faster with it."""
    with mixed_precision():
        return model(batch.image, batch.elevation_deg, batch.radius)


@torch.no_grad()
def frustum_iou(model: nn.Module, folder: ShardFolder, batches: int,
                size: int) -> dict[str, float]:
    """Mean over held-out views of the IoU of occupied bins, at three thresholds, and the loss."""
    objects = folder.held_out
    entries = [(item, view) for view in range(2) for item in objects][:batches * size]
    scores: dict[str, list[float]] = {"0.3": [], "0.4": [], "0.5": [], "soft": [], "loss": []}
    for start in range(0, len(entries), size):
        batch = held_out_batch(folder, entries[start:start + size])
        logits = forward(model, batch)
        scores["loss"].append(float(occupancy_loss(logits, batch, 4.0)))
        probability = logits.float().sigmoid().permute(0, 2, 3, 1) * batch.mask[..., None]
        soft = batch.target.float() / MAX_COUNT * batch.mask[..., None]
        scores["soft"] += (torch.minimum(probability, soft).sum((1, 2, 3))
                           / torch.maximum(probability, soft).sum((1, 2, 3))).tolist()
        for threshold in (0.3, 0.4, 0.5):
            found, truth = probability > threshold, soft >= 0.5
            union = (found | truth).sum((1, 2, 3)).clamp(min=1)
            scores[str(threshold)] += ((found & truth).sum((1, 2, 3)) / union).tolist()
    return {name: round(float(np.mean(values)), 4) for name, values in scores.items()}


class Trainer:
    """The model, its moving average, the optimiser, and the progress of the training."""

    def __init__(self, folder: ShardFolder, out: Path, config: TrainingConfig) -> None:
        self.folder, self.out, self.config = folder, out, config
        torch.manual_seed(26)
        self.model = ShapeNetwork()
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=config.peak_rate,
                                           weight_decay=config.weight_decay, betas=(0.9, 0.98),
                                           fused=True)
        self.samples, self.steps, self.seconds = 0, 0, 0.0

    def start_from(self, path: Path) -> None:
        """Initialise the model with published weights instead of random ones."""
        state = {name: value.float() for name, value in load_file(path).items()}
        self.model.load_state_dict(state)
        self.average.load_state_dict(state)

    def step(self, batch: Batch) -> float:
        """One optimiser step; returns the loss, which is NaN if the step was skipped."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.seconds / (60 * self.config.minutes), self.config)
        loss = occupancy_loss(forward(self.model, batch), batch, self.config.bce_weight)
        self.optimiser.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_gradient_norm)
        if not torch.isfinite(norm):
            return math.nan
        self.optimiser.step()
        self.steps += 1
        self.samples += len(batch.image)
        decay = min(self.config.ema_decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()),
                             1 - decay)
        return float(loss.detach())

    def save(self) -> None:
        """Write the checkpoint and the weights, each complete or not at all."""
        state = {"model": self.model.state_dict(), "average": self.average.state_dict(),
                 "optimiser": self.optimiser.state_dict(), "samples": self.samples,
                 "steps": self.steps, "seconds": self.seconds}
        with staged_file(self.out / "checkpoint.pt") as stage:
            torch.save(state, stage)
        export_weights(self.average, self.out / "weights.safetensors")

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one."""
        path = self.out / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.samples, self.steps, self.seconds = (
            state["samples"], state["steps"], state["seconds"])

    def log(self, **values: object) -> None:
        """Append one line to the log."""
        rate = self.optimiser.param_groups[0]["lr"]
        line = {"samples": self.samples, "seconds": round(self.seconds), "rate": round(rate, 7),
                "objects": len(self.folder.train), **values}
        with open(self.out / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def run(self) -> None:
        """Train until the time has passed."""
        config, started, before = self.config, time.time(), self.seconds
        rng = np.random.default_rng((26, self.steps))
        losses: list[float] = []
        next_log, next_evaluation = time.time() + config.log_seconds, time.time() + 180
        while self.seconds < 60 * config.minutes:
            losses.append(self.step(training_batch(self.folder, config.batch_size, rng)))
            now = time.time()
            self.seconds = before + now - started
            if now > next_log:
                self.folder.refresh()
                self.log(loss=round(float(np.nanmean(losses)), 4),
                         skipped=int(np.isnan(losses).sum()))
                losses, next_log = [], now + config.log_seconds
            if now > next_evaluation:
                self.evaluate()
                next_evaluation = time.time() + config.evaluate_seconds
        self.evaluate()

    def evaluate(self) -> None:
        """Log the held-out scores of the moving average and save."""
        self.save()
        self.log(held_out=frustum_iou(self.average.eval(), self.folder,
                                      self.config.evaluate_batches, 16))


def export_weights(model: nn.Module, path: Path) -> None:
    """Write the weights in fp16."""
    state = {name: value.to(torch.float16).contiguous()
             for name, value in model.state_dict().items()}
    with staged_file(path) as stage:
        save_file(state, stage)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Train the shape network.")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--rate", type=float, default=TrainingConfig.peak_rate)
    parser.add_argument("--resume-from", type=Path, help="published weights to start from")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    config = TrainingConfig(args.minutes, peak_rate=args.rate)
    trainer = Trainer(ShardFolder(args.data), args.out, config)
    if args.resume_from:
        trainer.start_from(args.resume_from)
    trainer.resume()
    trainer.run()


if __name__ == "__main__":
    main()
