# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a text to an image that the other jobs can start from, by any text-to-image pipeline that
diffusers' AutoPipelineForText2Image knows.
"""

from __future__ import annotations

import importlib
import inspect
import json
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import diffusers.utils.logging
import huggingface_hub
import numpy as np
import torch
import transformers.utils.logging
from diffusers import AutoencoderKL, AutoPipelineForText2Image, DiffusionPipeline
from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from PIL import Image
from safetensors import SafetensorError
from transformers import PreTrainedTokenizerBase

from ..core.device_memory import device_memory
from ..core.errors import EngineError, ErrorCode
from ..core.files import UNREADABLE_JSON
from ..core.reporting import Reporter
from ..core.requests import TextRequest
from ..core.result_place import staged_result
from ..diffusion.memory_fallbacks import (
    USABLE_MEMORY,
    MemoryFallbacks,
    as_memory_allows,
    offload,
    slice_attention,
)
from ..imaging import cut_out, save_png
from ..models import resolve_device, resolve_dtype
from ..models.catalogue import INDEX_FILE, Task, list_models
from ..models.diffusers_folder import damaged
from ..models.families import TextSettings, text_settings
from ..models.licence_store import require_licence
from ..models.loading import LIBRARIES, load_network
from ..models.model_cache import model_cache
from .sampling import report_memory_fallbacks, segmentation_model

CLASSES = frozenset(cls.__name__ for cls in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values())
"""The text-to-image pipelines that diffusers knows."""
SIDE_STEP = 8
"""Pixels per latent pixel."""
HALF = "fp16"
"""Variant in the names of files with half precision; some folders hold no others."""


def text_to_image(request: TextRequest, reporter: Reporter) -> dict[str, Any]:
    """Make the image that a request asks for into the file `out`. Returns the job's report.

    Raises:
        EngineError: as `load_text_pipeline`; `MODEL_INCOMPATIBLE` for a negative prompt that the
            pipeline doesn't take; `BAD_INPUT` if no object is found in the image.
    """
    out = Path(request.out)
    with staged_result(out) as stage:
        reporter.progress("load model", 0, 1)
        pipeline = model_cache.load(load_text_pipeline, request.model, request.device,
                                     request.dtype)
        reporter.progress("load model", 1, 1)
        image = _generate(pipeline, request, reporter)
        if not request.keep_background:
            reporter.progress("segment", 0, 1)
            image = _cut_out(image)
            reporter.progress("segment", 1, 1)
        save_png(stage, image.astype(np.float32) / 255)
    reporter.artifact("image", out)
    return {"image": str(out), "width": image.shape[1], "height": image.shape[0],
            "model": request.model, "seed": request.seed}


def load_text_pipeline(model: str, device: str = "auto",
                       dtype: str = "auto") -> DiffusionPipeline:
    """The text-to-image pipeline of a folder in diffusers layout, or of the Hugging Face cache.

    `dtype`: of all networks, as for `resolve_dtype`. Only safetensors are read, only into classes
    of `LIBRARIES`, and nothing is downloaded.

    Raises:
        EngineError: `MODEL_MISSING`, `MODEL_DAMAGED`, `MODEL_INCOMPATIBLE` if it is
            not a text-to-image pipeline or contains code, or `ENVIRONMENT` for a device that does
            not exist.
    """
    target = resolve_device(device)
    chosen = resolve_dtype(dtype, target)
    folder = _folder(model)
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    networks = {name: load_network(folder / name, cls, chosen, _variant(folder / name))
                for name, cls in _component_classes(folder).items()
                if issubclass(cls, torch.nn.Module)}
    try:
        pipeline = AutoPipelineForText2Image.from_pretrained(
            folder, **networks, torch_dtype=chosen, use_safetensors=True, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError,
            SafetensorError) as error:
        raise damaged(folder, error) from error
    for name, part in pipeline.components.items():
        # transformers makes an empty one if its files are missing.
        if isinstance(part, PreTrainedTokenizerBase) and len(part) <= len(part.all_special_tokens):
            raise damaged(folder / name, "its vocabulary is empty")
    pipeline.fallbacks = MemoryFallbacks((slice_attention, tile_decoder, offload))
    pipeline.own_settings = text_settings(folder)
    return place(pipeline, target)


def place(pipeline: DiffusionPipeline, device: torch.device) -> DiffusionPipeline:
    """The pipeline on a device. Where all networks together do not fit into its free memory, each
    waits in main memory and is moved when it is needed: some drivers spill to main memory instead
    of failing, which is far slower.
    """
    if device.type == "cpu":
        return pipeline
    needed = sum(weight.numel() * weight.element_size() for part in pipeline.components.values()
                 if isinstance(part, torch.nn.Module) for weight in part.parameters())
    in_order = pipeline.model_cpu_offload_seq is not None
    if not in_order or needed <= USABLE_MEMORY * device_memory(str(device))[0]:
        return pipeline.to(device)
    pipeline.enable_model_cpu_offload(device=device)
    pipeline.fallbacks = MemoryFallbacks((slice_attention, tile_decoder))
    pipeline.fallbacks.applied.append("networks that are not in use are kept in main memory")
    return pipeline


def own_options(pipeline: DiffusionPipeline) -> dict[str, Any]:
    """The options that suit a model and are not defaults of its pipeline."""
    own: TextSettings | None = pipeline.own_settings
    return {} if own is None else {"num_inference_steps": own.steps, "guidance_scale": own.guidance,
                                   "height": own.size, "width": own.size}


def tile_decoder(pipeline: DiffusionPipeline) -> str | None:
    """Memory fallback: decode the image in overlapping tiles. None if the decoder cannot."""
    vae = getattr(pipeline, "vae", None)
    if not isinstance(vae, AutoencoderKL):
        return None
    vae.enable_tiling()
    vae.tile_sample_min_size //= 2  # a tile is as large as the usual image
    vae.tile_latent_min_size //= 2
    return "the image is decoded in tiles"


def _folder(model: str) -> Path:
    """The model's folder: the catalogue's of this name or repository, the one named, or the newest
    of this name in the Hugging Face cache.
    """
    info = next((known for known in list_models() if known.task is Task.TEXT
                 and model in (known.name, known.repo)), None)
    if info is not None and info.installed:
        require_licence(info)
        return info.folder
    if info is not None:
        model = info.repo
    folder = Path(model).expanduser()
    if (folder / INDEX_FILE).is_file():
        return folder
    if folder.exists():
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE, f"{model} does not contain {INDEX_FILE}",
                          "give a folder of a text-to-image model in diffusers layout")
    try:
        cached = Path(huggingface_hub.snapshot_download(model, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise EngineError(
            ErrorCode.MODEL_MISSING, f"the text-to-image model {model} isn't on this computer",
            f"fetch it with `models download {info.name}`" if info is not None else
            f"fetch it with `hf download {model} --include '*.json' '*.txt' '*/*.safetensors'`, or "
            "give the folder of another one") from error
    if not (cached / INDEX_FILE).is_file():
        raise damaged(cached, f"{INDEX_FILE} is missing")
    return cached


def _component_classes(folder: Path) -> dict[str, type[Any]]:
    """The classes of a pipeline's components by name, all of them known to the libraries."""
    try:
        index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        kind = index["_class_name"]
    except UNREADABLE_JSON as error:
        raise damaged(folder / INDEX_FILE, error) from error
    if kind not in CLASSES:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                          f"{folder} holds a {kind}, which is not a text-to-image pipeline",
                          "choose a text-to-image model, such as Stable Diffusion XL")
    entries = {name: entry for name, entry in index.items()
               if isinstance(entry, list) and len(entry) == 2 and all(entry)}
    for name in entries:
        if not (folder / name).is_dir():
            raise damaged(folder / name, "it is missing")
    return {name: _class(folder, *entry) for name, entry in entries.items()}


