# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interprets an image's alpha channel: either a finished cut-out, or a photo with a background.

Many programs write an alpha channel without a cut-out: screenshots have rounded corners, editors
export layers with an opacity of 98 %, avatars are cropped to a circle. Only the content
distinguishes these from an object on a transparent background.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Alpha = npt.NDArray[np.uint8]
"""H x W uint8; 0 is transparent."""

_MIN_TRANSPARENT = 0.005
"""Share of the frame that must be transparent around an object: less is noise or a corner."""
_FRAMED_BORDER = 0.5
"""Share of the outermost pixels above which the opaque part fills the frame, as a photo with
rounded corners does. A portrait that is cut off by the lower border has a quarter."""
_FILLED_BOX = 0.985
"""Share of its bounding box that an opaque part fills if it is a rectangle."""
_SOFT_FRAME = 0.03
"""Share of the frame with alpha between 10 and 90 % from which a rectangle's edge is a feathered
photo's. The antialiased edge of a cut-out has less than 1 %."""
_CIRCLE = 0.985
"""IoU with the ellipse inscribed in a box from which a shape is that ellipse."""
_VISIBLE = 0.1
"""Opacity, as a fraction of the highest, from which a pixel of a fading photo has a colour."""
_SPECK = 0.002
"""Opaque parts below this share of the largest one are stray pixels."""


@dataclass(frozen=True)
class AlphaMeaning:
    """The interpretation of an alpha channel."""

    is_cut_out: bool
    """Whether it separates an object from its background."""
    reason: str
    """The reason, as part of a sentence after "because"."""
    certain: bool = True
    """False if an object of exactly this shape would give the same alpha channel."""


def alpha_meaning(alpha: Alpha) -> AlphaMeaning:
    """Whether the alpha channel is a finished cut-out, from its content alone.

    Opacity is judged relative to the most opaque part, so that a translucent object, such as a
    render of glass, counts as an object. An alpha channel that is 0 everywhere is not a cut-out.
    """
    solid = solid_part(alpha)
    if (photo := _frame_of_a_photo(alpha, solid)) is not None:
        return photo
    return AlphaMeaning(True, "an object stands on transparency")


def _frame_of_a_photo(alpha: Alpha, solid: npt.NDArray[np.bool_]) -> AlphaMeaning | None:
    """The evidence that the solid part is a whole photo; None if it is an object."""
    transparent = 1 - solid.mean()
    box = _cropped(solid).shape
    rectangle = 0 < solid.sum() >= _FILLED_BOX * box[0] * box[1]
    soft = _is_soft(alpha)
    evidence = (
        (transparent == 0, "it is equally opaque everywhere", True),
        (transparent == 1, "it is transparent everywhere", True),
        (transparent < _MIN_TRANSPARENT, "only a few pixels are transparent", True),
        (border_share(solid) > _FRAMED_BORDER, "its opaque part fills the frame", True),
        (rectangle and (box[0] == solid.shape[0] or box[1] == solid.shape[1]),
         "its opaque part is a rectangle from border to border", False),
        (rectangle and soft, "its opaque part is a rectangle with a soft edge", False),
        (_is_inscribed_circle(solid), "it was cropped to a circle", False),
        (_fades_out(alpha), "its opacity falls off across the frame", False),
        (soft and _is_inscribed_circle(_cropped(solid)),
         "its opaque part is an ellipse with a soft edge", False))
    return next((AlphaMeaning(False, reason, certain) for found, reason, certain in evidence
                 if found), None)


def photo_part(alpha: Alpha) -> npt.NDArray[np.bool_]:
    """H x W: the pixels of a photo with a colour; the others are transparent or a shadow."""
    return alpha > _VISIBLE * float(alpha.max()) if _fades_out(alpha) else solid_part(alpha)


def _is_soft(alpha: Alpha) -> bool:
    """Whether more pixels are partly transparent than those of an antialiased edge."""
    high = float(alpha.max())
    return bool(((alpha > 0.1 * high) & (alpha < 0.9 * high)).mean() > _SOFT_FRAME)


def _fades_out(alpha: Alpha) -> bool:
    """Whether a photo that fills the frame becomes transparent gradually."""
    return _is_soft(alpha) and border_share(alpha > _VISIBLE * float(alpha.max())) > _FRAMED_BORDER


def _cropped(solid: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The box around the set pixels; empty if there are none."""
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not len(rows):
        return solid[:0, :0]
    return solid[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]


def solid_part(alpha: Alpha) -> npt.NDArray[np.bool_]:
    """H x W: pixels with at least half of the highest opacity (99th percentile of visible ones)."""
    shown = alpha[alpha > 8]
    if not shown.size:
        return np.zeros(alpha.shape, bool)
    return alpha > max(0.5 * float(np.percentile(shown, 99)), 8)


def opacity(alpha: Alpha) -> float:
    """Opacity in [0, 1] of the solid part: its median."""
    solid = solid_part(alpha)
    return float(np.median(alpha[solid])) / 255 if solid.any() else 0.0


def border_share(solid: npt.NDArray[np.bool_]) -> float:
    """Share of the outermost pixels that are set."""
    return float(np.concatenate([solid[0], solid[-1], solid[:, 0], solid[:, -1]]).mean())


def touched_borders(solid: npt.NDArray[np.bool_], least: float = 0.02) -> list[str]:
    """The borders ("left", "right", "upper", "lower") of which the object covers this share."""
    sides = {"left": solid[:, 0], "right": solid[:, -1], "upper": solid[0], "lower": solid[-1]}
    return [name for name, pixels in sides.items() if pixels.mean() > least]


def as_solid_object(alpha: Alpha) -> Alpha:
    """The alpha channel of a cut-out, raised so that its solid part is opaque, without specks."""
    solid = solid_part(alpha)
    scale = 1.0 / max(opacity(alpha), 1 / 255)
    raised = np.clip(alpha * scale, 0, 255).round().astype(np.uint8) if scale > 1.02 else alpha
    parts, count = ndimage.label(solid)
    if count < 2:
        return raised
    sizes = np.bincount(parts.ravel())[1:]
    specks = np.isin(parts, np.flatnonzero(sizes < _SPECK * sizes.max()) + 1)
    if not specks.any():
        return raised
    near = ndimage.binary_dilation(specks, iterations=2) & ~(solid & ~specks)
    return np.where(near, np.uint8(0), raised)


def _is_inscribed_circle(solid: npt.NDArray[np.bool_]) -> bool:
    """Whether the set pixels are the ellipse that touches all four borders."""
    height, width = solid.shape
    if not solid.any():
        return False
    y = (np.arange(height)[:, None] + 0.5) / height * 2 - 1
    x = (np.arange(width)[None] + 0.5) / width * 2 - 1
    ellipse = x * x + y * y <= 1
    return (solid & ellipse).sum() >= _CIRCLE * (solid | ellipse).sum()
