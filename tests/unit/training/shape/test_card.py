# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files beside published weights."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("embreex", reason="reading training shards needs embreex")

from engine.training.shape.card import (
    continued_log,
    plot_learning_curve,
    read_attributions,
    read_log,
    write_attributions,
)

SCORES = {"0.3": 0.3, "0.4": 0.3, "0.5": 0.2, "soft": 0.2, "loss": 1.5}


def test_attributions_name_the_trained_objects_alone(tmp_path) -> None:
    index = {name: {"name": name, "source": "s", "licence": "CC0", "attribution": "A, B",
                    "faces": "1"} for name in ("one", "two")}
    write_attributions(index, {"two"}, tmp_path)
    lines = (tmp_path / "attributions.csv").read_text().splitlines()
    assert lines == ["name,source,licence,attribution", 'two,s,CC0,"A, B"']
    assert read_attributions(tmp_path) == {"two"}


def test_continued_log_counts_on_from_the_first_one() -> None:
    before = json.dumps({"samples": 100, "seconds": 7, "loss": 1.0}) + "\n"
    after = json.dumps({"samples": 20, "seconds": 3, "loss": 0.5}) + "\n"
    lines = [json.loads(line) for line in continued_log(before, after).splitlines()]
    assert [(line["samples"], line["seconds"]) for line in lines] == [(100, 7), (120, 10)]


def test_learning_curve_is_drawn_from_the_log(tmp_path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(json.dumps(line) for line in (
        {"samples": 1000, "loss": 2.0}, {"samples": 2000, "held_out": SCORES})))
    training, held_out = read_log(log)
    assert [training[0]["loss"], held_out[0]["held_out"]["soft"]] == [2.0, 0.2]
    plot_learning_curve(log, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000
