# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the command line that name a remote computer. Standard library only."""

from __future__ import annotations

import argparse

from ..remote.ssh_host import FOLDER, PYTHON, SshHost


def add_remote(parser: argparse.ArgumentParser) -> None:
    """Add the options to a verb."""
    group = parser.add_argument_group("on another computer")
    group.add_argument("--remote", metavar="HOST",
                       help="compute on this computer: user@computer, as for ssh, which must not "
                       "ask for a password; files are sent and fetched")
    group.add_argument("--remote-folder", metavar="DIR", default=FOLDER,
                       help="folder there that contains the folder engine (default: %(default)s)")
    group.add_argument("--remote-python", metavar="PATH", default=PYTHON,
                       help="Python there with the engine's libraries (default: %(default)s)")


def remote_host(arguments: argparse.Namespace) -> SshHost | None:
    """The computer that the options name, if any."""
    if not arguments.remote:
        return None
    return SshHost(arguments.remote, arguments.remote_folder, arguments.remote_python)
