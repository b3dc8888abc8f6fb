# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of synthetic household objects, each with random proportions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...mesh.triangles import FloatArray
from .geometry import (
    BOX,
    Part,
    box,
    cylinder,
    ellipsoid,
    lathe,
    rotation_about,
    sweep,
)

ObjectKind = Callable[[np.random.Generator], list[Part]]
"""Draws the parts of one object of a kind."""
X, Y, Z = 0, 1, 2
"""Indices of the axes."""


def random_object(rng: np.random.Generator) -> list[Part]:
    """The parts of a random object; its bounding box is centred and has the longest side 1, Z is
    up.
    """
    weights = np.array([weight for _, weight in OBJECT_KINDS], float)
    kind, _ = OBJECT_KINDS[rng.choice(len(OBJECT_KINDS), p=weights / weights.sum())]
    parts = kind(rng)
    turn = rotation_about(Z, rng.uniform(0, 360))
    return normalised([part.moved(turn, np.zeros(3)) for part in parts])


def normalised(parts: list[Part]) -> list[Part]:
    """The parts, moved and scaled together so that their box is centred with longest side 1."""
    vertices = np.concatenate([part.vertices for part in parts])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    scale = np.full(3, 1 / (high - low).max())
    return [part.moved(np.eye(3), -(low + high) / 2).scaled(scale) for part in parts]


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _laid(rng: np.random.Generator, parts: list[Part], probability: float) -> list[Part]:
    """The parts, with some probability laid on their side."""
    if rng.random() >= probability:
        return parts
    turn = rotation_about(int(rng.integers(2)), 90) @ rotation_about(Z, rng.uniform(0, 360))
    return [part.moved(turn, np.zeros(3)) for part in parts]


def _curve(rng: np.random.Generator, count: int, low: float, high: float) -> FloatArray:
    """A random smooth sequence of `count` numbers: a cubic through five drawn ones."""
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(np.linspace(0, 1, 5), rng.uniform(low, high, 5))
    return spline(np.linspace(0, 1, count)).clip(low * 0.8, high * 1.2)


def carton(rng: np.random.Generator) -> list[Part]:
    """A box, sometimes with rounded edges."""
    size = np.array([_log_uniform(rng, 0.15, 1) for _ in range(3)])
    exponent = BOX * 4 if rng.random() < 0.7 else rng.uniform(4, 10)
    return [box(size, 0, exponent)]


def can(rng: np.random.Generator) -> list[Part]:
    """A cylinder, round or nearly square, with or without a protruding lid."""
    radius, height = 0.5, _log_uniform(rng, 0.2, 3.5)
    exponent = 2.0 if rng.random() < 0.7 else rng.uniform(2.5, 6)
    aspect = np.array([1, 1 if rng.random() < 0.6 else rng.uniform(0.4, 1), 1])
    half = height / 2
    rim = rng.uniform(0, 0.06)
    body = lathe([(0, -half), (radius, -half), (radius, half), (radius - rim, half),
                  (radius - rim, half - rim), (0, half - rim)], 0, exponent)
    parts = [body.scaled(aspect)]
    if rng.random() < 0.35:
        lid = rng.uniform(0.05, 0.3)
        wide = radius * rng.uniform(0.85, 1.06)
        top = lathe([(0, half), (wide, half), (wide, half + lid), (0, half + lid)], 1, exponent)
        parts.append(top.scaled(aspect))
    return _laid(rng, parts, 0.2)


