# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the network that estimates an image's elevation, from the shape network's weights.

    python -m engine.training.shape.elevation DATA OUT --views SHARDS --minutes 35

DATA are the shards of `prepare`, SHARDS folders or files of rendered views in tar shards (more
elevations and objects; optional). The minutes are the process's processor time, so that other work
on the computer does not shorten the training; `--wall-minutes` limits the time on the clock too.
Writes to OUT: `weights.safetensors` (the moving average), `calibration.json` (the temperature that
fits the held-out objects' errors, and those errors) and `log.jsonl`. The held-out objects are those
of the shape network.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...shape import elevation as network
from ...shape.elevation import (
    ELEVATIONS_DEG,
    FRAMINGS,
    ElevationNetwork,
    ElevationPredictor,
    Framing,
)
from ...shape.geometry import FloatArray
from ...shape.prediction import WEIGHTS as SHAPE_WEIGHTS
from ...shape.prediction import load as load_shape_network
from ..loop import mixed_precision
from .augment import augment_image
from .dataset import ShardFolder, premultiplied
from .split import HOUSEHOLD_KINDS, is_held_out, sample_weight

NEUTRAL_CAMERA = (25.0, 1.85)
"""Elevation and radius whose embedding initialises the shape network's blocks: mean values."""
LABEL_DEG = 3.0
"""Standard deviation of the soft labels around the true elevation, degrees."""
SHARES = (0.56, 0.70)
"""Range of the object's size relative to the image, because cut-outs are inexact."""
MAX_SHIFT = 0.025
"""Largest offset of the object from the centre per axis, relative to the image's side."""
ROLL_DEG = 2.5
"""Standard deviation of the camera's roll, degrees: people do not hold cameras level."""
VIEWS_SHARE = 0.35
"""Share of the samples from rendered views in tar shards."""
HOUSEHOLD_FACTOR = 2.0
"""Factor on `sample_weight` for kinds of objects that are typically photographed on a table, when
all layers are trained."""


@dataclass(frozen=True)
class ElevationTraining:
    """Constants of the optimisation."""

    minutes: float
    """Processor time of the training."""
    wall_minutes: float = math.inf
    """Limit of the wall-clock time, at which the rate is annealed as well."""
    batch_size: int = 16
    encoder_rate: float = 4e-4
    """Peak learning rate of AdamW for the layers of the shape network."""
    head_rate: float = 1e-3
    """Peak learning rate for the head."""
    warmup: float = 0.03
    """Share of the time in which the rate rises; afterwards it falls along a cosine."""
    weight_decay: float = 0.03
    ema_decay: float = 0.998
    frozen: bool = True
    """Whether the `FROZEN` layers are excluded from training. If not, every sample is new."""
    fresh: int = 4
    """New samples in a batch; the others are drawn from the features of earlier ones, which takes a
    quarter of the time."""
    kept: int = 24_000
    """Number of samples whose features are kept, 98 KB each."""
    log_seconds: float = 60
    evaluate_seconds: float = 420


HOUSEHOLD = HOUSEHOLD_KINDS | {"synthetic"}
"""Kinds of household objects; synthetic ones are cartons, cans, bottles, bowls and tools."""
FROZEN = ("stem", "down_32", "enc_32", "down_16", "enc_16", "enc_attention_16")
"""Layers that keep the shape network's weights, so that their results can be used again."""


class RenderedViews:
    """Views in tar shards (see `engine.training.shards`), kept compressed."""

    def __init__(self, folders: list[Path]) -> None:
        self._images: list[list[bytes]] = []
        self._elevations: list[list[float]] = []
        weights = []
        files = [file for folder in folders for file in (
            sorted(folder.glob("*.tar")) if folder.is_dir() else [folder])]
        for file in files:
            with tarfile.open(file) as archive:
                content = {member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
                           for member in archive}
            for name in sorted(content):
                if not name.endswith(".json"):
                    continue
                info, key = json.loads(content[name]), name.removesuffix(".json")
                if is_held_out(key, info["source"]):
                    continue
                self._images.append([content[f"{key}.{i:02d}.webp"]
                                     for i in range(len(info["views"]))])
                self._elevations.append([view["elevation"] for view in info["views"]])
                weights.append(sample_weight(info["source"], ""))
        self._cumulative = np.cumsum(weights)

    def __len__(self) -> int:
        return len(self._images)

    def draw(self, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], float]:
        """A random view, straight alpha bytes, and its elevation."""
        import cv2

        place = int(np.searchsorted(self._cumulative, rng.random() * self._cumulative[-1]))
        place = min(place, len(self) - 1)
        view = int(rng.integers(len(self._images[place])))
        data = np.frombuffer(self._images[place][view], np.uint8)
        image = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
        return np.asarray(image, np.uint8), self._elevations[place][view]