def _class(folder: Path, library: str, name: str) -> type[Any]:
    """A component's class; diffusers keeps some with the pipeline that they belong to."""
    module: Any = getattr(diffusers.pipelines, str(library), None)
    if library in LIBRARIES:
        module = importlib.import_module(library)
    found = getattr(module, str(name), None)
    if not isinstance(found, type):
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                          f"{folder} needs {library}.{name}, which isn't part of this engine",
                          "choose a text-to-image model without code of its own")
    return found


def _variant(folder: Path) -> str | None:
    """`HALF` if a component has files of no other precision."""
    names = [path.name for path in folder.glob("*.safetensors")]
    return HALF if names and all(f".{HALF}." in name for name in names) else None


def _generate(pipeline: DiffusionPipeline, request: TextRequest, reporter: Reporter) -> np.ndarray:
    """The image, H x W x 4 uint8, opaque."""
    prompt = ", ".join(text for text in (request.prompt.strip(), request.style.strip()) if text)
    generator = torch.Generator("cpu")
    options: dict[str, Any] = {"prompt": prompt, "generator": generator}
    side = max(round(request.size / SIDE_STEP), 1) * SIDE_STEP
    given = {"negative_prompt": (request.negative_prompt, request.negative_prompt),
             "height": (request.size, side), "width": (request.size, side),
             "num_inference_steps": (request.steps, request.steps),
             "guidance_scale": (request.guidance, request.guidance)}
    options |= own_options(pipeline)
    options |= {name: value for name, (asked, value) in given.items() if asked}
    accepted = inspect.signature(pipeline.__call__).parameters
    if foreign := [name.replace("_", " ") for name in options if name not in accepted]:
        raise EngineError(ErrorCode.MODEL_INCOMPATIBLE,
                          f"{type(pipeline).__name__} does not accept {', '.join(foreign)}",
                          "leave that out, or choose another text-to-image model")

    def report_step(pipeline: Any, index: int, timestep: int, tensors: dict) -> dict:
        reporter.progress("sample", index + 1, pipeline.num_timesteps)
        return tensors

    if "callback_on_step_end" in accepted:
        options["callback_on_step_end"] = report_step

    def generate() -> Any:
        generator.manual_seed(request.seed)
        return pipeline(**options, output_type="pil")

    fallbacks: MemoryFallbacks = pipeline.fallbacks
    output = as_memory_allows(partial(fallbacks.apply_next, pipeline), generate)
    report_memory_fallbacks(fallbacks.applied, reporter)
    # Some models contain a safety checker, which replaces refused images by black ones.
    if any(getattr(output, "nsfw_content_detected", None) or []):
        raise EngineError(ErrorCode.BAD_INPUT, "the model's safety checker refused the image",
                          "change the text or the seed")
    image: Image.Image = output.images[0]
    return np.asarray(image.convert("RGBA"))


def _cut_out(image: np.ndarray) -> np.ndarray:
    try:
        return cut_out(image, segmentation_model()).rgba
    except EngineError as error:
        if error.code is not ErrorCode.BAD_INPUT:
            raise
        raise EngineError(ErrorCode.BAD_INPUT, "no object was found in the generated image",
                          "use another seed, or keep the background") from error
