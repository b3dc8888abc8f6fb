# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The average of two networks' weights."""

from __future__ import annotations

import pytest
import torch

from engine.training.shape.average import average


def test_average_lies_between_both_weights() -> None:
    found = average({"a": torch.zeros(2)}, {"a": torch.tensor([1.0, -4.0])}, 0.25)
    assert found["a"].dtype == torch.float16
    assert found["a"].tolist() == [0.25, -1.0]


def test_average_refuses_weights_of_another_network() -> None:
    with pytest.raises(ValueError, match="different networks"):
        average({"a": torch.zeros(2)}, {"a": torch.zeros(3)}, 0.5)
