# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selects the files of a repository in diffusers layout to download, by their names.

A repository often contains every weight several times, in different formats and precisions.
Standard library only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .catalogue import INDEX_FILE, Task
from .weight_files import choose_weights

NETWORKS = {
    Task.VIEWS: ("unet", "vae", "image_encoder", "cc_projection", "clip_camera_projection"),
    Task.TEXT: ("unet", "vae", "text_encoder", "text_encoder_2")}
"""Folders with weights. A repository has one of the projections."""
SETTINGS = {Task.VIEWS: ("scheduler",), Task.TEXT: ("scheduler", "tokenizer", "tokenizer_2")}
"""Folders without weights."""
OPTIONAL = ("cc_projection", "clip_camera_projection", "text_encoder_2", "tokenizer_2")
HALF = "fp16"
"""Variant for text-to-image models: float32 takes twice the space without visible benefit."""


def files_to_fetch(names: Iterable[str], task: Task) -> list[str]:
    """The files of a repository that a model needs.

    Args:
        names: paths inside the repository, with slashes.
        task: a key of `NETWORKS`.

    Raises:
        ValueError: with a message for the user, if a part of the model is missing.
    """
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        folder, _, file = name.rpartition("/")
        folders[folder].append(file)
    if INDEX_FILE not in folders[""]:
        raise ValueError(f"{INDEX_FILE} is missing")
    chosen = [INDEX_FILE]
    for folder in NETWORKS[task] + SETTINGS[task]:
        if folder not in folders:
            if folder in OPTIONAL:
                continue
            raise ValueError(f"{folder} is missing")
        files = sorted(file for file in folders[folder] if file.endswith((".json", ".txt"))
                       and not file.partition(".")[2].startswith(("bin.", "safetensors.", "msgpack",
                                                                  "onnx")))
        if folder in NETWORKS[task]:
            try:
                files += choose_weights(folders[folder], HALF if task is Task.TEXT else None)
            except ValueError as error:
                raise ValueError(f"{folder}: {error}") from error
        chosen += [f"{folder}/{file}" for file in files]
    return chosen
