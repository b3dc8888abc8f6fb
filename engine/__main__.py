# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m engine`: the command line."""

import io
import signal
import sys

from .cli.main import main
from .core.garbage_collector import skip_collection_at_exit

# A polite kill is like Ctrl-C: what was half-built is removed.
signal.signal(signal.SIGTERM, signal.default_int_handler)
# A file name that isn't valid Unicode can be an argument; naming it must not fail.
if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="backslashreplace")
status = main()
skip_collection_at_exit()
sys.exit(status)
