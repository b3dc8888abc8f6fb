# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model folders and checkpoints of unknown origin are loaded completely or refused, and never
executed."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from documents import altered, texts
from helpers.exploit import Exploit
from hypothesis import given
from hypothesis import strategies as st
from rounds import fuzz, outcome, peak_memory_mb
from safetensors.torch import load_file, save_file

from engine.core.errors import EngineError, ErrorCode
from engine.core.reporting import SilentReporter
from engine.core.requests import ViewsRequest
from engine.diffusion import Zero123Pipeline
from engine.jobs import run as jobs
from engine.models import import_checkpoint, load_pipeline
from engine.models.folder import folder_state, verify, write_record
from engine.models.safe_unpickle import read_state_dict

OF_MODELS = (ErrorCode.MODEL_DAMAGED, ErrorCode.MODEL_INCOMPATIBLE, ErrorCode.MODEL_MISSING)


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may damage."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def assert_loaded_or_refused(folder: Path) -> None:
    result = outcome(load_pipeline, str(folder), "cpu")
    if isinstance(result, EngineError):
        assert result.code in OF_MODELS, result
    else:
        assert isinstance(result, Zero123Pipeline)


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file with this header and this stated length of the header."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


WHOLE = {"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
         "b": {"dtype": "F16", "shape": [4], "data_offsets": [16, 24]}}
LIES = st.builds(
    safetensors, altered(WHOLE), st.sampled_from([bytes(24), bytes(23), bytes(25), b""]),
    st.none() | st.sampled_from([0, 1, 2**31, 2**63, 2**64 - 1]))


