# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawn and rendered images with the true silhouette of their object, for measuring cut-outs.

The same code gives the same images on every computer. No photograph and no scanned object is among
them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from engine.training.synthetic.geometry import painted
from engine.training.synthetic.objects import random_object
from engine.training.synthetic.paint import random_lights, random_texture

SIDE = 320
FINE = 3
"""Drawn at this multiple of the size and averaged, so that edges are antialiased."""

Draw = Callable[[ImageDraw.ImageDraw], None]


@dataclass(frozen=True)
class CutOutImage:
    """One image of the set."""

    name: str
    """KIND OBJECT, such as "studio bottle"."""
    rgb: np.ndarray
    """S x S x 3 uint8."""
    mask: np.ndarray
    """S x S bool: the object."""


def cut_out_images(rendered: int = 24) -> Iterator[CutOutImage]:
    """The drawn images and this many rendered ones."""
    yield from drawn_images({f"{kind} {thing}" for kind, _, thing in _DRAWN})
    kinds = list(_RENDERED)
    for number in range(rendered):
        kind = kinds[number % len(kinds)]
        yield _composited(f"rendered on {kind}", _rendered(number), _BACKGROUNDS[_RENDERED[kind]],
                          100 + number)


def drawn_images(names: Container[str]) -> Iterator[CutOutImage]:
    """The drawn images with these names; several have the same name."""
    for number, (kind, background, thing) in enumerate(_DRAWN):
        name = f"{kind} {thing}"
        if name in names:
            yield _composited(name, _drawn(_OBJECTS[thing]), _BACKGROUNDS[background], number)


def as_jpeg(image: CutOutImage, side: int = 560, quality: int = 78) -> CutOutImage:
    """The image mirrored, enlarged and compressed with loss."""
    stream = io.BytesIO()
    Image.fromarray(image.rgb[:, ::-1]).resize((side, side), Image.Resampling.BICUBIC).save(
        stream, "JPEG", quality=quality)
    with Image.open(stream) as lossy:
        rgb = np.asarray(lossy)
    mask = np.asarray(Image.fromarray(image.mask[:, ::-1]).resize((side, side)))
    return CutOutImage(image.name, rgb, mask)


def _composited(name: str, rgba: np.ndarray, background: Callable[..., np.ndarray],
                seed: int) -> CutOutImage:
    """The object (S x S x 4 float, straight alpha) before a background."""
    rng = np.random.default_rng(seed)
    alpha = rgba[..., 3:]
    behind = background(rng, alpha[..., 0])
    rgb = behind * (1 - alpha) + rgba[..., :3] * alpha
    return CutOutImage(name, np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8),
                       alpha[..., 0] > 0.5)


def _drawn(draw: Draw) -> np.ndarray:
    """S x S x 4 float in [0, 1], straight alpha, of a drawing with shading."""
    side = SIDE * FINE
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw(_Scaled(image))
    fine = np.asarray(image, np.float32).reshape(SIDE, FINE, SIDE, FINE, 4) / 255
    alpha = fine[..., 3:].mean((1, 3))
    colour = (fine[..., :3] * fine[..., 3:]).mean((1, 3)) / np.maximum(alpha, 1e-6)
    light = 1.06 - 0.16 * np.linspace(0, 1, SIDE)[None, :, None]  # from the left
    return np.concatenate([np.clip(colour * light, 0, 1), alpha], axis=2)


class _Scaled:
    """An ImageDraw that takes coordinates in parts of the side, times 100."""

    def __init__(self, image: Image.Image) -> None:
        self._draw, self._scale = ImageDraw.Draw(image), SIDE * FINE / 100

    def __getattr__(self, name: str) -> Callable[..., None]:
        method = getattr(self._draw, name)

        def scaled(points: list[float], *values: float, fill: tuple[int, ...] = (0, 0, 0, 0),
                   width: float = 0) -> None:
            keywords = {"width": round(width * self._scale)} if width else {}
            method([value * self._scale for value in points],
                   *[value * self._scale if name == "rounded_rectangle" else value
                     for value in values],
                   fill=(*fill, 255) if len(fill) == 3 else fill, **keywords)

        return scaled


def _rendered(number: int) -> np.ndarray:
    """S x S x 4 float of a random synthetic object."""
    rng = np.random.default_rng((7, number))
    parts = random_object(rng)
    materials = 1 + max(part.material for part in parts)
    thing = painted(parts, [random_texture(rng) for _ in range(materials)])
    image = thing.render(rng.uniform(0, 360), rng.uniform(0, 45), rng.uniform(1.55, 2.1), SIDE,
                         random_lights(rng))
    return image.astype(np.float32) / 255


