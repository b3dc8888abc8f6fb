# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise schedules and the solvers that follow them.

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
    """One run from noise to a sample. It holds state: make a new sampler for every batch."""

    timesteps: list[int]
    """The training timesteps at which the network is evaluated, descending."""

    def step(self, index: int, model_output: Tensor, sample: Tensor,
             noise: Tensor | None = None) -> Tensor:
        """The sample after the step from `timesteps[index]`. All tensors are (n, c, h, w).

        `noise`: the unit Gaussian that a stochastic sampler adds; others ignore it.
        """


def make_sampler(name: str, scheduler_config: Mapping[str, Any], steps: int,
                 eta: float = 0.0, start: int | None = None) -> Sampler:
    """A sampler for a scheduler's noise schedule.

    Args:
        name: "ddim", "dpm++" or "unipc".
        scheduler_config: config of any diffusers scheduler, of which the betas, the prediction type
            and the timestep spacing are used. "trailing" spacing, which zero terminal SNR implies,
            starts at the last training timestep; otherwise "ddim" visits the original's timesteps.
        steps: requested number of denoising steps, at least 1.
        eta: 0 is deterministic, 1 as noisy as DDPM; for "ddim" only.
        start: training timestep to begin at, for samples that are noisy up to there only; None
            begins where the schedule does.

    Raises:
        EngineError: `BAD_INPUT` for an unknown name or an impossible number of steps;
            `MODEL_INCOMPATIBLE` for a schedule from which the sample cannot be computed.
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
        raise EngineError(ErrorCode.BAD_INPUT, f"cannot take {steps} steps",
                          f"give 1 to {train_steps}")
    if name == "ddim":
        trailing = zero_snr or config.get("timestep_spacing") == "trailing"
        timesteps = (trailing_timesteps if trailing else original_timesteps)(steps, train_steps)
        schedule = ddim_schedule(cumulative_alphas(config), timesteps_from(start, timesteps), eta,
                                 final_alpha=1.0 if trailing else None)
        return DDIMSampler(schedule, prediction_type)
    if name in MULTISTEP_SOLVERS:
        timesteps = timesteps_from(start, multistep_timesteps(steps, train_steps))
        return MultistepSampler(MULTISTEP_SOLVERS[name].from_config(config), timesteps)
    raise EngineError(ErrorCode.BAD_INPUT, f"unknown sampler {name!r}",
                      f"choose ddim, {' or '.join(MULTISTEP_SOLVERS)}")


def cumulative_alphas(scheduler_config: Mapping[str, Any]) -> np.ndarray:
    """a_t at every training timestep, (num_train_timesteps,) float64.

    With `rescale_betas_zero_snr`, sqrt(a) is shifted and scaled so that the last entry is exactly
    zero and the first is unchanged (Lin et al. 2023, algorithm 1).
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
    """The timesteps that the original's `DDIMSampler` visits for `steps`, descending.

    They are 1 plus multiples of train_steps // steps, without the noisiest one: 75 steps give 76
    evaluations from 976 down to 1, 50 steps give 49 from 961.

    Raises:
        EngineError: `BAD_INPUT` for one step, of which none is left.
    """
    visited = [t + 1 for t in range(0, train_steps, train_steps // steps)][:-1]
    if not visited:
        raise EngineError(ErrorCode.BAD_INPUT,
                          "ddim can't be used with 1 step: the schedule of the original drops it",
                          "use 2 steps or more")
    return visited[::-1]


def trailing_timesteps(steps: int, train_steps: int = 1000) -> list[int]:
    """`steps` evenly spaced timesteps that start with the last one (Lin et al. 2023, table 2)."""
    return [round(train_steps - i * train_steps / steps) - 1 for i in range(steps)]


def multistep_timesteps(steps: int, train_steps: int = 1000) -> list[int]:
    """`steps` timesteps that start with the last one, for second-order solvers.

    The spacing is even, except that the final step to the clean sample, which is first-order, spans
    a quarter of a stride. On a mixture of Gaussians, whose exact denoiser is known, 4 to 6 steps
    then have at most half the error of trailing spacing.
    """
    stride = (train_steps - 1) / (steps - 0.75)
    return [round(train_steps - 1 - i * stride) for i in range(steps)]


def timesteps_from(start: int | None, timesteps: list[int]) -> list[int]:
    """`start` and those of the descending `timesteps` that are at least half a stride below it.

    A solver of second order divides by the length of its steps, of which none may be tiny. With
    None, all `timesteps`.
    """
    if start is None:
        return timesteps
    stride = timesteps[0] - timesteps[1] if len(timesteps) > 1 else timesteps[0]
    return [start, *(t for t in timesteps if t < start - stride / 2)]


@dataclass(frozen=True)
class DDIMSchedule:
    """The coefficients of a DDIM run, one entry per step, in the order of the steps."""

    timesteps: list[int]
    """Training timesteps, descending."""
    alphas: np.ndarray
    """(steps,) float64, a_t at the timestep."""
    alphas_prev: np.ndarray
    """(steps,) float64, a_t at the timestep to which the step leads."""
    sigmas: np.ndarray
    """(steps,) float64, standard deviation of the noise that the step adds."""


def ddim_schedule(cumulative: np.ndarray, timesteps: list[int], eta: float = 0.0,
                  final_alpha: float | None = None) -> DDIMSchedule:
    """DDIM's coefficients (Song et al. 2021, equations 12 and 16) along descending `timesteps`.

    Args:
        cumulative: a_t at every training timestep (see `cumulative_alphas`).
        final_alpha: a_t to which the last step leads. None is the first training timestep, at which
            the original stops; 1.0 is the clean sample.
    """
    alphas = cumulative[timesteps]
    last = cumulative[0] if final_alpha is None else final_alpha
    previous = np.append(alphas[1:], last)
    sigmas = eta * np.sqrt((1 - previous) / (1 - alphas) * (1 - alphas / previous))
    return DDIMSchedule(timesteps, alphas, previous, sigmas)


def predict_clean_and_noise(model_output: Tensor, sample: Tensor, alpha: float | Tensor,
                            prediction_type: str) -> tuple[Tensor, Tensor]:
    """The clean sample x_0 and the noise eps that a model output implies, each (n, c, h, w).

    `alpha`: a_t, a number or (n, 1, 1, 1).
    """
    alpha = torch.as_tensor(alpha, dtype=sample.dtype, device=sample.device)
    signal, noise = alpha.sqrt(), (1 - alpha).sqrt()
    if prediction_type == "v_prediction":
        return signal * sample - noise * model_output, signal * model_output + noise * sample
    return (sample - noise * model_output) / signal, model_output


def ddim_step(clean: Tensor, eps: Tensor, alpha_prev: float, sigma: float = 0.0,
              noise: Tensor | None = None) -> Tensor:
    """The sample at the next, less noisy timestep (Song et al. 2021, equation 12)."""
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
        """The clean sample x_0 and the noise eps that are predicted before the step."""
        return predict_clean_and_noise(model_output, sample, float(self.schedule.alphas[index]),
                                       self.prediction_type)


class MultistepSampler:
    """A second-order multistep solver of diffusers: DPM-Solver++ (Lu et al. 2022), UniPC (2023)."""

    def __init__(self, solver: Any, timesteps: list[int]) -> None:
        solver.set_timesteps(len(timesteps))
        # UniPC's set_timesteps accepts no list, so the timesteps are written into the solver.
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
