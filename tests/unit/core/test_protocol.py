# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message passes a real pipe unchanged, and other lines are not accepted as messages."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import EngineError, ErrorCode
from engine.core.protocol import (
    COMMANDS,
    REPORTS,
    TERMINAL,
    Failed,
    Message,
    Submit,
    decode,
    encode,
)

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
"""Includes lone surrogates, which occur in file names that are not valid Unicode."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6)
BY_ANNOTATION = {
    "str": ANY_TEXT,
    "int": st.integers(),
    "float | None": st.none() | st.floats(allow_nan=False),
    "dict[str, Any]": st.dictionaries(ANY_TEXT, JSON, max_size=4),
}
MESSAGES = st.one_of([
    st.builds(cls, **{f.name: BY_ANNOTATION[str(f.type)] for f in fields(cls)})
    for cls in COMMANDS + REPORTS])

ECHO = """
import sys
sys.path.insert(0, sys.argv[1])
from engine.core.protocol import decode, encode
for line in sys.stdin.buffer:
    sys.stdout.buffer.write(encode(decode(line.decode())).encode() + b"\\n")
    sys.stdout.buffer.flush()
"""


@pytest.fixture(scope="module")
def echo(project_root: Path):
    """A process that decodes each line of its stdin and encodes it again."""
    with subprocess.Popen([sys.executable, "-c", ECHO, str(project_root)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.stdin.close()  # type: ignore[union-attr]


@settings(deadline=None)
@given(message=MESSAGES)
def test_messages_cross_a_pipe_unchanged(echo, message: Message):
    line = encode(message).encode() + b"\n"
    assert line.count(b"\n") == 1
    echo.stdin.write(line)
    echo.stdin.flush()
    assert decode(echo.stdout.readline().decode()) == message


@given(line=st.text() | JSON.map(json.dumps))
def test_decode_refuses_what_is_not_a_message(line: str):
    with pytest.raises(EngineError) as caught:
        decode(line)
    assert caught.value.code is ErrorCode.PROTOCOL
    assert caught.value.hint


@pytest.mark.parametrize("line", [
    '{"type": "cancel", "job": "a", "force": true}',
    '{"type": "cancel"}',
    '{"type": "cancel", "job": 7}',
    '{"type": "cancel", "job": ["a"]}',
    '{"type": "submit", "job": "a", "kind": "views", "request": []}',
    '{"type": "hello", "version": true}',
    '{"type": "explode", "job": "a"}',
    '{"job": "a"}',
    "[" * 100_000,
])
def test_decode_refuses_wrong_fields(line: str):
    with pytest.raises(EngineError) as caught:
        decode(line)
    assert caught.value.code is ErrorCode.PROTOCOL
    assert len(str(caught.value)) < 500


def test_message_types_are_distinct():
    names = [cls.TYPE for cls in COMMANDS + REPORTS]
    assert len(set(names)) == len(names)


def test_terminal_reports_name_their_job():
    assert all("job" in {f.name for f in fields(cls)} for cls in TERMINAL)


@pytest.mark.parametrize("code", ErrorCode)
def test_error_codes_cross_the_protocol(code: ErrorCode):
    failure = decode(encode(Failed("a", code.value, "it broke", "mend it")))
    assert isinstance(failure, Failed)
    assert failure.error.code is code
    assert str(failure.error) == "it broke; mend it"
    assert 1 <= code.exit_code <= 7


def test_messages_keep_paths_that_are_not_unicode():
    path = b"/tmp/caf\xe9.png".decode("utf-8", "surrogateescape")
    assert decode(encode(Submit("a", "views", {"image": path}))).request["image"] == path  # type: ignore[attr-defined]
