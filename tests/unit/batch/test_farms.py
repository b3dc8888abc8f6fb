# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches on render farms: parts share a folder, and the farms' templates run them."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.batches import QUICK, make_pictures, status
from helpers.command_line import PATIENCE_S, run
from hypothesis import given
from hypothesis import strategies as st

from engine.batch.inputs import Item, Part
from engine.batch.manifest import Manifest
from engine.core.errors import EngineError, ErrorCode
from engine.setup.environment import ROOT

FARMS = ROOT / "engine" / "batch" / "farms"
HARNESS = """
const tasks = [];
const author = {
    Task: (name, type) => ({ name, type, commands: [], needs: [],
        addCommand(command) { this.commands.push(command); },
        addDependency(task) { this.needs.push(task.name); } }),
    Command: (name, parameters) => ({ name, parameters }),
};
const code = require("fs").readFileSync(process.argv[1], "utf8");
const [type, compile] = new Function("author", code + "; return [JOB_TYPE, compileJob];")(author);
compile({ settings: JSON.parse(process.argv[2]), addTask: (task) => tasks.push(task) });
console.log(JSON.stringify({ type, tasks }));
"""
"""The objects that Flamenco's manager provides to a job type."""


@given(st.integers(0, 40), st.integers(1, 12))
def test_parts_are_a_batch_without_gap_or_overlap(pictures: int, parts: int) -> None:
    items = [Item(str(number), "", "") for number in range(pictures)]
    shares = [Manifest(Path(), items, Part.parse(f"{number}/{parts}")).todo
              for number in range(1, parts + 1)]
    assert sorted((item.name for share in shares for item in share), key=int) == [
        item.name for item in items]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/", "/2", "-1/2", "a/b", "1/0", "1/2/3", ""])
def test_part_refuses_other_texts(text: str) -> None:
    with pytest.raises(EngineError) as caught:
        Part.parse(text)
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert repr(text) in caught.value.message


@pytest.mark.slow
def test_batch_part_runs_only_its_items(tmp_path: Path, tiny_model: Path) -> None:
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    make_pictures(pictures, "a", "b", "c")
    (pictures / "b.png").write_bytes(b"no picture")
    common = ("batch", pictures, "--out", out, "--kind", "views", "--model", tiny_model, *QUICK,
              "--part")
    assert run(*common, "2/2") == ErrorCode.BAD_INPUT.exit_code
    assert {name: item["state"] for name, item in status(out).items()} == {
        "a": "waiting", "b": "failed", "c": "waiting"}
    assert run(*common, "1/2") == 0
    assert {name: item["state"] for name, item in status(out).items()} == {
        "a": "done", "b": "failed", "c": "done"}
    assert run(*common, "4/4") == 0, "a part may have nothing to do"


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("openjd") is None, reason="needs openjd-cli")
def test_farm_open_job_description_runs(tmp_path: Path, tiny_model: Path) -> None:
    template = FARMS / "zero123.openjd.yaml"
    assert openjd("check", template).returncode == 0
    pictures, out = tmp_path / "two pictures", tmp_path / "their results"
    make_pictures(pictures, "a", "b")
    make_first_part(pictures, out, tiny_model)
    values = {"Pictures": pictures, "Results": out, "Kind": "views", "Tasks": 2,
              "Model": tiny_model, "Python": sys.executable, "Engine": ROOT}
    options = [word for name, value in values.items() for word in ("-p", f"{name}={value}")]
    ended = openjd("run", template, *options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {item["state"] for item in status(out).values()} == {"done"}
    for name in ("a/views.json", "b/views.json", "index.html"):
        assert (out / name).is_file()
    assert "Chunks run: 3" in ended.stdout, "a task for each picture, and the summary"
    (pictures / "b.png").write_bytes(b"no picture")
    assert openjd("run", template, *options).returncode != 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_farm_flamenco_job_type_makes_tasks_that_run(tmp_path: Path, tiny_model: Path) -> None:
    pictures, out = tmp_path / "two pictures", tmp_path / "their results"
    make_pictures(pictures, "a", "b")
    make_first_part(pictures, out, tiny_model, "--seed", 3)
    job = compiled({"pictures": str(pictures), "results": str(out), "kind": "views", "tasks": 2,
                    "model": str(tiny_model), "seed": 3, "python": sys.executable,
                    "engine": str(ROOT)})
    keys = {setting["key"] for setting in job["type"]["settings"]}
    assert keys == {"pictures", "results", "kind", "tasks", "model", "seed", "python", "engine"}
    parts, summary = job["tasks"][:-1], job["tasks"][-1]
    assert len(parts) == 2
    assert summary["needs"] == [task["name"] for task in parts]
    for number, task in enumerate(job["tasks"], 1):
        (command,) = task["commands"]
        assert command["name"] == "exec"
        ended = subprocess.run([command["parameters"]["exe"], *command["parameters"]["args"]],
                               cwd=tmp_path, check=False, capture_output=True, text=True,
                               timeout=PATIENCE_S)
        assert ended.returncode == 0, ended.stderr
        done = [name for name, item in status(out).items() if item["state"] == "done"]
        assert done == ["a", "b"][:number]
    assert json.loads((out / "b" / "request.json").read_text())["request"]["seed"] == 3


def make_first_part(pictures: Path, out: Path, model: Path, *options: object) -> None:
    """Have the first of two parts done by this process, which has its libraries already: the farm's
    first task keeps the result, its second one makes the other."""
    assert run("batch", pictures, "--out", out, "--kind", "views", "--model", model, "--part",
               "1/2", *options) == 0
    assert [name for name, item in status(out).items() if item["state"] == "done"] == ["a"]


def openjd(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import sys, openjd.cli; sys.exit(openjd.cli.main())",
         *map(str, arguments)], check=False, capture_output=True, text=True,
        timeout=PATIENCE_S)


def compiled(settings: dict[str, Any]) -> dict[str, Any]:
    """The tasks that the job type compiles from these settings."""
    ended = subprocess.run(
        ["node", "-e", HARNESS, str(FARMS / "zero123.flamenco.js"), json.dumps(settings)],
        check=True, capture_output=True, text=True)
    return json.loads(ended.stdout)