@fuzz(150, 10_000)
@given(content=LIES | st.binary(max_size=60))
def test_inconsistent_safetensors_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lies.safetensors"
    path.write_bytes(content)
    result = outcome(read_state_dict, path)
    if isinstance(result, EngineError):
        assert result.code in OF_MODELS
    else:
        assert sum(tensor.nbytes for tensor in result.values()) <= len(content)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_header_that_states_terabytes_allocates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lies.safetensors"
    before = peak_memory_mb(since_now=True)
    for size in (2**40, 2**62, 2**64 - 1):
        path.write_bytes(safetensors({"a": {"dtype": "F32", "shape": [size // 4],
                                            "data_offsets": [0, size]}}))
        assert isinstance(outcome(read_state_dict, path), EngineError)
        path.write_bytes(safetensors({}, length=size))
        assert isinstance(outcome(read_state_dict, path), EngineError)
    assert peak_memory_mb() - before < 100


FILES = ("unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors",
         "image_encoder/model.safetensors", "cc_projection/diffusion_pytorch_model.safetensors")


@fuzz(8, 600)
@given(data=st.data())
def test_damaged_weight_file_is_refused(model: Path, tiny_model: Path,
                                          data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    content = (tiny_model / name).read_bytes()
    end = data.draw(st.integers(0, len(content) - 1))
    (model / name).write_bytes(content[:end])
    assert isinstance(outcome(load_pipeline, str(model), "cpu"), EngineError)
    (model / name).write_bytes(content)


@pytest.mark.parametrize("change", [
    lambda tensor: tensor[None], lambda tensor: tensor.flatten()[:1],
    lambda tensor: tensor.transpose(0, 1), lambda tensor: torch.zeros(0)],
    ids=["rank", "one number", "transposed", "empty"])
@pytest.mark.parametrize("name", FILES)
def test_weights_of_a_wrong_shape_are_refused(
        model: Path, name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    weights = load_file(model / name)
    key = next(key for key in sorted(weights)
               if weights[key].ndim >= 2 and weights[key].shape[0] != weights[key].shape[1])
    save_file({**weights, key: change(weights[key]).contiguous()}, model / name)
    result = outcome(load_pipeline, str(model), "cpu")
    assert isinstance(result, EngineError)
    assert result.code in OF_MODELS


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", FILES)
def test_weights_with_nan_make_no_views(model: Path, picture: Path, tmp_path: Path,
                                                   name: str, number: float) -> None:
    weights = load_file(model / name)
    save_file({key: torch.full_like(tensor, number) if tensor.is_floating_point() else tensor
               for key, tensor in weights.items()}, model / name)
    request = ViewsRequest(image=str(picture), model=str(model), out=str(tmp_path / "out"),
                           steps=2)
    result = outcome(jobs.run, request, SilentReporter())
    assert isinstance(result, EngineError)
    assert result.code is ErrorCode.MODEL_DAMAGED
    assert not (tmp_path / "out").exists()


CONFIGS = ("model_index.json", "unet/config.json", "vae/config.json", "image_encoder/config.json",
           "cc_projection/config.json", "scheduler/scheduler_config.json")


@fuzz(15, 2500)
@given(data=st.data())
def test_any_configuration_is_loaded_or_refused(model: Path, tiny_model: Path,
                                                data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(CONFIGS))
    content = (tiny_model / name).read_text()
    (model / name).write_bytes(data.draw(texts(json.loads(content))))
    try:
        assert_loaded_or_refused(model)
    finally:
        (model / name).write_text(content)


@pytest.mark.parametrize(("name", "key", "value"), [
    ("model_index.json", "default_num_inference_steps", 10**9),
    ("model_index.json", "default_num_inference_steps", "many"),
    ("model_index.json", "default_num_inference_steps", -1),
    ("model_index.json", "default_guidance_scale", float("nan")),
    ("model_index.json", "default_guidance_scale", [1]),
    ("unet/config.json", "sample_size", 10**6),
    ("unet/config.json", "sample_size", "large"),
    ("scheduler/scheduler_config.json", "num_train_timesteps", 10**12),
    ("scheduler/scheduler_config.json", "num_train_timesteps", 0),
    ("scheduler/scheduler_config.json", "prediction_type", "fortune"),
    ("scheduler/scheduler_config.json", "beta_end", 7.0),
    ("vae/config.json", "scaling_factor", 0.0),
    ("image_encoder/config.json", "hidden_size", []),
])
def test_meaningless_settings_make_no_views(model: Path, picture: Path, tmp_path: Path,
                                              name: str, key: str, value: object) -> None:
    config = json.loads((model / name).read_text())
    (model / name).write_text(json.dumps({**config, key: value}))
    request = ViewsRequest(image=str(picture), model=str(model), out=str(tmp_path / "out"))
    result = outcome(jobs.run, request, SilentReporter())
    assert isinstance(result, EngineError)
    assert result.code in OF_MODELS, result


@fuzz(60, 3000)
@given(data=st.data())
def test_any_list_of_model_files_is_accepted_or_refused(model: Path,
                                                           data: st.DataObject) -> None:
    (model / "files.json").unlink(missing_ok=True)
    write_record(model, "a.ckpt")
    whole = json.loads((model / "files.json").read_text())
    (model / "files.json").write_bytes(data.draw(texts(whole)))
    outcome(folder_state, model)
    outcome(verify, str(model))


# Pickles.


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "model.ckpt"
    torch.save({"state_dict": {"a": torch.ones(4, 4), "b": torch.zeros(2)}, "epoch": 3}, path)
    return path


@fuzz(80, 5000)
@given(data=st.data())
def test_damaged_checkpoint_is_read_or_refused(tmp_path: Path, checkpoint: Path,
                                                 data: st.DataObject) -> None:
    content = bytearray(checkpoint.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    content = content[:data.draw(st.integers(0, len(content)) | st.just(len(content)))]
    path = tmp_path / "damaged.ckpt"
    path.write_bytes(content)
    outcome(read_state_dict, path)


@fuzz(80, 5000)
@given(data=st.data())
def test_damaged_pickle_in_intact_archive_is_read_or_refused(
        tmp_path: Path, checkpoint: Path, data: st.DataObject) -> None:
    """The archive's checksum is correct here; in the previous test it detects the change."""
    path = tmp_path / "damaged.ckpt"
    with zipfile.ZipFile(checkpoint) as whole, zipfile.ZipFile(path, "w") as damaged:
        for name in whole.namelist():
            content = bytearray(whole.read(name))
            if name.endswith("data.pkl"):
                for _ in range(data.draw(st.integers(1, 4))):
                    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(
                        st.integers(0, 255))
            damaged.writestr(name, bytes(content))
    outcome(read_state_dict, path)


@pytest.mark.parametrize("pickled", [b"\x80\x02K\x01Q.", b"\x80\x02M\x01"],
                         ids=["a number for a tensor", "cut off within a number"])
def test_pickles_found_by_fuzzing_are_refused(tmp_path: Path, checkpoint: Path,
                                          pickled: bytes) -> None:
    path = tmp_path / "damaged.ckpt"
    with zipfile.ZipFile(checkpoint) as whole, zipfile.ZipFile(path, "w") as damaged:
        for name in whole.namelist():
            damaged.writestr(name, pickled if name.endswith("data.pkl") else whole.read(name))
    result = outcome(read_state_dict, path)
    assert isinstance(result, EngineError)
    assert result.code is ErrorCode.MODEL_DAMAGED


@pytest.mark.parametrize("place", ["top", "weights", "beside", "plain pickle", "config folder"])
def test_exploit_is_not_run(tmp_path: Path, checkpoint: Path, model: Path, place: str) -> None:
    mark = tmp_path / "mark"
    exploit, path = Exploit(mark), tmp_path / "bad.ckpt"
    match place:
        case "top":
            torch.save(exploit, path)
        case "weights":
            torch.save({"state_dict": {"a": torch.ones(2), "b": exploit}}, path)
        case "beside":
            torch.save({"state_dict": {"a": torch.ones(2)}, "callbacks": [exploit]}, path)
        case "plain pickle":
            path.write_bytes(pickle.dumps({"a": exploit}))
        case "config folder":
            for name in FILES:
                (model / name).unlink()
                torch.save({"a": exploit}, (model / name).with_suffix(".bin"))
            torch.save({"a": exploit}, model / "image_encoder" / "pytorch_model.bin")
    read = (lambda: load_pipeline(str(model), "cpu")) if place == "config folder" else (
        lambda: import_checkpoint(path, out=tmp_path / "out"))
    assert isinstance(outcome(read), EngineError)
    assert not mark.exists()
    assert not (tmp_path / "out").exists()
