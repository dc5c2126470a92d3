"""Ending with one's parent: a chain must not outlive the run that started it, even a killed one.

A chain of ours watches for itself (`end_with`). A program that cannot (anvil) is started through this
file as a script: it asks Linux for a signal at its parent's death and becomes that program.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_WATCH_SECONDS = 0.5


def end_with(pid: int | None) -> None:
    """Make this process end soon after the process `pid` does; None lets it run on."""
    if pid is not None:
        threading.Thread(target=_watch, args=(pid,), name="parent-watch", daemon=True).start()


def is_running(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def become(arguments: list[str]) -> None:
    """Replace this process by a program that dies with the parent: `[parent pid, program, ...]`."""
    pid, *command = arguments
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only this platform has the call

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != int(pid):
            sys.exit(1)  # the parent died before it could be told
    os.execv(command[0], command)  # noqa: S606 - our own argument list, no shell


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - twice a second, for a watcher
            return file.read().rpartition(b")")[2].split()[0] == b"Z"
    except OSError:
        return False


def _watch(pid: int) -> None:
    while is_running(pid):
        time.sleep(_WATCH_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    become(sys.argv[1:])
