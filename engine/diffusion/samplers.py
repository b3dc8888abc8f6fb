# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise schedules and the solvers that walk along them.

Notation of DDIM (Song et al. 2021): x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) eps, where a_t is the
cumulative product of 1 - beta. A "v" model predicts sqrt(a_t) eps - sqrt(1 - a_t) x_0 instead of
eps (Salimans and Ho 2022), which stays defined at zero terminal SNR, where a_T = 0 (Lin et al.
2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler, UniPCMultistepScheduler
from torch import Tensor

from ..core.errors import EngineError, ErrorCode

MULTISTEP_SOLVERS = {"dpm++": DPMSolverMultistepScheduler, "unipc": UniPCMultistepScheduler}


class Sampler(Protocol):
    """One walk from noise to a sample. Holds state: make a new one for every batch."""

    timesteps: list[int]
    """Training timesteps at which the network is evaluated, in order of visit (descending)."""

    def step(self, index: int, model_output: Tensor, sample: Tensor,
             noise: Tensor | None = None) -> Tensor:
        """The sample after the step from `timesteps[index]`. All tensors N x C x H x W.

        `noise` is the unit Gaussian that a stochastic sampler adds; others ignore it.
        """


def make_sampler(name: str, scheduler_config: Mapping[str, Any], steps: int,
                 eta: float = 0.0) -> Sampler:
    """The sampler `name` ("ddim", "dpm++" or "unipc") on a scheduler config's noise schedule.

    Args:
        scheduler_config: of any diffusers scheduler; its betas, prediction type and timestep
            spacing count. "trailing" spacing, implied by zero terminal SNR, begins at the last
            training timestep; otherwise "ddim" visits the original's timesteps.
        steps: denoising steps asked for, at least 1.
        eta: 0 is deterministic, 1 as noisy as DDPM; "ddim" only.

    Raises:
        EngineError: `BAD_INPUT` for an unknown name or a number of steps that can't be walked;
            `MODEL_INCOMPATIBLE` for a schedule that doesn't determine the sample.
    """
    config = dict(scheduler_config)
    prediction_type = config.get("prediction_type", "epsilon")
    zero_snr = config.get("rescale_betas_zero_snr", False)
    known = ("v_prediction",) if zero_snr else ("epsilon", "v_prediction")
    if prediction_type not in known:
        raise EngineError(
            ErrorCode.MODEL_INCOMPATIBLE,
            f"can't sample a model that predicts {prediction_type}"
            + (" at zero terminal SNR" if zero_snr else ""))
    train_steps = int(config.get("num_train_timesteps", 1000))
    if not 1 <= steps <= train_steps:
        raise EngineError(ErrorCode.BAD_INPUT, f"can't walk {steps} steps",
                          f"give 1 to {train_steps}")
    if name == "ddim":
        trailing = zero_snr or config.get("timestep_spacing") == "trailing"
        timesteps = (trailing_timesteps if trailing else original_timesteps)(steps, train_steps)
        schedule = ddim_schedule(cumulative_alphas(config), timesteps, eta,
                                 final_alpha=1.0 if trailing else None)
        return DDIMSampler(schedule, prediction_type)
    if name in MULTISTEP_SOLVERS:
        return MultistepSampler(MULTISTEP_SOLVERS[name].from_config(config),
                                multistep_timesteps(steps, train_steps))
    raise EngineError(ErrorCode.BAD_INPUT, f"unknown sampler {name!r}",
                      f"choose ddim, {' or '.join(MULTISTEP_SOLVERS)}")


def cumulative_alphas(scheduler_config: Mapping[str, Any]) -> np.ndarray:
    """a_t of every training timestep as float64, from a diffusers scheduler's config.

    With `rescale_betas_zero_snr`, sqrt(a) is shifted and scaled so that the last entry is exactly
    zero and the first stays (Lin et al. 2023, algorithm 1).
    """
    start, end = scheduler_config["beta_start"], scheduler_config["beta_end"]
    count = scheduler_config.get("num_train_timesteps", 1000)
    kind = scheduler_config.get("beta_schedule", "scaled_linear")
    if scheduler_config.get("trained_betas") is not None:
        betas = np.asarray(scheduler_config["trained_betas"], dtype=np.float64)
    elif kind == "scaled_linear":
        betas = np.linspace(start**0.5, end**0.5, count) ** 2
    elif kind == "linear":
        betas = np.linspace(start, end, count)
    else:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"unknown noise schedule {kind!r}")
    alphas = np.cumprod(1 - betas)
    if scheduler_config.get("rescale_betas_zero_snr"):
        root = np.sqrt(alphas)
        alphas = ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2
    return alphas