def bottle(rng: np.random.Generator) -> list[Part]:
    """A body, a shoulder, a neck and a cap."""
    height, radius = 1.0, rng.uniform(0.12, 0.3)
    neck, shoulder = radius * rng.uniform(0.2, 0.75), rng.uniform(0.45, 0.8)
    neck_at = min(shoulder + rng.uniform(0.03, 0.25), 0.92)
    t = np.linspace(0, 1, 9)
    blend = (1 - np.cos(np.pi * t)) / 2 if rng.random() < 0.5 else np.sqrt(t)
    waist = 1 + (rng.uniform(-0.25, 0.1) if rng.random() < 0.4 else 0) * np.sin(np.pi * t)
    profile = [(0.0, 0.0), (radius, 0.0)]
    profile += list(zip(radius * waist, shoulder * t, strict=True))
    profile += list(zip(radius + (neck - radius) * blend, shoulder + (neck_at - shoulder) * t,
                        strict=True))
    profile += [(neck, height * 0.94), (0, height * 0.94)]
    exponent = 2.0 if rng.random() < 0.5 else rng.uniform(2.3, 5)
    aspect = np.array([1, rng.uniform(0.45, 1) if rng.random() < 0.6 else 1, 1])
    radii, z = np.array(profile).T
    body = sweep(np.stack([np.zeros_like(z), z], 1), radii, 0, exponent, end_rings=2)
    wide = neck * rng.uniform(1, 1.3)
    cap = lathe([(0, neck_at + 0.02), (wide, neck_at + 0.02),
                 (wide * rng.uniform(0.4, 1), height + rng.uniform(0, 0.1)),
                 (0, height + rng.uniform(0.1, 0.15))], 1)
    return _laid(rng, [body.scaled(aspect), cap], 0.2)


def bowl(rng: np.random.Generator) -> list[Part]:
    """An open vessel with an inside: plate, bowl, cup, pot; some with a handle."""
    depth, foot = _log_uniform(rng, 0.08, 1.3), rng.uniform(0.25, 0.9)
    bulge, wall = rng.uniform(0.5, 2.5), rng.uniform(0.02, 0.06)
    t = np.linspace(0, 1, 10)
    outer = 0.5 * (foot + (1 - foot) * t**(1 / bulge))
    inside = outer - wall
    profile = [(0, 0), *zip(outer, depth * t, strict=True),
               *zip(inside[::-1], (wall + (depth - wall) * t)[::-1], strict=True), (0, wall)]
    radii, z = np.array(profile).T
    vessel = sweep(np.stack([np.zeros_like(z), z], 1), radii, 0)
    if depth < 0.5 or rng.random() < 0.5:
        return [vessel]
    angle = np.linspace(-np.pi / 2, np.pi / 2, 14)
    size = depth * rng.uniform(0.25, 0.4)
    path = np.stack([outer[5] - 0.02 + size * 0.9 * np.cos(angle),
                     depth * 0.5 + size * np.sin(angle)], 1)
    radius = np.full(14, rng.uniform(0.03, 0.07))
    radius[[0, -1]] = 0
    return [vessel, sweep(path, radius, 0)]


def ball(rng: np.random.Generator) -> list[Part]:
    """A ball or an ellipsoid."""
    size = np.ones(3) if rng.random() < 0.5 else rng.uniform(0.5, 1, 3)
    return [ellipsoid(size)]


def fruit(rng: np.random.Generator) -> list[Part]:
    """A smooth body of revolution, mostly lying, some with a stalk."""
    t = np.linspace(0, 1, 25)
    envelope = np.sin(np.pi * t) ** rng.uniform(0.4, 0.8)
    radius = envelope * _curve(rng, 25, 0.25, 0.5)
    radius[[0, -1]] = 0
    parts = [lathe(list(zip(radius, t * rng.uniform(0.6, 1.2), strict=True)), 0, smooth=True)]
    top = parts[0].vertices[:, 2].max()
    if rng.random() < 0.4:
        stalk = cylinder(0.02, 0.14, 1)
        parts.append(stalk.moved(np.eye(3), np.array([0, 0, top + 0.03])))
    tilt = rotation_about(Y, rng.uniform(0, 180) if rng.random() < 0.6 else 0)
    return [part.moved(tilt, np.zeros(3)) for part in parts]


