"""time.sleep that can be interrupted.

An interrupt reaches Python code between two of its instructions, so a thread that sleeps in one long
system call would only notice it at the end. Sleeping in short pieces lets it through.
"""

from __future__ import annotations

import time

_PIECE = 0.02  # seconds; a few fit into the time that a job has to end when it is told to

_sleep = time.sleep
_monotonic = time.monotonic


def sleep(seconds: float, /) -> None:
    """Delays execution for a number of seconds, which may be a fraction."""
    if isinstance(seconds, int | float) and seconds > _PIECE:
        end = _monotonic() + seconds
        while (left := end - _monotonic()) > _PIECE:
            _sleep(_PIECE)
        seconds = max(left, 0.0)
    _sleep(seconds)  # raises what time.sleep raises for what is no such number


def install() -> None:
    """Replaces time.sleep in this interpreter."""
    time.sleep = sleep
