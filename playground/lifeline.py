"""A pipe by which the kernel ends a model's process when the page is gone, whatever the process is doing.

- A thread that waits for the end of standard input is enough as long as it gets to run; it does not while native code
  keeps the interpreter's lock, nor in a process that is stopped.
- The page holds one end and never writes to it; the model's process asks for SIGKILL when that end closes.
- Linux only: elsewhere the thread alone has to do.
"""

from __future__ import annotations

import os
import signal
import sys

VARIABLE = "PLAYGROUND_LIFELINE"  # of the environment: the file descriptor of the process's end


def take() -> None:
    """Die when the other end closes, if the page has handed one over."""
    number = os.environ.pop(VARIABLE, "")
    if sys.platform == "linux" and number:
        import fcntl  # noqa: PLC0415 (there is none on Windows)

        fcntl.fcntl(int(number), fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(int(number), fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(int(number), fcntl.F_SETFL, os.O_ASYNC)
