# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The original's tiny checkpoint as pipelines, and the tolerances of its arrays.

The golden vectors were made by running the original code on random weights; their README lists
every array and the deviation of stock diffusers from it. The tests allow ten times that deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.diffusion import Condition, Zero123Pipeline
from engine.models import import_checkpoint, load_pipeline

README_TOLERANCE = {
    "clip_pixel_values": 0.0, "clip_embedding": 1.43e-6,
    "T_zero123": 0.0, "T_stable": 0.0, "getT": 4.98e-8,
    "context_zero123": 1.43e-6, "context_stable": 1.43e-6,
    "vae_moments": 6.48e-5, "c_concat": 6.48e-5,
    "eps_ema": 6.91e-6, "eps_raw": 7.15e-6, "eps_ema_stable": 7.15e-6,
    "alphas_cumprod": 4.77e-7,
    "eta0_s20_latent": 2.98e-4, "stable_eta0_s10_latent": 1.79e-4, "eta1_s75_latent": 6.56e-4,
    "eta0_s20_decoded_raw": 3.96e-5, "stable_eta0_s10_decoded_raw": 4.41e-6,
    "eta1_s75_decoded_raw": 4.83e-6,
    "sds_zero123_latents": 7.03e-6, "sds_zero123_loss": 9.77e-4, "sds_zero123_grad_rgb": 1.09e-4,
    "sds_stable_latents": 7.87e-6, "sds_stable_loss": 2.93e-3, "sds_stable_grad_rgb": 1.45e-4,
}
"""Largest absolute difference per array."""

Arrays = Mapping[str, np.ndarray]
Meets = Callable[..., None]


@pytest.fixture(scope="session")
def golden_dir(shared_dir: Path) -> Path:
    """The folder with the checkpoint and its configuration."""
    return shared_dir / "golden"


@pytest.fixture(scope="session")
def imported(golden_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Imports the checkpoint with the given options, each variant once."""
    folder = tmp_path_factory.mktemp("imported")

    def variant(name: str, **options: object) -> Path:
        if not (folder / name).exists():
            import_checkpoint(golden_dir / "checkpoint.ckpt", golden_dir / "config.yaml",
                              out=folder / name, **options)
        return folder / name

    return variant


@pytest.fixture(scope="session")
def pipeline(imported: Callable[..., Path]) -> Zero123Pipeline:
    """The pipeline with the averaged weights, which the original uses for sampling."""
    return load_pipeline(str(imported("average")), "cpu")


@pytest.fixture(scope="session")
def prepared_pipeline(imported: Callable[..., Path]) -> Zero123Pipeline:
    """The same pipeline, prepared as for jobs."""
    pipeline = load_pipeline(str(imported("average")), "cpu")
    pipeline.prepare_for_inference()
    return pipeline


@pytest.fixture(scope="session")
def raw_pipeline(imported: Callable[..., Path]) -> Zero123Pipeline:
    """The pipeline with the weights that were not averaged."""
    return load_pipeline(str(imported("raw", ema=False)), "cpu")


@pytest.fixture(scope="session")
def stable_pipeline(imported: Callable[..., Path]) -> Zero123Pipeline:
    """The pipeline with Stable Zero123's pose encoding."""
    return load_pipeline(str(imported("stable", pose_encoding="stable")), "cpu")


@pytest.fixture(scope="session")
def image(golden_inputs: Arrays) -> torch.Tensor:
    """The input image, 1 x 3 x 256 x 256 in [0, 1]."""
    return torch.from_numpy(golden_inputs["image_rgb"]).permute(2, 0, 1)[None]


@pytest.fixture(scope="session")
def condition(pipeline: Zero123Pipeline, image: torch.Tensor) -> Condition:
    """The condition of the input image, which is the same for all three pipelines."""
    return pipeline.encode_image(image)


@pytest.fixture(scope="session")
def meets(golden_outputs: Arrays) -> Meets:
    """Asserts that a result equals the golden array of a name within ten times the README's
    deviation. `like` names the array whose deviation is used, `part` selects a part of the golden
    array.
    """

    def check(actual: torch.Tensor | np.ndarray, name: str, *, like: str = "",
              part: object = ...) -> None:
        expected = golden_outputs[name][part]
        actual = actual.detach().numpy() if isinstance(actual, torch.Tensor) else actual
        assert np.shape(actual) == np.shape(expected)
        difference = np.abs(np.asarray(actual, np.float64) - expected).max()
        assert difference <= 10 * README_TOLERANCE[like or name], f"{name}: {difference:.3g}"

    return check
