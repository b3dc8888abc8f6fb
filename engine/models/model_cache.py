# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache of the model that stays in memory between jobs. torch is imported when it loads one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..core.device_memory import release_unused_memory

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

    from ..camera import PoseEncoding
    from ..diffusion import Zero123Pipeline

Pipeline = TypeVar("Pipeline", bound="DiffusionPipeline")


@dataclass
class ModelCache:
    """Keeps the pipeline that was used last, because loading takes longer than a short job."""

    key: tuple[Any, ...] = ()
    pipeline: DiffusionPipeline | None = None

    def get(self, model: str, device: str, dtype: str = "auto",
            pose_encoding: PoseEncoding | None = None) -> Zero123Pipeline:
        """The pipeline of a model, prepared for inference; loaded unless it is in memory."""
        return self.load(_Loader(pose_encoding), model, device, dtype)

    def load(self, loader: Callable[[str, str, str], Pipeline], model: str, device: str,
             dtype: str) -> Pipeline:
        """As `get`, for other kinds of models. `loader`: (name, device, dtype) to a pipeline.
        """
        key = (loader, model, device, dtype, _newest_change(Path(model)))
        if self.pipeline is None or self.key != key:
            self.drop()  # before the next one is loaded: two may not fit into memory
            self.pipeline, self.key = loader(model, device, dtype), key
            self.pipeline.set_progress_bar_config(disable=True)
        return cast("Pipeline", self.pipeline)

    def drop(self) -> None:
        """Remove the model and free its memory."""
        self.pipeline, self.key = None, ()
        release_unused_memory()


model_cache = ModelCache()
"""The cache of this process."""


@dataclass(frozen=True)
class _Loader:
    """Loads pipelines and prepares them for inference; equal ones load the same."""

    pose_encoding: PoseEncoding | None

    def __call__(self, model: str, device: str, dtype: str) -> Zero123Pipeline:
        from . import load_pipeline

        pipeline = load_pipeline(model, device, dtype, self.pose_encoding)
        pipeline.prepare_for_inference()
        return pipeline


def _newest_change(folder: Path) -> int:
    """Time of a model folder's last change, ns, so that a model changed by training is reloaded."""
    return max((path.stat().st_mtime_ns for path in folder.glob("**/*")), default=0)
