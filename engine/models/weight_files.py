# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selects the files of a network's folder that contain its weights, by their names.

Standard library only.

Sources: the file names that diffusers and transformers write (`diffusion_pytorch_model`, `model`,
`pytorch_model`, with a variant such as `fp16` and a part such as `00001-of-00003`), and those that
are published (`diffusion_pytorch_model.fp16_ema.safetensors`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

_NAME = re.compile(
    r"(?P<stem>diffusion_pytorch_model|pytorch_model|model)"
    r"(?:\.(?P<variant>\w+))?(?:-(?P<part>\d{5})-of-(?P<parts>\d{5}))?(?:\.(?P<late>\w+))?"
    r"\.(?P<ending>safetensors|bin)")
"""A weight file's name. Some versions of diffusers write the variant after the part."""
_RAW = ("non_ema", "nonema", "no_ema", "raw")
"""Variants with the weights of the last training step, without averaging."""


class _Set(NamedTuple):
    """A complete set of weights: one file, or several parts."""

    stem: str
    variant: str
    ending: str
    parts: int
    """Number of parts; 0 for a single file."""

    @property
    def rank(self) -> tuple[int, int]:
        """Sort key, smallest first: averaged weights, then full precision, then safetensors."""
        if self.variant in _RAW:
            preference = 3
        elif "ema" in self.variant:
            preference = 0
        else:
            preference = 2 if self.variant else 1
        return preference, 1 if self.ending == "bin" else 0

    def __str__(self) -> str:
        variant = f".{self.variant}" if self.variant else ""
        return f"{self.stem}{variant}.{self.ending}" + (f" ({self.parts} parts)" * bool(self.parts))


def choose_weights(names: Iterable[str], variant: str | None = None) -> list[str]:
    """Choose the weight files to read from those in a network's folder: one file or all its parts.

    `variant`: preferred variant, such as "fp16", if it exists.

    Raises:
        ValueError: with a message for the user, if there are none, a part is missing, or the
            choice between two sets is ambiguous.
    """
    found: defaultdict[_Set, dict[int, str]] = defaultdict(dict)
    for name in names:
        match = _NAME.fullmatch(name)
        if match:
            key = _Set(match["stem"], match["variant"] or match["late"] or "", match["ending"],
                       int(match["parts"] or 0))
            found[key][int(match["part"] or 0)] = name
    if not found:
        raise ValueError("no weights (.safetensors or .bin) were found")
    ranked = sorted(found, key=lambda one: (one.variant != variant, *one.rank)
                    if variant else one.rank)
    best = ranked[0]
    rivals = [one for one in ranked[1:] if (one.variant, one.rank) == (best.variant, best.rank)]
    if rivals:
        raise ValueError(f"there are two sets of weights, {best} and {rivals[0]}: "
                         "remove the one that should not be used")
    files = found[best]
    lacking = [part for part in range(1, best.parts + 1) if part not in files]
    if lacking:
        raise ValueError(f"part {lacking[0]} of {best.parts} of {best.stem}.{best.ending} is "
                         "missing")
    return [files[part] for part in sorted(files)]