def initial_network(weights: Path = SHAPE_WEIGHTS) -> ElevationNetwork:
    """The network with the shape network's encoder, its camera fixed."""
    model = ElevationNetwork()
    source = load_shape_network(weights).network
    elevation, radius = NEUTRAL_CAMERA
    angle = math.radians(elevation)
    camera = torch.tensor([[2 * math.sin(angle), 2 * math.cos(angle) - 1.5, (radius - 1.85) * 3]])
    with torch.no_grad():
        embedding = source.embed(camera)[0]
        state = {}
        for name, value in source.state_dict().items():
            fixed = name.endswith("film.weight")
            state[name] = (value @ embedding)[:, None] if fixed else value
        own = model.state_dict()
        model.load_state_dict({name: state[name] if name in state
                               and state[name].shape == value.shape else value
                               for name, value in own.items()})
    return model


def augmented(rgba: npt.NDArray[np.uint8], rng: np.random.Generator) -> FloatArray:
    """A training image with random changes like those of photos, cut-outs and inexact framing."""
    x, y, side = network.object_window(rgba[..., 3] / np.float32(255), rng.uniform(*SHARES))
    x, y = (float(value + side * rng.uniform(-MAX_SHIFT, MAX_SHIFT)) for value in (x, y))
    image = network.warped(augment_image(rgba, rng), (x, y, side), rng.normal(0, ROLL_DEG))
    return image[:, ::-1] if rng.random() < 0.5 else image


def soft_labels(elevation_deg: npt.NDArray[np.floating]) -> Tensor:
    """N x 39: probabilities around the true elevations."""
    distance = (ELEVATIONS_DEG - elevation_deg[:, None]) / LABEL_DEG
    weights = np.exp(-0.5 * distance**2) + 1e-9
    return torch.from_numpy((weights / weights.sum(1, keepdims=True)).astype(np.float32))


def draw_batch(folder: ShardFolder, views: RenderedViews, size: int, rng: np.random.Generator,
               household: float = 1.0) -> tuple[Tensor, Tensor]:
    """Augmented images (N x 4 x 128 x 128) and their soft labels.

    `household`: an object of another kind than `HOUSEHOLD` is drawn again with a probability of
    1 - 1 / household.
    """
    images: list[FloatArray] = []
    elevations: list[float] = []
    while len(images) < size:
        if len(views) and (not folder.train or rng.random() < VIEWS_SHARE):
            rgba, elevation = views.draw(rng)
        else:
            item, view = folder.draw(rng)
            if item.kind not in HOUSEHOLD and rng.random() > 1 / household:
                continue
            rgba, elevation = folder.image(item, view), float(item.cameras[view][1])
        if (rgba[..., 3] > 127).any():
            images.append(augmented(rgba, rng))
            elevations.append(elevation)
    tensor = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return (tensor.contiguous(memory_format=torch.channels_last),
            soft_labels(np.array(elevations)))


def held_out_logits(model: ElevationNetwork, folder: ShardFolder,
                    framings: Sequence[Framing]) -> tuple[FloatArray, FloatArray]:
    """Logits (N x 39, the mean over `framings`) and true elevations (N) of all held-out views."""
    predictor = ElevationPredictor(model)
    logits, elevations = [], []
    for item in folder.held_out:
        for view, camera in enumerate(item.cameras):
            image = premultiplied(folder.image(item, view))
            if (image[..., 3] > 0.5).any():
                images = np.stack([network.framed(image, framing) for framing in framings])
                logits.append(predictor.logits(images).mean(axis=0))
                elevations.append(camera[1])
    return np.stack(logits), np.array(elevations)


def errors(logits: FloatArray, elevations: FloatArray, temperature: float) -> dict[str, float]:
    """Absolute errors of the estimates, degrees, and the calibration of the uncertainty."""
    predictor = ElevationPredictor(ElevationNetwork(), temperature)
    found = [predictor.distribution(row) for row in logits]
    error = np.abs(np.array([f.elevation_deg for f in found]) - elevations)
    inside = [f.quantile(network.CENTRAL[0]) <= e <= f.quantile(network.CENTRAL[1])
              for f, e in zip(found, elevations, strict=True)]
    return {"images": len(error), "median": round(float(np.median(error)), 2),
            "mean": round(float(error.mean()), 2),
            "below_10": round(float((error < 10).mean()), 3),
            "inside_uncertainty": round(float(np.mean(inside)), 3)}


def best_temperature(logits: FloatArray, elevations: FloatArray) -> float:
    """The temperature with the highest likelihood of the true elevations."""
    nearest = torch.from_numpy(np.abs(ELEVATIONS_DEG - elevations[:, None]).argmin(1))
    values = torch.from_numpy(np.asarray(logits, np.float32))
    grid = np.round(np.arange(0.5, 4.01, 0.05), 2)
    losses = [float(F.cross_entropy(values / float(t), nearest)) for t in grid]
    return float(grid[int(np.argmin(losses))])


