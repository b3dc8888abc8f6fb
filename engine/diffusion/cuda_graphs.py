# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays a UNet from CUDA graphs, because starting its kernels one by one is slower than they are.

A graph belongs to one shape of the inputs. It is captured once a shape has been evaluated a few
times, and used only if it then gives the network's own output for other inputs. Whatever fails,
the network is called as before.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..core.failures import first_line

CAPTURE_AT = 3
"""Evaluations of a shape after which its graph is captured. A capture takes about as long as five
evaluations, so that a job with one step is faster without."""
MAX_GRAPHS = 4
"""Maximum number of shapes with a graph; each keeps the memory of an evaluation."""
WARM_UP = 2
"""Evaluations before a capture, in which libraries choose their kernels (torch's documentation)."""
MAX_DIFFERENCE = 0.02
"""Maximum relative difference of a replayed output; bfloat16 rounds to 0.004."""
SWITCH = "ZERO123_CUDA_GRAPHS"
"""Environment variable that turns graphs off with the value 0."""

Forward = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Latents, timesteps and context tokens to the network's output."""
Capture = Callable[[Forward, tuple[Tensor, ...]], Forward]
"""Captures a function for inputs of a shape; the result replays it."""


def capture_graph(forward: Forward, inputs: tuple[Tensor, ...]) -> Forward:
    """A function that replays `forward` for inputs of the same shapes."""
    static = tuple(value.clone() for value in inputs)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            forward(*static)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        output = forward(*static)

    def replay(*values: Tensor) -> Tensor:
        for place, value in zip(static, values, strict=True):
            place.copy_(value)
        graph.replay()
        return output.clone()

    return replay


class CudaGraphs:
    """The graphs of one network."""

    def __init__(self, capture: Capture = capture_graph) -> None:
        self.enabled = False
        """Whether graphs may be captured and used."""
        self.problem = ""
        """Why a capture was given up; empty if none was."""
        self._capture = capture
        self._replays: dict[Any, Forward] = {}
        self._evaluations: Counter[Any] = Counter()

    @property
    def count(self) -> int:
        """The number of captured graphs."""
        return len(self._replays)

    def run(self, forward: Forward, latents: Tensor, timesteps: int | Tensor,
            contexts: Tensor) -> Tensor:
        """The output of `forward`, replayed where possible; always the same function."""
        if not self.enabled or torch.is_grad_enabled():
            return forward(latents, timesteps, contexts)  # type: ignore[arg-type]
        times = torch.as_tensor(timesteps, device=latents.device).expand(len(latents))
        inputs = (latents, times, contexts)
        key = tuple((value.shape, value.dtype) for value in inputs)
        if key in self._replays:
            return self._replays[key](*inputs)
        self._evaluations[key] += 1
        if self._evaluations[key] == CAPTURE_AT and self.count < MAX_GRAPHS:
            self._try(forward, inputs, key)
        return forward(*inputs)

    def drop(self) -> bool:
        """Free all graphs and use none from now on. Returns whether there were any."""
        had = bool(self._replays)
        self.enabled = False
        self._replays.clear()
        return had

    def _try(self, forward: Forward, inputs: tuple[Tensor, ...], key: Any) -> None:
        """Capture a graph, and keep it if it gives the network's output for other inputs."""
        latents, times, contexts = inputs
        other = (latents.flip(-1) / 2, times // 2, contexts / 2)
        try:
            replay = self._capture(forward, inputs)
            expected, found = forward(*other).float(), replay(*other).float()
            if not (found - expected).norm() <= MAX_DIFFERENCE * expected.norm():
                raise RuntimeError("a replay differs from the network's output")
            self._replays[key] = replay
        except (RuntimeError, AssertionError) as error:  # AssertionError: a torch without CUDA
            self.drop()
            self.problem = first_line(error)


def drop_graphs(pipeline: Any) -> str | None:
    """A memory fallback: call the UNet itself (see `memory_fallbacks.Fallback`)."""
    return "the UNet is called without CUDA graphs" if pipeline.graphs.drop() else None


def why_unsupported(device: torch.device) -> str:
    """Why graphs are not used on a device; empty if they are."""
    if device.type != "cuda" or torch.version.hip:
        return "they need an NVIDIA GPU"
    return f"{SWITCH} is 0" if os.environ.get(SWITCH) == "0" else ""


@torch.no_grad()
def describe_graphs(device: torch.device) -> str:
    """Whether graphs are used on a device, from a trial with one small layer."""
    problem = why_unsupported(device)
    if not problem:
        graphs = CudaGraphs()
        graphs.enabled = True
        layer = torch.nn.Conv2d(4, 4, 3).to(device)
        values = torch.ones(1, 4, 8, 8, device=device)
        for _ in range(CAPTURE_AT + 1):
            graphs.run(lambda latents, times, contexts: layer(latents), values, 0, values)
        problem = graphs.problem
    return f"not used: {problem}" if problem else "used"
