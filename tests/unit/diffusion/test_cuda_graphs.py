# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a network is replayed from a graph. A capture needs a GPU; its fallback does not."""

from __future__ import annotations

import os

import pytest
import torch
from helpers.tiny_pipeline import tiny_pipeline
from torch import Tensor

from engine.diffusion.cuda_graphs import (
    CAPTURE_AT,
    MAX_GRAPHS,
    SWITCH,
    CudaGraphs,
    Forward,
    describe_graphs,
    why_unsupported,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


class Network:
    """A function of all inputs that counts its evaluations."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, latents: Tensor, times: Tensor, contexts: Tensor) -> Tensor:
        self.calls += 1
        return recomputed(self, ())(latents, torch.as_tensor(times).expand(len(latents)), contexts)


def recomputed(forward: Forward, inputs: tuple[Tensor, ...]) -> Forward:
    """A replay that computes what a right graph gives."""
    return lambda latents, times, contexts: latents * contexts.mean() + times[:, None]


def repeated(forward: Forward, inputs: tuple[Tensor, ...]) -> Forward:
    """A replay that has kept the inputs of its capture."""
    output = forward(*inputs)
    return lambda *values: output.clone()


def evaluate(graphs: CudaGraphs, network: Network, times: int = 1, count: int = 2) -> Tensor:
    """The last of some outputs for different inputs, without gradient."""
    graphs.enabled = graphs.enabled or not graphs.problem
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(times):
            latents = torch.rand(count, 5, generator=generator)
            contexts = torch.rand(count, 3, generator=generator)
            output = graphs.run(network, latents, 7, contexts)
    torch.testing.assert_close(output, Network()(latents, torch.full((count,), 7), contexts))
    return output


def test_graph_replaces_the_network_after_some_evaluations() -> None:
    graphs, network = CudaGraphs(recomputed), Network()
    evaluate(graphs, network, CAPTURE_AT)
    assert graphs.count == 1
    before = network.calls
    evaluate(graphs, network, 5)
    assert network.calls == before


def test_every_shape_has_its_graph_up_to_a_number() -> None:
    graphs, network = CudaGraphs(recomputed), Network()
    for count in range(1, MAX_GRAPHS + 3):
        evaluate(graphs, network, CAPTURE_AT, count)
    assert graphs.count == MAX_GRAPHS


def test_capture_that_fails_leaves_the_network_in_use() -> None:
    """The real capture, which has no GPU here."""
    if torch.cuda.is_available():
        pytest.skip("a capture works here")
    graphs, network = CudaGraphs(), Network()
    evaluate(graphs, network, CAPTURE_AT + 2)
    assert graphs.count == 0
    assert graphs.problem
    assert not graphs.enabled


def test_graph_with_wrong_outputs_is_never_used() -> None:
    graphs, network = CudaGraphs(repeated), Network()
    evaluate(graphs, network, CAPTURE_AT + 2)
    assert graphs.count == 0
    assert "differs" in graphs.problem


def test_network_is_called_where_gradients_are_needed() -> None:
    graphs, network = CudaGraphs(recomputed), Network()
    graphs.enabled = True
    latents = torch.rand(2, 5, requires_grad=True)
    for _ in range(CAPTURE_AT + 1):
        output = graphs.run(network, latents, torch.tensor([1, 2]), torch.rand(2, 3))
    assert output.requires_grad
    assert graphs.count == 0


def test_drop_frees_the_graphs_and_disables_them() -> None:
    graphs = CudaGraphs(recomputed)
    assert not graphs.drop()
    graphs.enabled = True
    evaluate(graphs, Network(), CAPTURE_AT)
    assert graphs.drop()
    assert graphs.count == 0
    assert not graphs.enabled


def test_pipeline_on_a_cpu_uses_no_graphs() -> None:
    pipeline = tiny_pipeline()
    pipeline.prepare_for_inference()
    assert not pipeline.graphs.enabled


def test_graphs_can_be_turned_off() -> None:
    if torch.version.hip is None:
        assert why_unsupported(CUDA) == ""
    os.environ[SWITCH] = "0"
    assert why_unsupported(CUDA)


def test_doctor_says_why_no_graphs_are_used() -> None:
    assert describe_graphs(CPU) == "not used: they need an NVIDIA GPU"
