# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model folders in the layouts of other publishers: the same weights, other names and files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

DIFFUSERS_FILE = "diffusion_pytorch_model.safetensors"
TRANSFORMERS_FILE = "model.safetensors"
NETWORKS = ("unet", "vae", "image_encoder", "cc_projection")


def weights_file(folder: Path, network: str) -> Path:
    """The file of a network's weights as the engine writes it."""
    return folder / network / (
        TRANSFORMERS_FILE if network == "image_encoder" else DIFFUSERS_FILE)


def write_index(folder: Path, kind: str, **entries: object) -> None:
    """Replace the folder's index by one that states no pose encoding."""
    standard = {"unet": ["diffusers", "UNet2DConditionModel"],
                "vae": ["diffusers", "AutoencoderKL"],
                "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
                "scheduler": ["diffusers", "DDIMScheduler"]}
    (folder / "model_index.json").write_text(json.dumps(
        {"_class_name": kind, "_diffusers_version": "0.20.2", **standard, **entries}))


def as_ashawkey(own: Path, folder: Path) -> Path:
    """`Zero123Pipeline` with a CLIPCameraProjection, in half precision."""
    as_bennyguo(own, folder)
    for file in folder.rglob("*.safetensors"):
        halve(file, file)
    return folder


def as_bennyguo(own: Path, folder: Path) -> Path:
    """`Zero123Pipeline` with a CLIPCameraProjection."""
    shutil.copytree(own, folder)
    write_index(folder, "Zero123Pipeline",
                clip_camera_projection=["zero123", "CLIPCameraProjection"])
    projection = (folder / "cc_projection").rename(folder / "clip_camera_projection")
    weights = load_file(projection / DIFFUSERS_FILE)
    save_file({name.replace("projection.", "proj."): value for name, value in weights.items()},
              projection / DIFFUSERS_FILE)
    (projection / "config.json").write_text(json.dumps(
        {"_class_name": "CLIPCameraProjection", "additional_embeddings": 4,
         "embedding_dim": len(weights["projection.bias"])}))
    return folder


def as_kxic(own: Path, folder: Path) -> Path:
    """`Zero1to3StableDiffusionPipeline` with pickles, the extra entries of an older transformers,
    the older names of the autoencoder's attention, and unnecessary folders.
    """
    as_converted(own, folder)
    for network in NETWORKS:
        file = weights_file(folder, network)
        weights = load_file(file)
        if network == "image_encoder":
            weights["vision_model.embeddings.position_ids"] = torch.arange(5)[None]
        if network == "vae":
            weights = {_older(name): value for name, value in weights.items()}
        stem = "pytorch_model" if network == "image_encoder" else "diffusion_pytorch_model"
        torch.save(weights, file.with_name(f"{stem}.bin"))
        file.unlink()
    (folder / "feature_extractor").mkdir()
    (folder / "safety_checker").mkdir()
    return folder


def as_converted(own: Path, folder: Path) -> Path:
    """The layout that diffusers' `convert_zero123_to_diffusers.py` writes."""
    shutil.copytree(own, folder)
    write_index(folder, "Zero1to3StableDiffusionPipeline",
                cc_projection=["pipeline_zero1to3", "CCProjection"], safety_checker=[None, None])
    bias = load_file(weights_file(folder, "cc_projection"))["projection.bias"]
    (folder / "cc_projection" / "config.json").write_text(json.dumps(
        {"_class_name": "CCProjection", "in_channel": len(bias) + 4, "out_channel": len(bias)}))
    return folder


def halve(source: Path, target: Path) -> None:
    """Write a file's weights in half precision."""
    weights = load_file(source)
    save_file({name: value.half() for name, value in weights.items()}, target,
              metadata={"format": "pt"})


def split(file: Path, variant: str = "") -> None:
    """Write a file's weights as two parts with their list, in its place."""
    weights = load_file(file)
    names = sorted(weights)
    places = {}
    for part, chosen in enumerate((names[::2], names[1::2]), 1):
        name = f"{file.stem}{variant}-0000{part}-of-00002.safetensors"
        save_file({key: weights[key] for key in chosen}, file.with_name(name),
                  metadata={"format": "pt"})
        places |= dict.fromkeys(chosen, name)
    file.with_name(f"{file.stem}.safetensors.index{variant}.json").write_text(
        json.dumps({"metadata": {}, "weight_map": places}))
    file.unlink()


def in_hub_cache(folder: Path, cache: Path, repo: str) -> Path:
    """A folder's files as a snapshot in a Hugging Face cache: links into `blobs`."""
    repository = cache / f"models--{repo.replace('/', '--')}"
    commit = "0" * 40
    snapshot = repository / "snapshots" / commit
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "blobs").mkdir()
    for number, file in enumerate(sorted(path for path in folder.rglob("*") if path.is_file())):
        blob = repository / "blobs" / f"{number:040}"
        shutil.copy(file, blob)
        link = snapshot / file.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    return snapshot


def _older(name: str) -> str:
    for new, old in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"),
                     ("to_out.0", "proj_attn")):
        name = name.replace(f".attentions.0.{new}.", f".attentions.0.{old}.")
    return name
