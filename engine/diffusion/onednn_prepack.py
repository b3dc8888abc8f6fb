# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights in the order in which oneDNN's kernels read them, once instead of in every call.

On a CPU, torch hands a layer's weights to oneDNN as they are, which rearranges them each time. For
the layers of a large UNet with few pixels that takes longer than the layer itself. Linear layers go
to MKL otherwise, which on CPUs of other makers is the slower of the two.
"""

from __future__ import annotations

import platform
from functools import cache

import torch
from torch import Tensor, nn

_ops = torch.ops.mkldnn
_PLAIN: tuple[str, list[float], str] = ("none", [], "")
"""No activation after the layer: its name, parameters and variant."""


class PackedLinear(nn.Module):
    """What a `Linear` computes, ... x in to ... x out; forward only."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight = _frozen(_ops._reorder_linear_weight(weight.detach()))
        self.bias = bias

    def forward(self, x: Tensor) -> Tensor:
        return _ops._linear_pointwise(_without_gradient(x), self.weight, self.bias, *_PLAIN)


class PackedConv2d(nn.Module):
    """What a `Conv2d` computes, N x C x H x W in channels-last memory; forward only."""

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


class PackedPointwiseConv2d(nn.Module):
    """What a `Conv2d` of single pixels computes: in channels-last memory a linear layer."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.linear = PackedLinear(layer.weight.flatten(1), layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        pixels = x.permute(0, 2, 3, 1).contiguous()
        return self.linear(pixels).permute(0, 3, 1, 2)


def pack(network: nn.Module) -> bool:
    """Replace the network's linear layers and convolutions by packed ones, one at a time.

    Afterwards it can evaluate, but not train, be saved or move to another device.

    Returns:
        False, and nothing was done, if it isn't in fp32 on a CPU that has these kernels.
    """
    if not (all(weight.device.type == "cpu" and weight.dtype == torch.float32
                for weight in network.parameters()) and packing_works()):
        return False
    _pack_layers(network)
    return True


@cache
def packing_works() -> bool:
    """Whether this torch on this processor has oneDNN's packed kernels, and they are right."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False  # others bring their own kernels
    if not torch.backends.mkldnn.is_available():
        return False
    with torch.random.fork_rng(devices=[]):
        linear, conv = nn.Linear(16, 16), nn.Conv2d(16, 16, 3, padding=1)
    rows = torch.linspace(-1, 1, 64).reshape(4, 16)
    picture = torch.linspace(-1, 1, 1024).reshape(1, 16, 8, 8)
    try:
        with torch.no_grad():
            pairs = ((PackedLinear(linear.weight, linear.bias), linear, rows),
                     (PackedConv2d(conv), conv, picture))
            return all(torch.allclose(packed(x), stock(x), atol=1e-5)
                       for packed, stock, x in pairs)
    except (AttributeError, RuntimeError):
        return False  # private to torch: another version may have others


def _pack_layers(network: nn.Module) -> None:
    # By name: a list of layers would keep all their weights, and the packed ones beside them.
    for name in [name for name, _ in network.named_children()]:
        layer = getattr(network, name)
        packed = _packed(layer)
        if packed is None:
            _pack_layers(layer)
        else:
            setattr(network, name, packed)


def _packed(layer: nn.Module) -> nn.Module | None:
    """Its packed form, if it has one."""
    if type(layer) is nn.Linear:
        return PackedLinear(layer.weight, layer.bias)
    if type(layer) is not nn.Conv2d or layer.padding_mode != "zeros" or isinstance(
            layer.padding, str):
        return None
    if layer.kernel_size == layer.stride == (1, 1) and layer.padding == (0, 0) and (
            layer.groups == 1):
        return PackedPointwiseConv2d(layer)
    return PackedConv2d(layer)


def _frozen(weight: Tensor) -> nn.Parameter:
    return nn.Parameter(weight, requires_grad=False)


def _without_gradient(x: Tensor) -> Tensor:
    """Refuse what these kernels would silently leave out."""
    if x.requires_grad and torch.is_grad_enabled():
        raise RuntimeError("a packed layer has no gradient")
    return x