class Training:
    """The network, its moving average, the optimiser and the log."""

    def __init__(self, model: ElevationNetwork, folder: ShardFolder, views: RenderedViews,
                 out: Path, config: ElevationTraining) -> None:
        self.model, self.folder, self.views = model, folder, views
        self.out, self.config = out, config
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(model).requires_grad_(False)
        head = [p for name, p in model.named_parameters() if name.startswith(("head", "norm_out"))]
        encoder = [p for name, p in model.named_parameters()
                   if not name.startswith(("head", "norm_out"))]
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(not (config.frozen and name.startswith(FROZEN)))
        self.optimiser = torch.optim.AdamW(
            [{"params": encoder, "peak": config.encoder_rate},
             {"params": head, "peak": config.head_rate}],
            lr=config.encoder_rate, weight_decay=config.weight_decay, fused=True)
        self.steps, self.samples = 0, 0
        side = network.FEATURE_SIDE
        self.features = torch.empty(config.kept, model.config.width_16, side, side,
                                    dtype=torch.bfloat16)
        self.labels = torch.empty(config.kept, len(ELEVATIONS_DEG))

    def batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Features and labels of some new and some earlier samples; if nothing is frozen, images
        and labels."""
        config = self.config
        if not config.frozen:
            self.samples += config.batch_size
            return draw_batch(self.folder, self.views, config.batch_size, rng, HOUSEHOLD_FACTOR)
        images, labels = draw_batch(self.folder, self.views, config.fresh, rng)
        with torch.no_grad(), mixed_precision():
            features = self.model.features(images).bfloat16()
        places = (self.samples + np.arange(config.fresh)) % config.kept
        self.features[places], self.labels[places] = features, labels
        self.samples += config.fresh
        earlier = rng.integers(min(self.samples, config.kept),
                               size=config.batch_size - config.fresh)
        return (torch.cat([features, self.features[earlier]]),
                torch.cat([labels, self.labels[earlier]]))

    def step(self, features: Tensor, labels: Tensor, progress: float) -> float:
        """One step of the optimiser; returns the cross-entropy."""
        config = self.config
        rise = min(1.0, (progress + 1e-3) / (config.warmup + 1e-3))
        factor = rise * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * min(progress, 1.0))))
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        with mixed_precision():
            logits = (self.model.logits(features.float()) if config.frozen
                      else self.model(features))
        loss = F.cross_entropy(logits.float(), labels)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.steps += 1
        decay = min(config.ema_decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()),
                             1 - decay)
        return float(loss.detach())

    def run(self) -> None:
        """Train until the processor time is used."""
        rng, config = np.random.default_rng(27), self.config
        started, began = time.process_time(), time.monotonic()
        losses: list[float] = []
        next_log, next_evaluation = config.log_seconds, config.evaluate_seconds
        progress = 0.0
        while progress < 1:
            losses.append(self.step(*self.batch(rng), progress))
            seconds = time.process_time() - started
            progress = max(seconds / config.minutes,
                           (time.monotonic() - began) / config.wall_minutes) / 60
            if seconds > next_log:
                self.folder.refresh()
                self.log(seconds, loss=round(float(np.mean(losses)), 4))
                losses, next_log = [], seconds + config.log_seconds
            if seconds > next_evaluation:
                self.evaluate(seconds, FRAMINGS[:1])
                next_evaluation = seconds + config.evaluate_seconds
        self.evaluate(seconds, FRAMINGS)

    def log(self, seconds: float, **values: object) -> None:
        """Append one line to the log."""
        line = {"samples": self.samples, "steps": self.steps, "seconds": round(seconds),
                "objects": len(self.folder.train) + len(self.views), **values}
        with open(self.out / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def evaluate(self, seconds: float, framings: Sequence[Framing]) -> None:
        """Write the weights and their calibration, and log the held-out errors.

        An estimate uses all of `FRAMINGS`; fewer give a hint in less time.
        """
        network.save_weights(self.average, self.out / "weights.safetensors")
        model = network.load(self.out).network
        logits, elevations = held_out_logits(model, self.folder, framings)
        temperature = best_temperature(logits, elevations)
        found = errors(logits, elevations, temperature)
        (self.out / "calibration.json").write_text(
            json.dumps({"temperature": temperature, "held_out": found}, indent=1),
            encoding="utf-8")
        self.log(seconds, held_out=found, temperature=temperature)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Train the elevation network.")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--views", type=Path, nargs="*", default=[])
    parser.add_argument("--minutes", type=float, required=True, help="processor time")
    parser.add_argument("--wall-minutes", type=float, default=math.inf)
    parser.add_argument("--all-layers", action="store_true",
                        help="train the shape network's layers too, with --resume-from")
    parser.add_argument("--resume-from", type=Path, help="folder of weights to start from")
    parser.add_argument("--rate", type=float, default=1.0, help="factor of the learning rates")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(27)
    model = initial_network()
    if args.resume_from:
        model.load_state_dict(network.load_weights(args.resume_from / "weights.safetensors"))
    default = ElevationTraining(args.minutes)
    Training(model, ShardFolder(args.data), RenderedViews(args.views), args.out, replace(
        default, wall_minutes=args.wall_minutes, frozen=not args.all_layers,
        encoder_rate=args.rate * default.encoder_rate,
        head_rate=args.rate * default.head_rate)).run()


if __name__ == "__main__":
    main()