def bent(rng: np.random.Generator) -> list[Part]:
    """A bent rod of changing thickness, as a banana or a hook, lying or standing."""
    reach = np.radians(rng.uniform(30, 220))
    angle = np.linspace(-reach / 2, reach / 2, 25)
    path = np.stack([np.cos(angle), np.sin(angle)], 1)
    thickness = np.sin(np.pi * np.linspace(0.04, 0.96, 25)) ** rng.uniform(0.1, 0.8)
    radius = thickness * reach * rng.uniform(0.04, 0.14)
    radius[[0, -1]] = 0
    part = sweep(path, radius, 0, rng.uniform(2, 3))
    turn = rotation_about(X, 90 if rng.random() < 0.6 else 0) @ rotation_about(Y, 90)
    return [part.moved(turn, np.zeros(3))]


def tool(rng: np.random.Generator) -> list[Part]:
    """A handle, a shaft and a head in a row, lying: cutlery, screwdriver, brush, hammer."""
    t = np.linspace(0, 1, 20)
    grip = _curve(rng, 20, 0.025, 0.07)
    grip[[0, -1]] = 0
    length = rng.uniform(0.3, 0.7)
    handle = sweep(np.stack([t * length, np.zeros(20)], 1), grip, 0, rng.uniform(2, 4))
    flat = np.array([1, 1, rng.uniform(0.4, 1)])
    shaft_end = length + rng.uniform(0.02, 0.45)
    thin = rng.uniform(0.3, 0.9) * grip[10]
    shaft = sweep(np.array([[length * 0.9, 0], [length * 0.9, 0], [shaft_end, 0], [shaft_end, 0]]),
                  np.array([0, thin, thin, 0]), 1)
    parts = [handle.scaled(flat), shaft]
    kind = rng.integers(5)
    at = np.array([shaft_end, 0, 0])
    if kind == 0:
        parts.append(ellipsoid([rng.uniform(0.1, 0.3), rng.uniform(0.06, 0.2),
                                rng.uniform(0.015, 0.08)], 1).moved(np.eye(3), at))
    elif kind == 1:
        size = [rng.uniform(0.06, 0.3), rng.uniform(0.05, 0.25), rng.uniform(0.012, 0.1)]
        parts.append(box(size, 1).moved(np.eye(3), at))
    elif kind == 2:
        head = cylinder(rng.uniform(0.03, 0.07), rng.uniform(0.12, 0.35), 1)
        parts.append(head.moved(rotation_about(X, rng.choice([0, 90])), at))
    elif kind == 3:
        angle = np.linspace(0, rng.uniform(4, 2 * np.pi), 25)
        ring = rng.uniform(0.06, 0.12)
        path = np.stack([-ring * np.cos(angle), ring * np.sin(angle)], 1)
        loop = sweep(path, np.full(25, ring * rng.uniform(0.15, 0.4)), 1)
        parts.append(loop.moved(rotation_about(X, 90), at + [ring, 0, 0]))
    turn = rotation_about(Y, rng.normal(0, 8)) @ rotation_about(X, rng.choice([0, 0, 90]))
    return [part.moved(turn, np.zeros(3)) for part in parts]


def block(rng: np.random.Generator) -> list[Part]:
    """A toy brick: a box with knobs on a grid; some have an arch below or a second storey."""
    columns, rows, height = rng.integers(1, 6), rng.integers(1, 4), rng.uniform(0.3, 1.2)
    size = np.array([columns, rows, height])
    if columns > 2 and rng.random() < 0.35:
        leg = rng.uniform(0.5, 1)
        upper = size * [1, 1, 0.5]
        parts = [box(upper, 0).moved(np.eye(3), np.array([0, 0, height * 0.25]))]
        parts += [box([leg, rows, height], 0).moved(np.eye(3), np.array([x, 0, 0]))
                  for x in (-(columns - leg) / 2, (columns - leg) / 2)]
    else:
        parts = [box(size, 0)]
    if rng.random() < 0.7:
        knob = cylinder(rng.uniform(0.2, 0.36), rng.uniform(0.15, 0.4), 0)
        parts += [knob.moved(np.eye(3), np.array([x - (columns - 1) / 2, y - (rows - 1) / 2,
                                                  height / 2 + 0.08]))
                  for x in range(columns) for y in range(rows)]
    return parts


