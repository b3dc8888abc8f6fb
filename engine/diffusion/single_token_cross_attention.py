# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cross-attention to a single context token without computing attention.

The softmax over one key is 1 whatever the query is, so every pixel receives the same value: the
token's, projected. Queries, keys and attention weights are not needed. The result differs from the
full computation only by rounding.
"""

from __future__ import annotations

from typing import Any

from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import Tensor


class SingleTokenCrossAttention:
    """An attention processor of diffusers for layers that see one context token.

    Args:
        otherwise: the processor for every other case, such as more tokens or a mask.
    """

    def __init__(self, otherwise: Any) -> None:
        self.otherwise = otherwise

    def __call__(self, attn: Attention, hidden_states: Tensor,
                 encoder_hidden_states: Tensor | None = None,
                 attention_mask: Tensor | None = None, temb: Tensor | None = None,
                 *args: Any, **kwargs: Any) -> Tensor:
        """(n, pixels, c) and a token (n, 1, d) to (n, pixels, c), a broadcast view."""
        if (encoder_hidden_states is None or encoder_hidden_states.shape[1] != 1
                or attention_mask is not None or hidden_states.ndim != 3
                or attn.residual_connection or attn.spatial_norm is not None):
            return self.otherwise(attn, hidden_states, encoder_hidden_states, attention_mask, temb,
                                  *args, **kwargs)
        if attn.norm_cross:
            encoder_hidden_states = attn.norm_encoder_hidden_states(encoder_hidden_states)
        value = attn.to_v(encoder_hidden_states)
        for layer in attn.to_out:
            value = layer(value)
        return (value / attn.rescale_output_factor).expand(-1, hidden_states.shape[1], -1)


def use_single_token_cross_attention(unet: UNet2DConditionModel) -> None:
    """Replace the processors of the UNet's cross-attention layers.

    For inference only: the queries and keys of these layers would receive no gradient. May be
    called again after other processors were set.
    """
    unet.set_attn_processor({
        name: SingleTokenCrossAttention(processor)
        if ".attn2." in name and not isinstance(processor, SingleTokenCrossAttention)
        else processor for name, processor in unet.attn_processors.items()})
