# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request's fields as options of the command line. Standard library only."""

from __future__ import annotations

import argparse
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from ..core.reporting import Reporter
from ..core.request import AUTO, Request, default_of
from .remote import add_remote, remote_host


def user_path(text: str) -> Path:
    """A path on the command line; "~" at its beginning is the home folder.

    Raises:
        argparse.ArgumentTypeError: if it is the home folder of a user who does not exist.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        name = Path(text).parts[0]
        raise argparse.ArgumentTypeError(f"the home folder {name} does not exist") from error


def png_path(text: str) -> Path:
    """The path of a PNG file to write.

    Raises:
        argparse.ArgumentTypeError: if the name does not end in .png.
    """
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"{text} does not end in .png")
    return user_path(text)


def add_request(verbs: Any, cls: type[Request], verb: str) -> None:
    """Add the verb of a request; every option is a field of the class."""
    summary = (cls.__doc__ or "").splitlines()[0]
    parser = verbs.add_parser(verb, help=summary[0].lower() + summary[1:].rstrip("."),
                              description=summary)
    # Another input may take its place; `Request.require_input` checks that one of them is given.
    optional = len(cls.fields_with("reads")) > 1
    for f in fields(cls):
        if f.name == cls.POSITIONAL:
            parser.add_argument(f.name, metavar=f.name.upper(), nargs="?" if optional else None,
                                default="", help=f.metadata["help"])
        else:
            parser.add_argument("--" + f.name.replace("_", "-"), **request_option(f))
    add_remote(parser)
    parser.set_defaults(run=_run_request, request=cls, stopped=cls.CANCELLED_HINT)


def _run_request(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    names = [f.name for f in fields(arguments.request)]
    request = arguments.request.from_dict({name: getattr(arguments, name) for name in names})
    host = remote_host(arguments)
    if host is not None:
        from ..remote.run import RemoteEngine

        engine = RemoteEngine(host)
        with engine.client:
            return engine.run(request, reporter)
    from ..jobs import run as jobs

    return jobs.run(request, reporter)


def request_option(f: Field[Any]) -> dict[str, Any]:
    """Arguments of argparse for a request's field. The request itself checks the limits."""
    default = default_of(f)
    help = f.metadata["help"].replace("%", "%%")
    if f.name == "out":
        return {"required": True, "metavar": "PATH", "help": help}
    if isinstance(default, bool):
        return {"action": "store_true", "help": help}
    if isinstance(default, list):
        return {"nargs": "+", "type": float, "default": default, "help": help,
                "metavar": f.name[0].upper()}
    if default not in ("", None):
        help += f" (default: {default})"
    kind = _number_or_auto if f.metadata.get("automatic") else type(default)
    options = {"type": kind, "default": default, "help": help}
    if "choices" in f.metadata:
        return options | {"choices": f.metadata["choices"]}
    return options | {"metavar": f.name.rpartition("_")[2].upper()}


def _number_or_auto(text: str) -> float | str:
    """The value of an option that takes a number or "auto"."""
    try:
        return text if text == AUTO else float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number and not {AUTO}") from error
