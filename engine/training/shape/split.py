# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divides objects into training and held-out objects, and weights them in the training.

Objects of one source share a style and objects of one Infinigen factory share a shape, so both are
held out as a whole: 173 of 3,451 objects, 5 %.
"""

from __future__ import annotations

import re

HELD_OUT_SOURCES = frozenset({
    "aws_bookstore", "aws_hospital", "babylon_meshes", "car_demo", "px4", "servicesim",
    "tri_models", "webxr_samples"})
HELD_OUT_FACTORIES = frozenset({
    "BarChair", "FoodBox", "Jar", "Knife", "Lid", "Monitor", "Pot", "TableCocktail", "Toaster",
    "Wineglass"})
"""Infinigen's names of procedural generators."""

SOURCE_WEIGHTS = {
    "quaternius": 0.45, "kaykit": 0.4, "kaykit_restaurant": 0.5, "kenney": 0.5,
    "pmndrs_market": 0.8, "sweethome3d": 1.6, "infinigen": 1.6, "aws_small_house": 2.0,
    "aws_warehouse": 2.0, "gazebo_models": 1.8, "vrx": 1.5, "morse": 1.2, "synthetic": 0.8}
"""Relative frequency of one object of a source in training; 1 where it is not listed. Stylised
low-poly sources are half of the objects and get about a quarter of the samples."""
HOUSEHOLD_KINDS = frozenset({"tableware", "container", "tool", "food", "toy", "electronics"})
HOUSEHOLD_WEIGHT = 1.4
"""Factor for kinds of objects that are typically photographed on a table."""
KIND_WEIGHTS = {"building": 0.5, "character": 0.6}


def factory(name: str) -> str:
    """The Infinigen factory of an object such as `infinigen__Bowl_040`, else ""."""
    match = re.fullmatch(r"infinigen__([A-Za-z]+)_\d+", name)
    return match.group(1) if match else ""


def is_held_out(name: str, source: str) -> bool:
    """Whether an object is excluded from training."""
    return source in HELD_OUT_SOURCES or factory(name) in HELD_OUT_FACTORIES


def sample_weight(source: str, kind: str) -> float:
    """Relative frequency of an object in training."""
    weight = SOURCE_WEIGHTS.get(source, 1.0) * KIND_WEIGHTS.get(kind, 1.0)
    return weight * (HOUSEHOLD_WEIGHT if kind in HOUSEHOLD_KINDS else 1.0)
