# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames an image like the networks' training images: one centred object in a square.

The training cameras are 1.5 to 2.2 away from an object of size 1, which then fills 0.52 to 0.77
of the image. Every object is shown as from the middle of this range, unless its image is framed in
this way already. The alternative, to keep any framing within the range and convert the object's
share into a radius, was measured: nano then makes different meshes of one image at shares of 0.55
and 0.625 (IoU 0.82 and 0.89 for two synthetic objects, one size 14 % off), while recentred images
agree (0.94 and 0.95, sizes within 2.3 %).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from ..camera import DEFAULT_RADIUS
from ..core.errors import EngineError, ErrorCode
from .alpha import RGBA8, PremultipliedRGBA, on_white, premultiplied
from .reading import load_image
from .segmentation import CutOut, cut_out

OBJECT_FRACTION = 0.625
"""Longer side of the object's silhouette over the image's side at the default radius.

Seen with FOV 49.13 degrees, an object of longest side 1 fills 1.15 / radius of the frame (median
over training views), so this is what the default radius of 1.85 shows. The original's 200/256
would correspond to a camera at 1.48, closer than any in training, and make every mesh a quarter too
large for its unit box.
"""
TRAINED_SHARE = (0.52, 0.77)
"""The object's share of the side at the training distances, 1.15 / 2.2 and 1.15 / 1.5."""
@dataclass(frozen=True)
class ObjectShare:
    """Size of objects in a model's training images, as a fraction of the image's side."""

    at_default_radius: float = OBJECT_FRACTION
    """Size at a distance of `camera.DEFAULT_RADIUS`."""
    trained: tuple[float, float] = TRAINED_SHARE
    """Smallest and largest size."""

    def at(self, radius: float) -> float:
        """Share of an object of size 1 for a camera at this distance, at most 1."""
        return min(self.at_default_radius * DEFAULT_RADIUS / radius, 1.0)


ZERO123_SHARE = ObjectShare()
"""Sizes for the original's training cameras, which all families have so far."""
SEPARATE_OBJECT = 0.15
"""Area of a separate part of the cut-out, as a fraction of the largest one, from which it is
another object, such as the second of a pair of shoes, but not a bicycle's bell or a stray leaf."""
MAX_SCALING = 0.03
"""Relative difference from the wanted share up to which an image keeps its framing: meshes differ
by as much from one seed to the next."""
MAX_OFFSET = 0.03
"""Distance between the object's and the image's centre, per axis, as a fraction of the side, up to
which an image keeps its framing: silhouettes of centred training objects are nearly centred."""
MAX_SIDE = 2048
"""Largest side at which the object is detected, pixels; larger images only take more time."""
SMALL_OBJECT = 96
"""Pixels along the object's longer side below which the result has little detail; nano's input
has 80."""


@dataclass(frozen=True)
class PreparedImage:
    """A square image for the networks, with the object framed as by its camera."""

    premultiplied: PremultipliedRGBA
    """S x S x 4."""
    radius: float
    """Distance of the camera that corresponds to this framing, in scene units."""
    report: dict[str, Any]
    """Description of the cut-out and framing as plain JSON (see `FramedImage.report`)."""

    @cached_property
    def rgb(self) -> npt.NDArray[np.float32]:
        """S x S x 3 in [0, 1], sRGB, on white."""
        return on_white(self.premultiplied)

    @property
    def alpha(self) -> npt.NDArray[np.float32]:
        """S x S in [0, 1]; 0 is background."""
        return self.premultiplied[..., 3]


@dataclass(frozen=True)
class FramedImage:
    """A decoded, cut out and framed image, which can be resized for each network."""

    rgba: RGBA8
    """S x S x 4, straight alpha."""
    radius: float
    """Distance of the camera, as for `PreparedImage`."""
    cut: CutOut
    """The cut-out, with the method by which it was found."""
    framing: str
    """"kept" or "recentred"."""
    share: float
    """The object's longer side as a fraction of the image's longer side, before framing."""
    centre: tuple[float, float]
    """Centre (x, y) of the object's box before framing; (0.5, 0.5) is the image's centre."""
    notes: list[str] = field(default_factory=list)
    """Sentences for the user, about the framing."""
    elevation_deg: float = 0.0
    """Elevation of the camera that took the image, degrees above the horizon; 0 until known."""
    camera: dict[str, Any] = field(default_factory=dict)
    """Description of the elevation's source as plain JSON, for the report."""

    @property
    def report(self) -> dict[str, Any]:
        """The processing as plain JSON, for `views.json`, `report.json` and the panel."""
        return {**self.cut.report, "framing": self.framing, "object_share": round(self.share, 3),
                "object_centre": [round(value, 3) for value in self.centre], **self.camera,
                "notes": [*self.cut.notes, *self.notes]}

    def at(self, size: int) -> PreparedImage:
        """The image at size x size pixels."""
        return PreparedImage(resize_premultiplied(self.rgba, size), self.radius, self.report)


def frame_image(path: str | Path, *, framing: str = "auto", radius: float = DEFAULT_RADIUS,
                alpha: str = "auto", segmentation_model: Path | None = None,
                model: ObjectShare = ZERO123_SHARE) -> FramedImage:
    """Read, cut out and frame the image in a file.

    Args:
        framing: "auto" recentres unless the object is centred and as large as seen from
            `radius` already (`MAX_OFFSET`, `MAX_SCALING`); "fit" always recentres; "keep" never
            does.
        radius: distance of the camera that took the image, in scene units, which determines the
            size of a recentred object.
        alpha: "auto", "trust" or "ignore", see `cut_out`.
        segmentation_model: ONNX file of U-2-Net; None cuts out by colour alone.
        model: size of the object in the training images of the model that receives the image.

    Raises:
        EngineError: `BAD_INPUT` if the image cannot be read or shows no object.
    """
    image = load_image(path)
    try:
        cut = cut_out(_at_most(image.rgba, MAX_SIDE), segmentation_model, alpha=alpha)
    except EngineError as error:
        raise EngineError(error.code, error.message.replace("the image", str(path), 1),
                          error.hint) from error
    return frame_cut_out(replace(cut, notes=[*image.notes, *cut.notes]), framing, radius, model)