def original_timesteps(steps: int, train_steps: int = 1000) -> list[int]:
    """Timesteps that the original visits when asked for `steps` (its `DDIMSampler`), descending.

    Strides of train_steps // steps from 1, and the noisiest one is dropped: 75 gives 76
    evaluations from 976 down to 1, 50 gives 49 from 961.

    Raises:
        EngineError: `BAD_INPUT` if nothing is left (one step).
    """
    visited = [t + 1 for t in range(0, train_steps, train_steps // steps)][:-1]
    if not visited:
        raise EngineError(ErrorCode.BAD_INPUT, "the original's ddim drops its only step",
                          "take 2 steps or more")
    return visited[::-1]


def trailing_timesteps(steps: int, train_steps: int = 1000) -> list[int]:
    """`steps` evenly spaced timesteps that begin with the last one (Lin et al. 2023, table 2)."""
    return [round(train_steps - i * train_steps / steps) - 1 for i in range(steps)]


def multistep_timesteps(steps: int, train_steps: int = 1000) -> list[int]:
    """`steps` timesteps from the last one down, for second-order solvers.

    Even spacing, but the jump to the clean sample, which is first-order, spans a quarter of a
    stride: on a mixture of Gaussians, whose exact denoiser is known, 4 to 6 steps then make half
    the error of trailing spacing, or less.
    """
    stride = (train_steps - 1) / (steps - 0.75)
    return [round(train_steps - 1 - i * stride) for i in range(steps)]


@dataclass(frozen=True)
class DDIMSchedule:
    """Everything a DDIM walk needs; arrays have one entry per step, in order of visit."""

    timesteps: list[int]
    alphas: np.ndarray
    """a_t at the timestep."""
    alphas_prev: np.ndarray
    """a_t at the timestep that the step leads to."""
    sigmas: np.ndarray
    """Standard deviation of the noise added by the step."""


def ddim_schedule(cumulative: np.ndarray, timesteps: list[int], eta: float = 0.0,
                  final_alpha: float | None = None) -> DDIMSchedule:
    """DDIM's coefficients (Song et al. 2021, equations 12 and 16) along descending `timesteps`.

    `final_alpha` is where the last step leads; the original stops at the first training timestep
    (None), not at the clean sample (1.0).
    """
    alphas = cumulative[timesteps]
    last = cumulative[0] if final_alpha is None else final_alpha
    previous = np.append(alphas[1:], last)
    sigmas = eta * np.sqrt((1 - previous) / (1 - alphas) * (1 - alphas / previous))
    return DDIMSchedule(timesteps, alphas, previous, sigmas)


def predict_clean_and_noise(model_output: Tensor, sample: Tensor, alpha: float | Tensor,
                            prediction_type: str) -> tuple[Tensor, Tensor]:
    """(x_0, eps) that the output stands for. `alpha` is a_t, N x 1 x 1 x 1 if a tensor."""
    alpha = torch.as_tensor(alpha, dtype=sample.dtype, device=sample.device)
    signal, noise = alpha.sqrt(), (1 - alpha).sqrt()
    if prediction_type == "v_prediction":
        return signal * sample - noise * model_output, signal * model_output + noise * sample
    return (sample - noise * model_output) / signal, model_output


def ddim_step(clean: Tensor, eps: Tensor, alpha_prev: float, sigma: float = 0.0,
              noise: Tensor | None = None) -> Tensor:
    """The sample at the previous timestep (Song et al. 2021, equation 12)."""
    direction = max(1 - alpha_prev - sigma**2, 0.0) ** 0.5
    sample = alpha_prev**0.5 * clean + direction * eps
    return sample if noise is None or sigma == 0 else sample + sigma * noise


class DDIMSampler:
    """DDIM along a `DDIMSchedule`."""

    def __init__(self, schedule: DDIMSchedule, prediction_type: str) -> None:
        self.schedule = schedule
        self.prediction_type = prediction_type
        self.timesteps = schedule.timesteps

    def step(self, index: int, model_output: Tensor, sample: Tensor,
             noise: Tensor | None = None) -> Tensor:
        """See `Sampler.step`."""
        clean, eps = self.predict(index, model_output, sample)
        return ddim_step(clean, eps, float(self.schedule.alphas_prev[index]),
                         float(self.schedule.sigmas[index]), noise)

    def predict(self, index: int, model_output: Tensor, sample: Tensor) -> tuple[Tensor, Tensor]:
        """(x_0, eps) as predicted before the step."""
        return predict_clean_and_noise(model_output, sample, float(self.schedule.alphas[index]),
                                       self.prediction_type)


class MultistepSampler:
    """A second-order multistep solver of diffusers: DPM-Solver++ (Lu et al. 2022), UniPC (2023)."""

    def __init__(self, solver: Any, timesteps: list[int]) -> None:
        solver.set_timesteps(len(timesteps))
        # UniPC's set_timesteps takes no list, so the walk is written into both kinds of solver.
        alphas = solver.alphas_cumprod[timesteps]
        solver.timesteps = torch.tensor(timesteps)
        solver.sigmas = torch.cat([((1 - alphas) / alphas).sqrt(), torch.zeros(1)])
        self.solver = solver
        self.timesteps = timesteps

    def step(self, index: int, model_output: Tensor, sample: Tensor,
             noise: Tensor | None = None) -> Tensor:
        """See `Sampler.step`; deterministic."""
        return self.solver.step(model_output, self.solver.timesteps[index], sample,
                                return_dict=False)[0]
