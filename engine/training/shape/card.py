# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the files that accompany published weights.

    python -m engine.training.shape.card TRAIN_MESHES LOG.jsonl DATA WEIGHTS_FOLDER
        [--continued PUBLISHED_FOLDER]

These are `attributions.csv` (collected objects used in the training), `held_out.txt` (those not
used), `log.jsonl` and `learning_curve.png`. `--continued` names the files of the weights that the
training started from: their objects are listed too, and their log comes first.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

from .dataset import ShardFolder
from .objects import read_index

FIELDS = ("name", "source", "licence", "attribution")


def write_attributions(index: dict[str, dict[str, str]], trained: set[str], folder: Path) -> None:
    """Write `attributions.csv`: the objects used in the training, with their licences."""
    with open(folder / "attributions.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(index[name] for name in sorted(trained))


def read_attributions(folder: Path) -> set[str]:
    """Names of the objects in a folder's `attributions.csv`."""
    with open(folder / "attributions.csv", newline="", encoding="utf-8") as file:
        return {row["name"] for row in csv.DictReader(file)}


def continued_log(before: str, after: str) -> str:
    """Two logs (JSON lines) as one; the second one's samples and seconds go on from the first's."""
    last = json.loads(before.splitlines()[-1])
    lines = [json.loads(line) for line in after.splitlines()]
    for line in lines:
        line["samples"] += last["samples"]
        line["seconds"] += last["seconds"]
    return before.rstrip("\n") + "\n" + "".join(json.dumps(line) + "\n" for line in lines)


def read_log(path: Path) -> tuple[list[dict], list[dict]]:
    """Read the lines with a training loss, and those with held-out scores."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [x for x in lines if "loss" in x], [x for x in lines if "held_out" in x]


def plot_learning_curve(log: Path, out: Path) -> None:
    """Plot losses and held-out IoU over the number of samples."""
    from matplotlib.figure import Figure

    training, held_out = read_log(log)
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([x["samples"] / 1000 for x in training], [x["loss"] for x in training],
              label="training (augmented)", lw=0.8)
    left.plot([x["samples"] / 1000 for x in held_out], [x["held_out"]["loss"] for x in held_out],
              label="held out", marker=".")
    left.set(xlabel="thousand samples", ylabel="loss (4 BCE + Dice)")
    for name in ("0.3", "0.4", "0.5", "soft"):
        right.plot([x["samples"] / 1000 for x in held_out],
                   [x["held_out"][name] for x in held_out], marker=".",
                   label="soft" if name == "soft" else f"threshold {name}")
    right.set(xlabel="thousand samples", ylabel="held-out IoU in the frustum")
    for axes in (left, right):
        axes.legend(fontsize=8)
        axes.grid(alpha=0.3)
    figure.savefig(out, dpi=110)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Write the files beside published weights.")
    parser.add_argument("meshes", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--continued", type=Path, help="folder of the weights it started from")
    args = parser.parse_args()
    index, shards = read_index(args.meshes), ShardFolder(args.data)
    trained = {item.name for item in shards.train if item.name in index}
    log = args.log.read_text(encoding="utf-8")
    if args.continued:
        trained |= read_attributions(args.continued)
        log = continued_log((args.continued / "log.jsonl").read_text(encoding="utf-8"), log)
    args.weights.mkdir(parents=True, exist_ok=True)
    write_attributions(index, trained, args.weights)
    held = sorted({item.name for item in shards.held_out})
    (args.weights / "held_out.txt").write_text("\n".join(held) + "\n", encoding="utf-8")
    (args.weights / "log.jsonl").write_text(log, encoding="utf-8")
    plot_learning_curve(args.weights / "log.jsonl", args.weights / "learning_curve.png")
    print(f"{len(trained)} objects trained on, {len(held)} held out")


if __name__ == "__main__":
    main()
