# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: verbs, options, exit codes. The work is done in `engine.jobs`, as for Blender.

Fast to import: torch is imported only when a verb needs it, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from ..core.errors import EngineError, ErrorCode
from ..core.failures import as_engine_error
from ..core.reporting import Reporter
from ..core.request import RESUMES_HINT
from ..core.requests import REQUESTS
from ..transport.streams import interrupt_at_eof
from .options import add_request, user_path
from .remote import add_remote, remote_host
from .terminal import CommandReporter, JsonReporter, TerminalReporter

PROGRAM = "python -m engine"
VERB_MODULES = {"models": "models", "dataset": "training", "train": "training",
                "evaluate": "evaluation", "batch": "batch"}
"""Verbs with a module of their own in `engine.cli`, which is imported only for that verb."""
VERB_HELP = {
    "models": "list, download, import, verify or remove models",
    "dataset": "render views for training, and prepare them",
    "train": "fine-tune a model, or train the small one from scratch",
    "evaluate": "measure a model on rendered test objects",
    "batch": "generate views or meshes of many images",
}
COMMON = {
    "--json": "report on stdout, one JSON object a line",
    "--attended": "stop when stdin is closed, as at the end of the program that started this",
    "--debug": "show tracebacks and libraries' warnings",
}
"""Options of every verb, accepted anywhere on the line."""
EPILOG = """exit codes: 0 done, 1 internal, 2 usage or bad input, 3 model missing, damaged or
incompatible, 4 out of memory, 5 disk, 6 cancelled, 7 environment"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line. Returns the exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    # Found before parsing, so that errors of the command line are reported in the same way.
    debug = "--debug" in argv
    as_json = "--json" in argv and argv[0] != "serve"
    rest = [_as_path(argument) for argument in argv if argument not in COMMON]
    _silence_libraries(debug, online=rest[:2] == ["models", "download"])
    reporter: CommandReporter = JsonReporter() if as_json else TerminalReporter()
    if "--attended" in argv:
        interrupt_at_eof()
    stopped = "nothing was written"
    try:
        arguments = _parser(rest[0] if rest else "").parse_args(rest)
        stopped = getattr(arguments, "stopped", stopped)
        result = arguments.run(arguments, reporter)
        reporter.done(result if isinstance(result, dict) else {})
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        # The reader of stdout has closed it (`| head`); Python must not complain at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ErrorCode.CANCELLED.exit_code
    except (Exception, KeyboardInterrupt) as error:
        failure = as_engine_error(error, stopped)
        reporter.failed(failure)
        if debug:
            traceback.print_exc()
        return failure.code.exit_code


def _as_path(argument: str) -> str:
    """The argument; with ./ in front if it is a file whose name would be taken for an option."""
    is_file = argument.startswith("-") and os.path.splitext(argument)[1] and "=" not in argument
    return f"./{argument}" if is_file and os.path.isfile(argument) else argument


class Parser(argparse.ArgumentParser):
    """Reports an error of the command line like any other error, in one line."""

    def error(self, message: str) -> NoReturn:
        raise EngineError(ErrorCode.BAD_INPUT, message, f"see `{self.prog} --help`")


def _silence_libraries(debug: bool, online: bool) -> None:
    """Keep libraries off the network and hide their warnings."""
    if not online:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if not debug:
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
        warnings.simplefilter("ignore")


def _parser(verb: str) -> argparse.ArgumentParser:
    """The parser. The options of a verb with a module of its own are added only for that verb."""
    parser = Parser(prog=PROGRAM, description="From one image to 3D.", epilog=EPILOG)
    for option, help in COMMON.items():
        parser.add_argument(option, action="store_true", help=help)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for cls in REQUESTS.values():
        if not cls.CLI_PARENT:
            add_request(verbs, cls, cls.KIND)
    doctor = verbs.add_parser("doctor", help="check the installation and print a problem report")
    doctor.set_defaults(run=_doctor)
    _add_install(verbs)
    serve = verbs.add_parser("serve", help="read jobs from stdin; used by Blender")
    serve.add_argument("--idle", type=float, metavar="SECONDS",
                       help="release the model after this time without a job (default: never)")
    add_remote(serve)
    serve.set_defaults(run=_serve)
    modules = {name: module for name, module in VERB_MODULES.items()
               if importlib.util.find_spec(f"{__package__}.{module}")}  # the extension lacks some
    for name, module in modules.items():
        if verb in modules and modules[verb] == module:
            continue
        verbs.add_parser(name, help=VERB_HELP[name])
    if verb in modules:
        importlib.import_module(f".{modules[verb]}", __package__).add_parsers(verbs)
    return parser


# The other verbs.


def _doctor(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    """Print the facts for a problem report; fail with a hint if something is wrong."""
    from .doctor import examine

    found = examine()
    if isinstance(reporter, JsonReporter):
        reporter.log("info", found.text)
    else:
        print(found.text)
    if found.problem is not None:
        raise found.problem
    return found.facts


def _add_install(verbs: Any) -> None:
    from ..setup.backends import AUTO, Backend
    from ..setup.environment import user_folder

    install = verbs.add_parser("install", help="create the engine's own Python (uses the network)")
    install.add_argument("--folder", type=user_path, default=user_folder() / "engine",
                         help="where to create it; an existing one is replaced when the new one "
                              "is complete")
    install.add_argument("--python", type=user_path,
                         help="Python from which it is created; default: this one")
    install.add_argument("--backend", default=AUTO, choices=[AUTO, *(b.value for b in Backend)],
                         help="hardware for which PyTorch is built; auto chooses it by the "
                              "installed drivers")
    install.add_argument("--wheels", type=user_path, metavar="DIR",
                         help="install from the wheels in this folder, without the network")
    install.set_defaults(run=_install, stopped=RESUMES_HINT)


def _install(arguments: argparse.Namespace, reporter: Reporter) -> dict[str, Any]:
    from ..setup.install import install

    report = install(arguments.folder, reporter, python=arguments.python,
                     backend=arguments.backend, wheels=arguments.wheels)
    print(report.python)
    return {"python": str(report.python), "python_version": report.python_version,
            "versions": dict(report.versions)}


def _serve(arguments: argparse.Namespace, reporter: Reporter) -> int:
    host = remote_host(arguments)
    if host is not None:
        from ..remote.serve import serve as serve_remote

        return serve_remote(host, arguments.idle)
    from ..jobs.server import serve

    return serve(idle_s=arguments.idle)
