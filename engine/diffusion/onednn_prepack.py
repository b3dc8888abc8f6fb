# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights stored in the memory layout of oneDNN's kernels.

On a CPU, torch passes a layer's weights to oneDNN in their usual layout, and oneDNN reorders them
in every call. For the layers of a large UNet with few pixels this takes longer than the layer
itself. Linear layers otherwise use MKL, which on CPUs of other makers than Intel is slower than
oneDNN.
"""

from __future__ import annotations

import platform
from functools import cache

import torch
from torch import Tensor, nn

_ops = torch.ops.mkldnn
_PLAIN: tuple[str, list[float], str] = ("none", [], "")
"""No activation after the layer: name, parameters and variant."""


class PrepackedLinear(nn.Module):
    """A `Linear` layer, (..., in) to (..., out), without backward pass."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight = _frozen(_ops._reorder_linear_weight(weight.detach()))
        self.bias = bias

    def forward(self, x: Tensor) -> Tensor:
        return _ops._linear_pointwise(_without_gradient(x), self.weight, self.bias, *_PLAIN)


class PrepackedConv2d(nn.Module):
    """A `Conv2d` layer, (n, c, h, w) in channels-last memory, without backward pass."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.geometry = (list(layer.padding), list(layer.stride), list(layer.dilation),
                         layer.groups)
        self.weight = _frozen(torch._C._nn.mkldnn_reorder_conv2d_weight(
            layer.weight.detach().to_mkldnn(), *self.geometry))
        self.bias = layer.bias

    def forward(self, x: Tensor) -> Tensor:
        x = _without_gradient(x).contiguous(memory_format=torch.channels_last)
        return _ops._convolution_pointwise(x, self.weight, self.bias, *self.geometry, *_PLAIN)


class PrepackedPointwiseConv2d(nn.Module):
    """A 1 x 1 `Conv2d` layer, which in channels-last memory is a linear layer."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.linear = PrepackedLinear(layer.weight.flatten(1), layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        pixels = x.permute(0, 2, 3, 1).contiguous()
        return self.linear(pixels).permute(0, 3, 1, 2)


def prepack(network: nn.Module) -> bool:
    """Replace the network's linear layers and convolutions by prepacked ones, one at a time.

    Afterwards the network can be evaluated, but not trained, saved or moved to another device.

    Returns:
        False, without any change, unless the network is float32 on a CPU with these kernels.
    """
    if not (all(weight.device.type == "cpu" and weight.dtype == torch.float32
                for weight in network.parameters()) and prepack_works()):
        return False
    _prepack_layers(network)
    return True


@cache
def prepack_works() -> bool:
    """Whether oneDNN's prepacked kernels exist here and compute correctly."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False  # other processors use other kernels
    if not torch.backends.mkldnn.is_available():
        return False
    with torch.random.fork_rng(devices=[]):
        linear, conv = nn.Linear(16, 16), nn.Conv2d(16, 16, 3, padding=1)
    rows = torch.linspace(-1, 1, 64).reshape(4, 16)
    picture = torch.linspace(-1, 1, 1024).reshape(1, 16, 8, 8)
    try:
        with torch.no_grad():
            pairs = ((PrepackedLinear(linear.weight, linear.bias), linear, rows),
                     (PrepackedConv2d(conv), conv, picture))
            return all(torch.allclose(packed(x), stock(x), atol=1e-5)
                       for packed, stock, x in pairs)
    except (AttributeError, RuntimeError):
        return False  # a private interface of torch, which other versions may lack


def _prepack_layers(network: nn.Module) -> None:
    # By name: a list of the layers would keep their old weights beside the prepacked ones.
    for name in [name for name, _ in network.named_children()]:
        layer = getattr(network, name)
        replacement = _prepacked(layer)
        if replacement is None:
            _prepack_layers(layer)
        else:
            setattr(network, name, replacement)


def _prepacked(layer: nn.Module) -> nn.Module | None:
    """The prepacked form of a layer; None if it has none."""
    if type(layer) is nn.Linear:
        return PrepackedLinear(layer.weight, layer.bias)
    if type(layer) is not nn.Conv2d or layer.padding_mode != "zeros" or isinstance(
            layer.padding, str):
        return None
    if layer.kernel_size == layer.stride == (1, 1) and layer.padding == (0, 0) and (
            layer.groups == 1):
        return PrepackedPointwiseConv2d(layer)
    return PrepackedConv2d(layer)


def _frozen(weight: Tensor) -> nn.Parameter:
    return nn.Parameter(weight, requires_grad=False)


def _without_gradient(x: Tensor) -> Tensor:
    """The input, if no gradient is asked for: the kernels would silently return none."""
    if x.requires_grad and torch.is_grad_enabled():
        raise RuntimeError("a prepacked layer has no gradient")
    return x
