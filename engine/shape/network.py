# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape network: a U-Net from one RGBA image to occupancy logits in the camera's frustum.

Pixel-aligned occupancy (PIFu, Saito et al. 2019) in which the bins along a ray are the output
channels of a convolutional network, so that one pass gives the whole frustum and a ray can cross
several surfaces. The image is space-to-depth rearranged to 64 x 64 and 32 x 32; most of the weights
work at 16 x 16 and 8 x 8 with self-attention. Elevation and radius scale and shift the features of
each block (FiLM, Perez et al. 2018). About 3.2 GFLOP (multiply and add counted apart) an image.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .geometry import BINS

GROUPS = 8
"""Groups of the group normalisation."""
IN_CHANNELS = 6
"""Premultiplied red, green, blue, alpha, and the pixel's column and row."""
HEAD_DIM = 32
"""Channels of an attention head."""


@dataclass(frozen=True)
class ShapeNetworkConfig:
    """Widths of the network by the side of its feature maps."""

    width_64: int = 48
    width_32: int = 96
    width_16: int = 192
    width_8: int = 256
    embedding: int = 96
    """Channels of the embedding of elevation and radius."""
    blocks_16: int = 2
    """Blocks at 16 x 16 on the way down, and again on the way up."""
    blocks_8: int = 2


def set_to_zero(layer: nn.Module) -> None:
    """Start a residual branch at zero, so that a block begins as the identity."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def with_position(image: Tensor) -> Tensor:
    """N x 4 x H x W in [0, 1] to N x 6 x H x W in [-1, 1], with column and row as channels."""
    line = torch.linspace(-1, 1, image.shape[-1], device=image.device, dtype=image.dtype)
    row, column = torch.meshgrid(line, line, indexing="ij")
    grid = torch.stack([column, row]).expand(len(image), 2, -1, -1)
    return torch.cat([2 * image - 1, grid], dim=1)


class Block(nn.Module):
    """Residual block of two 3 x 3 convolutions, modulated by the camera's embedding.

    One normalisation a block instead of the usual two: on a CPU its gradient costs as much as half
    of the convolutions.
    """

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width)
        self.conv_1 = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(embedding, 2 * width)
        self.conv_2 = nn.Conv2d(width, width, 3, padding=1)
        set_to_zero(self.film)
        set_to_zero(self.conv_2)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """N x width x H x W and N x embedding to N x width x H x W."""
        scale, shift = self.film(embedding)[:, :, None, None].chunk(2, dim=1)
        hidden = self.conv_1(F.silu(self.norm(x)))
        return x + self.conv_2(F.silu(hidden * (1 + scale) + shift))


class Attention(nn.Module):
    """Self-attention over all positions of a feature map, with a learned position encoding."""

    def __init__(self, width: int, side: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width)
        self.position = nn.Parameter(0.02 * torch.randn(1, width, side, side))
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        set_to_zero(self.out)

    def forward(self, x: Tensor) -> Tensor:
        """N x width x side x side to the same."""
        count, width, height, wide = x.shape
        qkv = self.qkv(self.norm(x) + self.position)
        heads = qkv.reshape(count, 3, width // HEAD_DIM, HEAD_DIM, height * wide).transpose(-1, -2)
        query, key, value = heads.unbind(1)
        # Written out: the gradient of PyTorch's fused attention is four times slower on a CPU.
        weights = (query * HEAD_DIM**-0.5 @ key.transpose(-1, -2)).softmax(-1)
        mixed = weights @ value
        return x + self.out(mixed.transpose(-1, -2).reshape(count, width, height, wide))


class ShapeNetwork(nn.Module):
    """Occupancy logits from an image and the camera's elevation and radius."""

    def __init__(self, config: ShapeNetworkConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or ShapeNetworkConfig()
        e = c.embedding
        self.embed = nn.Sequential(nn.Linear(3, e), nn.SiLU(), nn.Linear(e, e), nn.SiLU())
        self.stem = nn.Conv2d(4 * IN_CHANNELS, c.width_64, 3, padding=1)
        self.down_32 = nn.Conv2d(4 * c.width_64, c.width_32, 1)
        self.enc_32 = Block(c.width_32, e)
        self.down_16 = nn.Conv2d(4 * c.width_32, c.width_16, 1)
        self.enc_16 = nn.ModuleList(Block(c.width_16, e) for _ in range(c.blocks_16))
        self.enc_attention_16 = Attention(c.width_16, 16)
        self.down_8 = nn.Conv2d(4 * c.width_16, c.width_8, 1)
        self.mid = nn.ModuleList(Block(c.width_8, e) for _ in range(c.blocks_8))
        self.mid_attention = nn.ModuleList(Attention(c.width_8, 8) for _ in range(c.blocks_8 - 1))
        self.up_16 = nn.Conv2d(c.width_8, c.width_16, 1)
        self.dec_16 = nn.ModuleList(Block(c.width_16, e) for _ in range(c.blocks_16))
        self.dec_attention_16 = Attention(c.width_16, 16)
        self.up_32 = nn.Conv2d(c.width_16, c.width_32, 1)
        self.dec_32 = nn.ModuleList(Block(c.width_32, e) for _ in range(2))
        self.up_64 = nn.Conv2d(c.width_32, 4 * BINS, 1)
        self.skip_64 = nn.Conv2d(c.width_64, BINS, 1)
        self.refine = Block(BINS, e)
        self.norm_out = nn.GroupNorm(GROUPS, BINS)
        self.out = nn.Conv2d(BINS, BINS, 1)

    def forward(self, image: Tensor, elevation_deg: Tensor, radius: Tensor) -> Tensor:
        """Logits N x `BINS` x `RAYS` x `RAYS`.

        `image`: N x 4 x 128 x 128, premultiplied RGBA in [0, 1]; `elevation_deg`, `radius`: N.
        """
        angle = torch.deg2rad(elevation_deg)
        camera = torch.stack([2 * torch.sin(angle), 2 * torch.cos(angle) - 1.5,
                              (radius - 1.85) * 3], dim=1)
        embedding = self.embed(camera)
        fine = F.silu(self.stem(F.pixel_unshuffle(with_position(image), 2)))
        skip_32 = self.enc_32(self.down_32(F.pixel_unshuffle(fine, 2)), embedding)
        x = self.down_16(F.pixel_unshuffle(skip_32, 2))
        for block in self.enc_16:
            x = block(x, embedding)
        skip_16 = x = self.enc_attention_16(x)
        x = self.down_8(F.pixel_unshuffle(x, 2))
        for number, block in enumerate(self.mid):
            x = block(x, embedding)
            if number < len(self.mid_attention):
                x = self.mid_attention[number](x)
        x = skip_16 + F.interpolate(self.up_16(x), scale_factor=2)
        for number, block in enumerate(self.dec_16):
            x = block(x, embedding)
            if number == 0:
                x = self.dec_attention_16(x)
        x = skip_32 + F.interpolate(self.up_32(x), scale_factor=2)
        for block in self.dec_32:
            x = block(x, embedding)
        x = F.pixel_shuffle(self.up_64(F.silu(x)), 2) + self.skip_64(fine)
        return self.out(F.silu(self.norm_out(self.refine(x, embedding))))