def gadget(rng: np.random.Generator) -> list[Part]:
    """A body with a slanted grip and a foot: drill, hair dryer, toy pistol."""
    long, thick = rng.uniform(0.6, 1), rng.uniform(0.1, 0.2)
    profile = _curve(rng, 16, thick * 0.7, thick)
    profile[[0, -1]] = 0
    body = sweep(np.stack([np.linspace(-long / 2, long / 2, 16), np.zeros(16)], 1), profile, 0,
                 rng.uniform(2, 5))
    grip_long = rng.uniform(0.3, 0.7)
    grip = box([thick * rng.uniform(0.8, 1.4), thick * rng.uniform(0.6, 1.2), grip_long],
               int(rng.integers(2)), rng.uniform(2.5, 8))
    at = np.array([rng.uniform(-0.35, 0.1) * long, 0, -grip_long / 2])
    parts = [body, grip.moved(rotation_about(Y, rng.uniform(-20, 20)), at)]
    if rng.random() < 0.6:
        foot = box([thick * rng.uniform(1.5, 3), thick * rng.uniform(1, 2), thick], 1, 6)
        parts.append(foot.moved(np.eye(3), at - [0, 0, grip_long / 2]))
    if rng.random() < 0.6:
        front = cylinder(thick * rng.uniform(0.3, 0.8), long * rng.uniform(0.2, 0.5), 1)
        parts.append(front.moved(rotation_about(Y, 90), np.array([long / 2, 0, 0])))
    lying = rotation_about(X, 90 if rng.random() < 0.4 else 0)
    return [part.moved(lying, np.zeros(3)) for part in parts]


def vehicle(rng: np.random.Generator) -> list[Part]:
    """A box on wheels with a cabin."""
    size = np.array([1, rng.uniform(0.3, 0.6), rng.uniform(0.15, 0.4)])
    parts = [box(size, 0, rng.uniform(3, BOX))]
    cabin = box([rng.uniform(0.2, 0.6), size[1] * 0.9, rng.uniform(0.1, 0.4)], 1, rng.uniform(3, 9))
    parts.append(cabin.moved(np.eye(3), np.array([rng.uniform(-0.3, 0.3), 0, size[2] * 0.75])))
    wheel = cylinder(rng.uniform(0.08, 0.18), 0.1, 2)
    parts += [wheel.moved(rotation_about(X, 90), np.array([x, y, -size[2] / 2]))
              for x in (-0.3, 0.3) for y in (-size[1] / 2, size[1] / 2)]
    return parts


def assembly(rng: np.random.Generator) -> list[Part]:
    """Two to five random solids that touch."""
    parts: list[Part] = []
    for i in range(rng.integers(2, 6)):
        size = np.array([_log_uniform(rng, 0.12, 0.8) for _ in range(3)])
        kind = rng.integers(3)
        part = box(size, i, BOX) if kind == 0 else ellipsoid(size, i, rng.uniform(2, 4))
        if kind == 2:
            part = cylinder(0.5, 1, i).scaled(size)
        if parts:
            anchor = parts[rng.integers(len(parts))].vertices
            part = part.moved(np.eye(3), anchor[rng.integers(len(anchor))] * 0.8)
        parts.append(part)
    return parts


OBJECT_KINDS: list[tuple[ObjectKind, int]] = [
    (carton, 8), (can, 7), (bottle, 7), (bowl, 5), (ball, 3), (fruit, 4), (bent, 3), (tool, 7),
    (block, 4), (gadget, 4), (vehicle, 2), (assembly, 4)]
"""All kinds with their relative frequencies."""
