# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real ssh server on this computer, for the tests of remote engines: any user, any port."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 20.0


def program(name: str) -> str | None:
    """The path of one of OpenSSH's programs; sshd often isn't on a user's PATH."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


def why_not() -> str | None:
    """The reason why no server can run here; None if one can."""
    missing = [name for name in ("sshd", "ssh", "ssh-keygen") if program(name) is None]
    return f"needs OpenSSH: {', '.join(missing)} not found" if missing else None


@dataclass
class SshServer:
    """A running server."""

    address: str
    """The address for ssh."""
    process: subprocess.Popen[bytes]

    def cut(self) -> None:
        """End all connections, as if the network had failed."""
        for pid in _children(self.process.pid):
            for connection in (*_children(pid), pid):
                if "sshd" in Path(f"/proc/{connection}/cmdline").read_text():
                    os.kill(connection, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def running_server(folder: Path, home: Path) -> Iterator[SshServer]:
    """A server with its own key, whose users have the home folder `home`."""
    if os.getuid() == 0:  # which the system's service would create
        Path("/run/sshd").mkdir(exist_ok=True)
    for key in ("host", "user"):
        subprocess.run([str(program("ssh-keygen")), "-q", "-t", "ed25519", "-N", "", "-f",
                        str(folder / key)], check=True, stdin=subprocess.DEVNULL)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "sshd.conf").write_text(textwrap.dedent(f"""\
        Port {port}
        ListenAddress 127.0.0.1
        HostKey "{folder}/host"
        AuthorizedKeysFile "{folder}/authorized"
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        PermitRootLogin yes
        SetEnv HOME="{home}" XDG_DATA_HOME="{home}/data"
        """))
    (folder / "my config").write_text(textwrap.dedent(f"""\
        Host loopback
        HostName 127.0.0.1
        Port {port}
        User {getpass.getuser()}
        IdentityFile "{folder}/user"
        IdentitiesOnly yes
        StrictHostKeyChecking no
        UserKnownHostsFile "{folder}/known"
        """))
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen([str(program("sshd")), "-D", "-e", "-f",
                                    str(folder / "sshd.conf")], stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while subprocess.run(["ssh", "-F", str(folder / "my config"), "-o", "BatchMode=yes",
                              "loopback", "true"], check=False, capture_output=True).returncode:
            assert time.monotonic() < deadline, (folder / "sshd.log").read_text()
            time.sleep(0.1)
        yield SshServer(f"-F '{folder / 'my config'}' loopback", process)
    finally:
        process.terminate()
        process.wait()
