# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device that computes on the CPU and, like a GPU, refuses to mix its tensors with the CPU's.

torch's fake tensors can't replace it: they hold no values, and the renderer's shapes
depend on values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _DummyPrivateUse1Hook,
    _setup_privateuseone_for_python_backend,
)


class _Backend(_DummyBackendModule):
    """torch's registration lasts as long as the process, so that no other test finds a device."""

    def device_count(self) -> int:
        return 0

    def is_available(self) -> bool:
        return False


class _Hook(_DummyPrivateUse1Hook):
    def is_available(self) -> bool:
        return False


# Before anything is differentiated, or torch won't know of it. It takes what is registered for the
# only device, so that it can't go backwards on a real one any more.
if not torch.cuda.is_available():
    _setup_privateuseone_for_python_backend("pretended", _Backend(), _Hook())
DEVICE = torch.device("privateuseone:0")
CROSSING = {torch.ops.aten.copy_.default, torch.ops.aten._to_copy.default}
"""Operations that may meet tensors of several devices."""
INDEXING = {torch.ops.aten.index.Tensor, torch.ops.aten.index_put_.default,
            torch.ops.aten.index_put.default}
READING = {torch.ops.aten._local_scalar_dense.default, torch.ops.aten.equal.default}


class DeviceTensor(torch.Tensor):
    """Values on the device."""

    values: torch.Tensor

    @staticmethod
    def __new__(cls, values: torch.Tensor) -> DeviceTensor:
        tensor = torch.Tensor._make_wrapper_subclass(
            cls, values.size(), strides=values.stride(), storage_offset=values.storage_offset(),
            dtype=values.dtype, device=DEVICE)
        tensor.values = values
        return tensor

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})

    def new_tensor(self, data: Any, **kwargs: Any) -> torch.Tensor:
        """torch's own copies the numbers to a device behind the dispatcher's back."""
        return DeviceTensor(torch.tensor(data, dtype=self.dtype))

    def __deepcopy__(self, memo: dict[int, Any]) -> torch.Tensor:
        copy = DeviceTensor(self.values.detach().clone())
        return torch.nn.Parameter(copy) if isinstance(self, torch.nn.Parameter) else copy


class _Pretended(TorchDispatchMode):
    """Moves tensors that are created on the device there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


@contextmanager
def pretended_device() -> Iterator[torch.device]:
    """The device, during the context. Skips the test if there is a real one."""
    if torch.cuda.is_available():
        pytest.skip("runs in a process that sees no GPU")
    with _Pretended():
        yield DEVICE


def compute(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    # A GPU also accepts indices from the CPU and single numbers.
    meeting = (args[0], args[2:]) if func in INDEXING else (args, kwargs)
    tensors = [leaf for leaf in tree_leaves(meeting) if isinstance(leaf, torch.Tensor)]
    ours = [tensor for tensor in tensors if isinstance(tensor, DeviceTensor)]
    others = [tensor for tensor in tensors if not isinstance(tensor, DeviceTensor) and tensor.dim()]
    if ours and others and func not in CROSSING:
        raise RuntimeError(f"{func} got tensors of the CPU and of the {DEVICE}")
    device = kwargs.get("device")
    there = bool(ours) if device is None else torch.device(device).type == DEVICE.type
    if device is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    plain_args, plain_kwargs = tree_map(
        lambda leaf: leaf.values if isinstance(leaf, DeviceTensor) else leaf, (args, kwargs))
    result = func(*plain_args, **plain_kwargs)
    if func in READING:
        return result
    if func is torch.ops.aten.copy_.default:
        return args[0]
    if there:
        result = tree_map(
            lambda leaf: DeviceTensor(leaf) if isinstance(leaf, torch.Tensor) else leaf, result)
    if not ours and not there:
        return result
    return return_and_correct_aliasing(func, args, kwargs, result) if ours and there else result