def frame_cut_out(cut: CutOut, framing: str = "auto", radius: float = DEFAULT_RADIUS,
                  model: ObjectShare = ZERO123_SHARE) -> FramedImage:
    """Frame an object that has been cut out; arguments as for `frame_image`."""
    square = pad_to_square(cut.rgba)
    share, centre = object_share(square)
    offset = max(abs(centre[0] - 0.5), abs(centre[1] - 0.5))
    wanted = model.at(radius)
    low, high = model.trained
    as_wanted = abs(share / wanted - 1) <= MAX_SCALING and offset <= MAX_OFFSET
    notes = []
    if framing == "keep" or (framing == "auto" and as_wanted):
        kept, what = square, "kept"
        if not low <= share <= high or offset > MAX_OFFSET:
            notes.append(f"The object fills {share:.0%} of the image, {offset:.0%} off its "
                         "centre; the models were trained on centred objects of "
                         f"{low:.0%} to {high:.0%}.")
    else:
        kept, what = frame_object(cut.rgba, wanted), "recentred"
    pixels = share * max(cut.rgba.shape[:2])
    if pixels < SMALL_OBJECT:
        notes.append(f"The object is only {pixels:.0f} pixels large; a larger image gives more "
                     "detail.")
    if (count := count_objects(cut.rgba)) > 1:
        notes.append(f"The image shows {count} separate objects, which become one result; crop it "
                     "to one of them for a better shape.")
    return FramedImage(kept, radius, cut, what, share, centre, notes)


def load_input(path: str | Path, *, size: int, framing: str = "auto",
               radius: float = DEFAULT_RADIUS, alpha: str = "auto",
               segmentation_model: Path | None = None) -> PreparedImage:
    """The image in a file, ready for a pipeline of `size` pixels; see `frame_image`."""
    return frame_image(path, framing=framing, radius=radius, alpha=alpha,
                       segmentation_model=segmentation_model).at(size)


def count_objects(rgba: RGBA8) -> int:
    """Number of parts of a cut-out that do not touch and are large enough to be objects."""
    parts, _ = ndimage.label(rgba[..., 3] > 127, structure=np.ones((3, 3)))
    sizes = np.bincount(parts.ravel())[1:]
    return int((sizes >= SEPARATE_OBJECT * sizes.max(initial=1)).sum())


def object_share(rgba: RGBA8) -> tuple[float, tuple[float, float]]:
    """(longer side of the object's box, its centre (x, y)), relative to a square image's side."""
    left, top, right, bottom = object_box(rgba)
    side = max(rgba.shape[:2])
    return (max(right - left, bottom - top) / side,
            ((left + right) / 2 / side, (top + bottom) / 2 / side))


def pad_to_square(rgba: RGBA8) -> RGBA8:
    """The image in the middle of a transparent square; a square image as it is."""
    height, width = rgba.shape[:2]
    if height == width:
        return rgba
    side = max(height, width)
    x, y = (width - side) // 2, (height - side) // 2
    return np.asarray(Image.fromarray(rgba).crop((x, y, x + side, y + side)))


def frame_object(rgba: RGBA8, object_fraction: float = OBJECT_FRACTION) -> RGBA8:
    """The square around the object (alpha above one half), which fills this part of it.

    The square may reach beyond the image; there it is transparent.
    """
    left, top, right, bottom = object_box(rgba)
    side = max(1, round(max(right - left, bottom - top) / object_fraction))
    x, y = round((left + right - side) / 2), round((top + bottom - side) / 2)
    return np.asarray(Image.fromarray(rgba).crop((x, y, x + side, y + side)))


def object_box(rgba: RGBA8) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the pixels with alpha above one half, right and bottom past it.

    Raises:
        EngineError: `BAD_INPUT` if there are none.
    """
    rows, columns = np.nonzero(rgba[..., 3] > 127)
    if not len(rows):
        raise EngineError(ErrorCode.BAD_INPUT, "the image shows no object",
                          "use an image that shows an object")
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def resize_premultiplied(rgba: RGBA8, size: int) -> PremultipliedRGBA:
    """The image at size x size pixels; the aspect ratio is not kept."""
    resized = Image.fromarray(rgba).resize((size, size), Image.Resampling.LANCZOS)
    return premultiplied(np.asarray(resized, np.float32) / 255)


def recentre(rgba: RGBA8, canvas: int = 256, object_size: int = 200) -> npt.NDArray[np.uint8]:
    """The original's recentring (`load_and_preprocess` of its `ldm/util.py`), with equal bytes.

    Hard alpha at one half, crop to the object, shrink (never enlarge) its longer side to
    `object_size`, paste in the middle of white. Returns canvas x canvas x 3.
    """
    left, top, right, bottom = object_box(rgba)
    rgb = np.where(rgba[..., 3:] > 127, rgba[..., :3], np.uint8(255))
    thing = Image.fromarray(rgb[top:bottom, left:right])
    thing.thumbnail((object_size, object_size), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (canvas, canvas), "white")
    page.paste(thing, ((canvas - thing.width) // 2, (canvas - thing.height) // 2))
    return np.asarray(page)


def _at_most(rgba: RGBA8, side: int) -> RGBA8:
    """The image, shrunk if it is larger."""
    image = Image.fromarray(rgba)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)
