# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cross-attention to a single context token, which needs no attention.

The softmax over one key is 1 whatever the query says, so every pixel receives the same: the token's
value, projected out. Queries, keys and weights drop out of the computation, and nothing changes
but the rounding.
"""

from __future__ import annotations

from typing import Any

from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import Tensor


class ConstantAttention:
    """An attention processor of diffusers for layers that may see one context token.

    Args:
        otherwise: does all that isn't one token without a mask.
    """

    def __init__(self, otherwise: Any) -> None:
        self.otherwise = otherwise

    def __call__(self, attn: Attention, hidden_states: Tensor,
                 encoder_hidden_states: Tensor | None = None,
                 attention_mask: Tensor | None = None, temb: Tensor | None = None,
                 *args: Any, **kwargs: Any) -> Tensor:
        """N x pixels x C and N x 1 x D to N x pixels x C, a view of one value per row."""
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


def use_constant_attention(unet: UNet2DConditionModel) -> None:
    """Have the UNet's cross-attention layers spare what one context token makes superfluous.

    For inference: queries and keys of these layers take no part, so training would find them
    unused. Can be called again after other processors were set.
    """
    unet.set_attn_processor({
        name: ConstantAttention(processor)
        if ".attn2." in name and not isinstance(processor, ConstantAttention) else processor
        for name, processor in unet.attn_processors.items()})
