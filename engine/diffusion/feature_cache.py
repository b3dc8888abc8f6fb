# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A UNet whose deep features are kept from one denoising step to the next.

Source: Ma et al. 2024, "DeepCache: Accelerating Diffusion Models for Free", section 3.2, with the
first skip connection as the branch that is computed in every step.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from diffusers import UNet2DConditionModel
from torch import Tensor, nn


class CachedUNet:
    """Evaluates a UNet for one batch that walks through the steps; the next batch takes another.

    Args:
        unet: stays as it is; its weights are shared.
        interval: every so many steps, from the first on, all of it is computed. In the others, its
            first and last layers are, which takes about 7 % of the time.
    """

    def __init__(self, unet: UNet2DConditionModel, interval: int) -> None:
        self._unet, self._interval, self._steps = unet, interval, 0
        self._kept = _KeptFeatures()
        self._last_layer = unet.up_blocks[-1].resnets[-1]
        self._shallow = _with_modules(
            unet, down_blocks=nn.ModuleList(), mid_block=self._kept,
            up_blocks=nn.ModuleList([_last_layer_of(unet.up_blocks[-1])]))

    def __call__(self, sample: Tensor, *args: Any, **kwargs: Any) -> Any:
        """The next step, with a UNet's arguments and result."""
        whole = self._steps % self._interval == 0
        self._steps += 1
        if not whole:
            # Not by calling it: hooks on the UNet, such as those that offload it, are the UNet's.
            return type(self._unet).forward(self._shallow, sample, *args, **kwargs)
        with self._last_layer.register_forward_pre_hook(self._keep):
            return self._unet(sample, *args, **kwargs)

    def _keep(self, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Of what the last layer receives, all but the skip connection, which follows it."""
        self._kept.features = inputs[0][:, :-self._unet.config.block_out_channels[0]].clone()


class _KeptFeatures(nn.Module):
    """Stands for all layers between the first and the last."""

    features: Tensor

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        return self.features


def _last_layer_of(block: nn.Module) -> nn.Module:
    """The block without its other layers."""
    return _with_modules(block, **{name: layers[-1:] for name, layers in block.named_children()
                                   if isinstance(layers, nn.ModuleList)})


def _with_modules(module: nn.Module, **modules: nn.Module) -> Any:
    """A second module on the same weights, with other submodules where they are given."""
    other = copy(module)
    other._modules = {**module._modules, **modules}
    return other
