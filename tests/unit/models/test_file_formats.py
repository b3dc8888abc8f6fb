# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of a checkpoint decides its format, not its name; no code in a pickle runs."""

from __future__ import annotations

import argparse
import collections
import gzip
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.exploit import Exploit
from safetensors.torch import save_file

from engine.core.errors import EngineError, ErrorCode
from engine.models.file_format import FileFormat, file_format
from engine.models.safe_unpickle import holds_training_state, read_state_dict

WEIGHTS = {
    "float": torch.arange(6.0).reshape(2, 3), "half": torch.ones(3, 5).half().T,
    "view": torch.arange(10)[3:7], "scalar": torch.tensor(2.0), "none": torch.zeros(0, 3),
    "bfloat": torch.ones(3, dtype=torch.bfloat16), "flag": torch.tensor([True, False])}


class Attributes(dict):
    """A dictionary of another class, as training libraries keep hyperparameters in."""


class Callback:
    """An object of a class that the reader cannot know."""

    def __init__(self) -> None:
        self.best, self.inside = 0.5, Attributes(rate=1e-4)


def training_state() -> dict[str, object]:
    return {"state_dict": {**WEIGHTS, "parameter": torch.nn.Parameter(torch.ones(2))},
            "hyper_parameters": Attributes(options=argparse.Namespace(out=Path("x"))),
            "callbacks": {Callback: [Callback()]}, "optimizer_states": [{"step": torch.ones(2)}],
            "counts": collections.Counter("abc"), "names": {1, 2}, "numbers": np.ones(3)}


def assert_read(path: Path) -> None:
    read = read_state_dict(path)
    for name, expected in WEIGHTS.items():
        assert read[name].dtype == expected.dtype
        assert torch.equal(read[name], expected)


def error_of(path: Path) -> EngineError:
    with pytest.raises(EngineError) as caught:
        read_state_dict(path)
    return caught.value


@pytest.mark.parametrize("name", ["a.ckpt", "a.SAFETENSORS", "a.bin", "a"])
def test_safetensors_are_read_under_any_name(tmp_path, name):
    save_file({key: value.contiguous() for key, value in WEIGHTS.items()}, tmp_path / name)
    assert_read(tmp_path / name)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", ["a.ckpt", "a.safetensors"])
def test_torch_save_files_are_read_under_any_name(tmp_path, name, zipped, protocol):
    torch.save(training_state(), tmp_path / name, pickle_protocol=protocol,
               _use_new_zipfile_serialization=zipped)
    assert file_format(tmp_path / name) is (
        FileFormat.TORCH if zipped else FileFormat.OLD_TORCH)
    assert_read(tmp_path / name)
    assert torch.equal(read_state_dict(tmp_path / name)["parameter"], torch.ones(2))
    assert holds_training_state(tmp_path / name)


def test_repacked_archive_is_read(tmp_path):
    torch.save(WEIGHTS, tmp_path / "a.ckpt")
    with (zipfile.ZipFile(tmp_path / "a.ckpt") as old,
          zipfile.ZipFile(tmp_path / "b.ckpt", "w", zipfile.ZIP_DEFLATED) as new):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert_read(tmp_path / "b.ckpt")


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 15464555368\n"


@pytest.mark.parametrize(("content", "words"), [
    (LFS, "Git LFS pointer, not the weights; these have 15.5 GB"),
    (b"\n<!DOCTYPE html><html>Sign in</html>", "an HTML page"),
    (b"Access to model x is restricted.", "a text file, not a checkpoint: Access to model x"),
    (b"", "is empty"), (bytes(1000), "begins with zeros"), (gzip.compress(b"x", mtime=0), "gzip"),
    (b"GGUF" + bytes(99), "GGUF"), (pickle.dumps({"a": 1}), "torch.save did not write"),
    (b"\x7fELF" + bytes(range(200)), "neither like safetensors")])
def test_file_format_error_names_other_content(tmp_path, content, words):
    (tmp_path / "a.ckpt").write_bytes(content)
    error = error_of(tmp_path / "a.ckpt")
    assert error.code is ErrorCode.MODEL_DAMAGED
    assert words in error.message


@pytest.mark.parametrize("ending", ["ckpt", "safetensors"])
def test_truncated_file_is_reported_as_truncated(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    weights = {"a": torch.ones(1000)}
    if ending == "ckpt":
        torch.save(weights, path)
    else:
        save_file(weights, path)
    path.write_bytes(path.read_bytes()[:-200])
    assert "is cut off" in error_of(path).message


def test_folder_instead_of_file_is_reported(tmp_path):
    assert "is a folder" in error_of(tmp_path).message


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
def test_call_in_pickle_is_refused(tmp_path, zipped, protocol):
    mark = tmp_path / "mark"
    torch.save({"state_dict": WEIGHTS, "callbacks": Exploit(mark)}, tmp_path / "a.ckpt",
               pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    assert "which weights never contain" in error_of(tmp_path / "a.ckpt").message
    assert not mark.exists()


def test_tensor_beyond_its_storage_is_refused(tmp_path):
    torch.save({"a": torch.arange(8.0)[:2]}, tmp_path / "a.ckpt")
    with (zipfile.ZipFile(tmp_path / "a.ckpt") as old,
          zipfile.ZipFile(tmp_path / "b.ckpt", "w") as new):
        for name in old.namelist():
            content = old.read(name)
            # The size of the view, (2,): K 2 and the opcode for a tuple of one.
            new.writestr(name, content.replace(b"K\x02\x85", b"K\x77\x85"))
    assert "beyond its storage" in error_of(tmp_path / "b.ckpt").message
