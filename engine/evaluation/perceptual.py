# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""LPIPS and FID by torchmetrics, if the weights of their networks are on the computer.

Nothing is downloaded. Without the weights, GMSD (`engine.evaluation.views`) replaces LPIPS, and FID
is left out.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..core.errors import EngineError, ErrorCode
from ..core.failures import first_line
from ..models.catalogue import models_folder
from ..models.safe_unpickle import read_state_dict

FOLDER = "metrics"
"""Subfolder of the models folder where weights are searched under their authors' file names."""
LPIPS_FILES = ("vgg16-397923af.pth", "alexnet-owt-7be5be79.pth")
"""torchvision's classifiers VGG-16 and AlexNet."""
FID_FILES = ("weights-inception-2015-12-05-6726825d.pth",)
"""torch-fidelity's conversion of the original Inception network."""
LPIPS_VARIABLE, FID_VARIABLE = "ZERO123_LPIPS", "ZERO123_FID"
"""Environment variables with the paths of weights."""

_FIRST_LAYERS: dict[tuple[int, ...], str] = {(64, 3, 3, 3): "vgg", (64, 3, 11, 11): "alex"}
"""Shape of the first convolution's weights to the network's name in torchmetrics."""


def find_weights(given: Path | None, variable: str, names: tuple[str, ...]) -> Path | None:
    """The given file, otherwise that of an environment variable, otherwise the first of `names`
    that the models folder holds; None if there is none.

    Raises:
        EngineError: `MODEL_MISSING` if a given file does not exist.
    """
    named = given or (Path(os.environ[variable]) if os.environ.get(variable) else None)
    if named is None:
        places = [models_folder() / FOLDER / name for name in names]
        return next((path for path in places if path.is_file()), None)
    if not named.is_file():
        raise EngineError(ErrorCode.MODEL_MISSING, f"the file {named} does not exist",
                          f"give {' or '.join(names)}")
    return named


class Lpips:
    """Learned perceptual image patch similarity (Zhang et al. 2018), with VGG-16 or AlexNet."""

    def __init__(self, weights: Path) -> None:
        """
        Args:
            weights: torchvision's VGG-16 or AlexNet; the linear layers come with torchmetrics.

        Raises:
            EngineError: `MODEL_DAMAGED` or `MODEL_INCOMPATIBLE`, `ENVIRONMENT` without torchvision.
        """
        state = read_state_dict(weights)
        first = state.get("features.0.weight", torch.empty(0))
        network = _FIRST_LAYERS.get(tuple(first.shape))
        if network is None:
            raise _incompatible(weights, LPIPS_FILES, "its first layer belongs to another network")
        _require("torchvision")
        from torchmetrics.functional.image.lpips import _NoTrainLpips

        self.network: str = network
        """"vgg" or "alex"."""
        self._measure = _NoTrainLpips(net=network, pnet_rand=True)  # type: ignore[arg-type]
        backbone = self._measure.net
        # The slices of torchmetrics keep the numbers of torchvision's layers.
        renamed = {name: state.get("features." + name.partition(".")[2])
                   for name in backbone.state_dict()}
        _fill(backbone, {name: value for name, value in renamed.items() if value is not None},
              weights, LPIPS_FILES)

    @torch.inference_mode()
    def __call__(self, predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Distances of (v, s, s, 3) images in [0, 1]: (v,), 0 for equal images."""
        pairs = zip(_batch(predicted), _batch(truth), strict=True)
        return np.array([float(self._measure(a[None], b[None], normalize=True)) for a, b in pairs])


class Fid:
    """Fréchet inception distance (Heusel et al. 2017) of two sets of images.

    It is biased upwards for fewer than a few thousand images: compare only values of equally large
    sets.
    """

    def __init__(self, weights: Path) -> None:
        """
        Args:
            weights: torch-fidelity's Inception-v3.

        Raises:
            EngineError: `MODEL_DAMAGED` or `MODEL_INCOMPATIBLE`, `ENVIRONMENT` without
                torch-fidelity.
        """
        state = read_state_dict(weights)
        _require("torch_fidelity")
        from torchmetrics.image.fid import FrechetInceptionDistance

        with tempfile.TemporaryDirectory() as folder:
            # torch-fidelity would unpickle the file without restriction: it gets a copy of the
            # tensors.
            copy = Path(folder) / "weights.pth"
            torch.save(state, copy)
            try:
                # Resized as in the original, which differs from torchmetrics' default.
                self._measure = FrechetInceptionDistance(
                    feature=2048, feature_extractor_weights_path=str(copy), antialias=False)
            except RuntimeError as error:
                raise _incompatible(weights, FID_FILES, _first_problem(error)) from error

    @torch.inference_mode()
    def add(self, predicted: np.ndarray, truth: np.ndarray) -> None:
        """Add (v, s, s, 3) images in [0, 1] to each set."""
        for images, real in ((predicted, False), (truth, True)):
            self._measure.update((_batch(images) * 255).round().byte(), real=real)

    def value(self) -> float:
        """The distance of all added images; empties both sets."""
        distance = float(self._measure.compute())
        self._measure.reset()
        return distance


def _batch(images: np.ndarray) -> Tensor:
    """(v, s, s, 3) to (v, 3, s, s)."""
    return Tensor(np.ascontiguousarray(images.clip(0, 1).transpose(0, 3, 1, 2)))


def _fill(module: torch.nn.Module, state: dict[str, Tensor], weights: Path,
          names: tuple[str, ...]) -> None:
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise _incompatible(weights, names, _first_problem(error)) from error


def _first_problem(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines()]
    return " ".join(lines[1:2] or lines[:1])[:200]


def _incompatible(weights: Path, names: tuple[str, ...], reason: str) -> EngineError:
    return EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"{weights} can't be used: {reason}",
                       f"give {' or '.join(names)}")


def _require(library: str) -> None:
    """Check that an optional library can be imported.

    Raises:
        EngineError: `ENVIRONMENT` if it isn't there or is made for another torch.
    """
    try:
        importlib.import_module(library)
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(
            ErrorCode.ENVIRONMENT, f"{library} can't be loaded: {first_line(error)}",
            "install engine/requirements-metrics.txt from where this torch came from") from error
