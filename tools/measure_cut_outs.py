# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures how well objects are cut out, on drawn and rendered images with known silhouettes:
`measure_cut_outs.py [FILE.md]` prints the tables, and replaces those of a document;
`measure_cut_outs.py --jpeg` measures the same images enlarged and compressed with loss.

Compared are the network alone, the colour of the background alone, and their combination, which the
engine uses.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from helpers.cut_out_images import CutOutImage, as_jpeg, cut_out_images  # noqa: E402

from engine.core.errors import EngineError  # noqa: E402
from engine.imaging import cut_out  # noqa: E402
from engine.imaging.saliency import saliency  # noqa: E402
from engine.jobs.sampling import segmentation_model  # noqa: E402

BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
LOW = 0.97
"""IoU below which an image is listed by name."""


def iou(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two H x W masks."""
    return float((first & second).sum() / max((first | second).sum(), 1))


def masks(image: CutOutImage, network: Path) -> Iterator[tuple[str, np.ndarray]]:
    """(way, H x W bool) for every way to cut the object out."""
    yield "u2netp alone", saliency(image.rgb, network) > 0.5
    rgba = np.dstack([image.rgb, np.full(image.rgb.shape[:2], 255, np.uint8)])
    for way, file in (("colour alone", None), ("combined", network)):
        try:
            yield way, cut_out(rgba, file).rgba[..., 3] > 127
        except EngineError:
            yield way, np.zeros(image.mask.shape, bool)


def measure(network: Path, jpeg: bool = False) -> dict[str, dict[str, float]]:
    """IoU by way and image."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for number, original in enumerate(cut_out_images()):
        image = as_jpeg(original) if jpeg else original
        for way, mask in masks(image, network):
            scores[way][f"{number:02d} {image.name}"] = iou(mask, image.mask)
    return scores


def kind_of(name: str) -> str:
    """The kind of an image, such as "studio"."""
    words = name.split()[1:]
    return "rendered" if words[0] == "rendered" else next(
        kind for kind in KINDS if " ".join(words).startswith(kind))


KINDS = ("on white", "on paper", "portrait on", "portrait in", "corner on", "on blue", "on green",
         "studio", "warm studio", "dark studio", "black on", "gradient", "in a room", "on texture",
         "before lights")


def table(scores: dict[str, dict[str, float]]) -> str:
    """The measurement as Markdown."""
    ways = list(scores)
    names = list(scores[ways[0]])
    rows: list[tuple[str, Callable[[np.ndarray], str]]] = [
        ("mean IoU", lambda v: f"{v.mean():.3f}"), ("lowest IoU", lambda v: f"{v.min():.3f}"),
        ("below 0.8", lambda v: str(int((v < 0.8).sum())))]
    lines = [f"| {len(names)} images | {' | '.join(ways)} |", "|---" * (len(ways) + 1) + "|"]
    for title, text in rows:
        cells = [text(np.array(list(scores[way].values()))) for way in ways]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    for kind in dict.fromkeys(map(kind_of, names)):
        chosen = [name for name in names if kind_of(name) == kind]
        cells = [f"{np.mean([scores[way][name] for name in chosen]):.3f}" for way in ways]
        lines.append(f"| mean of {len(chosen)}, {kind} | {' | '.join(cells)} |")
    low = [f"{name[3:]} {score:.3f}" for name, score in scores["combined"].items() if score < LOW]
    return "\n".join([*lines, "", f"Combined below {LOW}: {', '.join(low) or 'none'}.", ""])


def main(document: Path | None, jpeg: bool) -> None:
    """Measure; replace the tables of a document."""
    network = segmentation_model()
    if network is None:
        raise SystemExit("u2netp.onnx is not installed; set the environment up with nox")
    text = table(measure(network, jpeg))
    print(text)
    if document is not None:
        before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        document.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Path(given[0]) if given and given[0] != "--jpeg" else None, "--jpeg" in given)
