# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Averages the weights of a training's start and end.

    python -m engine.training.shape.average BEFORE AFTER OUT [--share 0.5]

BEFORE, AFTER and OUT are folders with `weights.safetensors`. If a training continues from BEFORE on
other data, the mean of both often does better on each kind of data than either (WiSE-FT, Wortsman
et al. 2022).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ...core.staging import staged_file

FILE = "weights.safetensors"


def average(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor],
            share: float) -> dict[str, torch.Tensor]:
    """The weights `share` of the way from `before` to `after`, in fp16.

    Raises:
        ValueError: if the names or shapes differ.
    """
    shapes = [{name: value.shape for name, value in part.items()} for part in (before, after)]
    if shapes[0] != shapes[1]:
        raise ValueError("the weights belong to different networks")
    return {name: torch.lerp(value.float(), after[name].float(), share).half().contiguous()
            for name, value in before.items()}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Average the weights of two networks.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="share of AFTER, 0 to 1")
    args = parser.parse_args()
    found = average(load_file(args.before / FILE), load_file(args.after / FILE), args.share)
    args.out.mkdir(parents=True, exist_ok=True)
    with staged_file(args.out / FILE) as stage:
        save_file(found, stage)


if __name__ == "__main__":
    main()
