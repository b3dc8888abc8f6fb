# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that several kinds of jobs share: bases of the classes in `engine.core.requests`.

Standard library only: Blender's own Python imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass

from .request import AUTO, Request, option

SAMPLERS = ("dpm++", "ddim", "unipc")
DEVICES = ("auto", "cpu", "cuda", "mps")
ALPHAS = ("auto", "trust", "ignore")
FRAMINGS = ("auto", "keep", "fit")
CONSISTENCIES = ("independent", "fused")
POSE_ENCODINGS = ("auto", "zero123", "stable")
DTYPES = ("auto", "float32", "float16", "bfloat16")


@dataclass(kw_only=True)
class ImageRequest(Request):
    """A job that starts from an image."""

    image: str = option("", "image to start from", path="file", reads=True)
    alpha: str = option(
        "auto", "what the image's transparency means: auto decides by its content whether it is a "
        "finished cut-out, trust takes it as it is, ignore removes the background", choices=ALPHAS)


@dataclass(kw_only=True)
class NetworkRequest(Request):
    """A job that runs networks and draws random numbers."""

    seed: int = option(0, "same seed, same result", min=0, max=2**31 - 1)
    device: str = option("auto", "where to compute", choices=DEVICES, changes_result=False)


@dataclass(kw_only=True)
class InferenceRequest(NetworkRequest):
    """A job that runs networks without training them."""

    dtype: str = option(
        "auto", "number format of the networks; auto uses bfloat16 or float16 on a GPU, float32 "
                "on the CPU", choices=DTYPES)


@dataclass(kw_only=True)
class FramedRequest(ImageRequest):
    """A job that cuts the object out of the image and frames it as the network expects."""

    input_radius: float = option(
        1.85, "distance of the camera that took the image to the object's centre",
        min=0.5, max=10.0)
    framing: str = option(
        "auto", "auto recentres an object that is too large, too small or off centre for the "
        "models, fit always does, keep leaves the image as it is framed", choices=FRAMINGS)


@dataclass(kw_only=True)
class DiffusionRequest(FramedRequest, InferenceRequest):
    """A job that samples novel views. Angles are in degrees, radii in scene units."""

    model: str = option("nano", "name from the catalogue, or a folder in diffusers layout")
    steps: int = option(0, "denoising steps; 0 uses the model's default", min=0, max=1000)
    guidance: float = option(
        0.0, "classifier-free guidance scale; 0 uses the default of the model or the method",
        min=0.0, max=100.0)
    sampler: str = option("dpm++", "how noise is removed", choices=SAMPLERS)
    eta: float = option(0.0, "amount of fresh noise per step, 0 to 1 (ddim only)", min=0.0, max=1.0)
    pose_encoding: str = option(
        "auto", "how the camera pose is passed to the model, if its folder does not state it: "
                "zero123 for Zero-1-to-3 and Zero123-XL, stable for Stable Zero123",
        choices=POSE_ENCODINGS)

    @property
    def needs_model(self) -> bool:
        """Whether the model is used."""
        return True


@dataclass(kw_only=True)
class PosedRequest(DiffusionRequest):
    """A job that has to know the camera of the image."""

    input_elevation: float | str = option(
        AUTO, "elevation of the camera that took the image, degrees above the horizon; it is "
              "estimated if no number is given", min=-90.0, max=90.0, automatic=True)
    consistency: str = option(
        "independent", "independent samples each view from the image alone; fused samples them one "
        "after the other, each from the image and the views before it, which takes several times "
        "as long", choices=CONSISTENCIES)

    @property
    def given_elevation(self) -> float | None:
        """The elevation of the image's camera in degrees; None if it has to be estimated."""
        return None if isinstance(self.input_elevation, str) else float(self.input_elevation)