# Objects; coordinates in parts of the side, times 100.


def _bottle(d: ImageDraw.ImageDraw, glass=(200, 60, 40), label=(240, 220, 120)) -> None:
    d.rounded_rectangle([36, 36, 64, 88], 5, fill=glass)
    d.rectangle([44, 14, 56, 38], fill=(40, 60, 160))
    d.rectangle([41, 52, 59, 70], fill=label)


def _white_bottle(d: ImageDraw.ImageDraw) -> None:
    _bottle(d, glass=(238, 238, 236), label=(90, 150, 90))


def _chair(d: ImageDraw.ImageDraw) -> None:
    for x in (30, 66):
        d.rectangle([x, 15, x + 4, 86], fill=(110, 70, 30))
    for y in (15, 29, 43, 56, 75):
        d.rectangle([30, y, 70, y + 3.5], fill=(110, 70, 30))


def _ring(d: ImageDraw.ImageDraw) -> None:
    d.ellipse([20, 20, 80, 80], fill=(200, 60, 40))
    d.ellipse([38, 38, 62, 62])


def _face(d: ImageDraw.ImageDraw) -> None:
    d.ellipse([25, 16, 75, 84], fill=(236, 236, 236))
    for x in (41, 55):
        d.ellipse([x, 36, x + 6, 42], fill=(40, 40, 40))


def _bust(d: ImageDraw.ImageDraw, shirt=(40, 60, 120)) -> None:
    d.ellipse([14, 57, 86, 150], fill=shirt)
    d.rectangle([43, 46, 57, 60], fill=(215, 170, 140))
    d.ellipse([35, 14, 65, 50], fill=(225, 180, 150))
    d.ellipse([34, 11, 66, 29], fill=(60, 40, 30))


def _light_bust(d: ImageDraw.ImageDraw) -> None:
    _bust(d, shirt=(205, 210, 190))


def _corner_box(d: ImageDraw.ImageDraw) -> None:
    d.rectangle([45, 40, 100, 100], fill=(190, 40, 40))
    d.rectangle([58, 55, 85, 75], fill=(240, 240, 240))
    d.polygon([45, 40, 57, 30, 100, 30, 100, 40], fill=(140, 30, 30))


def _camera(d: ImageDraw.ImageDraw) -> None:
    d.rounded_rectangle([18, 34, 82, 74], 4, fill=(34, 33, 36))
    d.rectangle([40, 27, 60, 35], fill=(46, 44, 44))
    d.ellipse([36, 38, 64, 68], fill=(120, 120, 130))
    d.ellipse([42, 44, 58, 62], fill=(30, 40, 90))
    d.rectangle([22, 38, 32, 42], fill=(200, 40, 40))


def _lamp(d: ImageDraw.ImageDraw) -> None:
    d.polygon([36, 14, 64, 14, 76, 44, 24, 44], fill=(235, 200, 110))
    d.rectangle([48, 44, 52, 80], fill=(38, 36, 36))
    d.ellipse([32, 76, 68, 88], fill=(38, 36, 36))


