# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine that violates the protocol: it writes the lines of its argument.

In the lines, JOB stands for the job's id. A line "---" waits for the submission, a line "exit" ends
the process.
"""

import json
import sys

for line in sys.argv[1].splitlines():
    if line == "---":
        command: dict = {}
        while command.get("type") != "submit":
            command = json.loads(sys.stdin.readline())
        job = command["job"]
    elif line == "exit":
        sys.exit(7)
    else:
        print(line.replace("JOB", job) if "JOB" in line else line, flush=True)
sys.stdin.read()