def _mug(d: ImageDraw.ImageDraw, paint=(60, 120, 190)) -> None:
    d.ellipse([58, 34, 84, 66], fill=paint)
    d.ellipse([64, 40, 78, 60])
    d.rounded_rectangle([24, 24, 66, 78], 4, fill=paint)
    d.ellipse([24, 18, 66, 31], fill=tuple(v // 2 for v in paint))


def _white_mug(d: ImageDraw.ImageDraw) -> None:
    _mug(d, paint=(232, 230, 226))


def _table(d: ImageDraw.ImageDraw) -> None:
    d.polygon([24, 30, 76, 30, 90, 46, 10, 46], fill=(150, 100, 55))
    d.rectangle([10, 46, 90, 50], fill=(120, 80, 40))
    for x in (12, 84):
        d.rectangle([x, 50, x + 4, 86], fill=(110, 70, 35))
    for x in (27, 69):
        d.rectangle([x, 50, x + 3, 74], fill=(95, 60, 30))


def _plant(d: ImageDraw.ImageDraw) -> None:
    d.polygon([38, 64, 62, 64, 58, 88, 42, 88], fill=(180, 90, 60))
    d.rectangle([48.5, 40, 51.5, 66], fill=(80, 110, 40))
    for x, y, w in ((25, 22, 24), (50, 16, 26), (34, 36, 20), (52, 38, 22)):
        d.ellipse([x, y, x + w, y + w * 0.8], fill=(50, 120 + int(w), 50))


def _scissors(d: ImageDraw.ImageDraw) -> None:
    d.polygon([20, 15, 26, 13, 58, 60, 50, 64], fill=(150, 155, 165))
    d.polygon([80, 15, 74, 13, 42, 60, 50, 64], fill=(170, 175, 185))
    for x in (28, 54):
        d.ellipse([x, 60, x + 20, 86], fill=(200, 60, 30))
        d.ellipse([x + 5, 65, x + 15, 81])


def _car(d: ImageDraw.ImageDraw) -> None:
    d.polygon([10, 60, 12, 48, 30, 44, 42, 32, 68, 32, 80, 46, 92, 50, 92, 62], fill=(40, 90, 170))
    d.polygon([36, 44, 44, 35, 54, 35, 54, 44], fill=(190, 215, 225))
    d.polygon([57, 44, 57, 35, 67, 35, 75, 44], fill=(190, 215, 225))
    for x in (20, 68):
        d.ellipse([x, 53, x + 15, 68], fill=(28, 28, 28))
        d.ellipse([x + 4, 57, x + 11, 64], fill=(180, 180, 180))


def _teddy(d: ImageDraw.ImageDraw) -> None:
    brown = (150, 105, 60)
    for box in ([30, 12, 42, 24], [58, 12, 70, 24], [32, 14, 68, 46], [28, 42, 72, 84],
                [18, 46, 34, 66], [66, 46, 82, 66], [24, 74, 44, 90], [56, 74, 76, 90]):
        d.ellipse(box, fill=brown)
    d.ellipse([42, 30, 58, 42], fill=(205, 170, 120))
    d.ellipse([46, 32, 54, 37], fill=(30, 20, 20))
    for x in (41, 56):
        d.ellipse([x, 24, x + 3, 28], fill=(20, 20, 20))


def _vase(d: ImageDraw.ImageDraw) -> None:
    d.polygon([42, 14, 58, 14, 55, 30, 70, 52, 66, 78, 58, 88, 42, 88, 34, 78, 30, 52, 45, 30],
              fill=(226, 222, 214))
    d.rectangle([33, 50, 67, 56], fill=(120, 140, 180))


_OBJECTS: dict[str, Draw] = {
    "bottle": _bottle, "white bottle": _white_bottle, "chair": _chair, "ring": _ring,
    "face": _face, "bust": _bust, "light bust": _light_bust, "box in a corner": _corner_box,
    "camera": _camera, "lamp": _lamp, "mug": _mug, "white mug": _white_mug, "table": _table,
    "plant": _plant, "scissors": _scissors, "car": _car, "teddy": _teddy, "vase": _vase}


# Backgrounds: S x S x 3 float in [0, 1] from (random numbers, the object's alpha).


def _flat(*colour: int, noise: float = 0.0) -> Callable[..., np.ndarray]:
    def background(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
        behind = np.broadcast_to(np.array(colour, np.float32) / 255, (SIDE, SIDE, 3))
        return behind + rng.normal(0, noise, (SIDE, SIDE, 3)) if noise else behind

    return background


def _studio(brightness: float = 0.98, vignette: float = 0.28, shadow: float = 0.35,
            tint: tuple[float, float, float] = (1, 1, 1)) -> Callable[..., np.ndarray]:
    """A backdrop with darker corners and a soft shadow under the object."""
    def background(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
        y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
        light = brightness * (1 - vignette * 2 * (x * x + y * y))
        rows, columns = np.nonzero(alpha > 0.5)
        low, middle = rows.max() / SIDE - 0.5, (columns.min() + columns.max()) / 2 / SIDE - 0.5
        width = max(np.ptp(columns) / SIDE, 0.2)
        light = light - shadow * np.exp(-(((x - middle - 0.04) / (0.6 * width)) ** 2
                                          + ((y - low) / 0.055) ** 2))
        noise = rng.normal(0, 0.004, (SIDE, SIDE, 3))
        return light[..., None] * np.array(tint, np.float32) + noise

    return background


def _gradient(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Callable[..., np.ndarray]:
    def background(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
        mix = np.linspace(0, 1, SIDE)[:, None, None]
        rgb = np.array(top) * (1 - mix) + np.array(bottom) * mix
        return np.broadcast_to(rgb / 255, (SIDE, SIDE, 3)) + rng.normal(0, 0.004, (SIDE, SIDE, 3))

    return background


def _room(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
    """A wall above a wooden floor, out of focus."""
    wall, floor = np.array([205, 200, 185]) / 255, np.array([150, 115, 80]) / 255
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    mix = 1 / (1 + np.exp(-(y - 0.68) * 60))[..., None]
    grain = ndimage.gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), (1, 14)) * 0.12
    return wall * (1 - mix) + (floor + grain[..., None]) * mix + 0.03 * (x - 0.5)[..., None]


def _texture(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
    """Grass or carpet: fine noise of one hue."""
    noise = ndimage.gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), 1.2)
    return np.array([0.35, 0.45, 0.3]) * (1 + 0.45 * noise[..., None])


def _bokeh(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
    """Coloured lights out of focus."""
    image = Image.new("RGB", (SIDE, SIDE), (60, 70, 80))
    draw = ImageDraw.Draw(image)
    for _ in range(30):
        x, y, r = rng.integers(0, SIDE), rng.integers(0, SIDE), rng.integers(10, 40)
        draw.ellipse([x - r, y - r, x + r, y + r], fill=tuple(rng.integers(60, 170, 3).tolist()))
    return ndimage.gaussian_filter(np.asarray(image, np.float32) / 255, (9, 9, 0))


_BACKGROUNDS: dict[str, Callable[..., np.ndarray]] = {
    "white": _flat(255, 255, 255), "paper": _flat(250, 249, 246, noise=0.006),
    "grey": _flat(235, 235, 235), "middle grey": _flat(128, 128, 128, noise=0.01),
    "blue": _flat(120, 150, 190), "green": _flat(60, 160, 70), "black": _flat(6, 6, 7),
    "night": _flat(10, 10, 12, noise=0.006), "studio": _studio(),
    "warm studio": _studio(0.9, 0.4, 0.3, (1, 0.95, 0.88)),
    "dark studio": _studio(0.4, 0.3, 0.15, (0.9, 0.95, 1)),
    "sky": _gradient((120, 170, 230), (225, 235, 245)),
    "backdrop": _gradient((90, 90, 95), (190, 190, 195)),
    "room": _room, "texture": _texture, "bokeh": _bokeh}

_DRAWN: list[tuple[str, str, str]] = [
    *[("on white", "white", thing) for thing in
      ("bottle", "face", "white bottle", "white mug", "chair", "plant", "teddy", "scissors",
       "vase", "car")],
    *[("on paper", "paper", thing) for thing in ("white mug", "mug", "vase", "table")],
    *[("portrait on", "grey", thing) for thing in ("bust", "light bust", "box in a corner")],
    *[("portrait in", "warm studio", thing) for thing in ("bust",)],
    *[("corner on", "blue", thing) for thing in ("box in a corner",)],
    *[("on blue", "blue", thing) for thing in ("chair", "ring", "mug", "bust")],
    *[("on green", "green", thing) for thing in ("ring", "scissors", "teddy")],
    *[("studio", "studio", thing) for thing in
      ("bottle", "white bottle", "mug", "vase", "table", "car", "chair", "lamp")],
    *[("warm studio", "warm studio", thing) for thing in ("teddy", "plant", "white mug")],
    *[("dark studio", "dark studio", thing) for thing in ("bottle", "lamp", "vase")],
    *[("black on", "black", thing) for thing in ("camera", "lamp", "car")],
    *[("black on", "night", thing) for thing in ("camera", "lamp")],
    *[("gradient", "sky", thing) for thing in ("car", "plant")],
    *[("gradient", "backdrop", thing) for thing in ("camera", "ring")],
    *[("in a room", "room", thing) for thing in ("bottle", "teddy", "mug")],
    *[("on texture", "texture", thing) for thing in ("mug", "bottle")],
    *[("before lights", "bokeh", thing) for thing in ("vase", "teddy")]]
"""(kind, background, object)."""

_RENDERED = {"white": "white", "paper": "paper", "studio": "studio", "warm studio": "warm studio",
             "grey": "middle grey", "black": "black", "sky": "sky", "room": "room",
             "lights": "bokeh", "backdrop": "backdrop", "green": "green", "texture": "texture"}
"""Name of the kind and background of the rendered images, in turn."""
