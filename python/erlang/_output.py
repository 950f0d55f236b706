"""sys.stdout and sys.stderr: text goes line by line to Erlang's logger."""

from __future__ import annotations

import codecs
import io
import sys
from _thread import RLock
from typing import TYPE_CHECKING

import _erlang

if TYPE_CHECKING:
    from typing import Any

_NOTICE, _WARNING = 2, 3
_MAX_LINE = 64 * 1024  # characters without a line end, before they are sent all the same

# Names of the streams that hold text without a line end. The port program looks whether it is empty.
pending: list[str] = []


class _Bytes(io.BufferedIOBase):
    """The stream's `buffer`: takes bytes, which are UTF-8 text as far as they are."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._stream.write(self._decoder.decode(bytes(view)))
        return view.nbytes

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def close(self) -> None:
        """Does nothing: the stream lasts as long as the interpreter."""


class Stream(io.TextIOBase):
    """A text stream that sends whole lines to Erlang."""

    encoding = "utf-8"
    errors = "backslashreplace"
    newlines = None
    line_buffering = True
    write_through = False

    def __init__(self, number: int, name: str, level: int) -> None:
        self._number = number
        self._level = level
        self._partial: list[str] = []  # what came since the last line end
        self._partial_size = 0
        # Reentrant: a __del__ method that prints may run while this thread is in write().
        self._lock = RLock()
        self._buffer = _Bytes(self)
        self.name = f"<{name}>"
        self.mode = "w"

    @property
    def buffer(self) -> _Bytes:
        return self._buffer

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        """The operating system's stream beside this one; what is written there goes past the logger."""
        return self._number + 1

    def reconfigure(self, **options: object) -> None:
        """Accepted and ignored: encoding and buffering are what they are."""

    def close(self) -> None:
        """Only flushes: the stream lasts as long as the interpreter."""
        self.flush()

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if not text:
            return 0
        with self._lock:
            lines = self._cut(text)
        for line in lines:
            self._send(line)
        return len(text)

    def flush(self) -> None:
        with self._lock:
            text = self._take()
        if text:
            self._send(text)

    def _cut(self, text: str) -> list[str]:
        """The lines that are whole with this text; what follows the last line end is kept."""
        *lines, tail = text.split("\n")
        if lines:
            lines[0] = self._take() + lines[0]
        if tail:
            self._keep(tail)
            if self._partial_size >= _MAX_LINE:
                lines.append(self._take())
        return lines

    def _keep(self, text: str) -> None:
        self._partial.append(text)
        self._partial_size += len(text)
        if self.name not in pending:
            pending.append(self.name)

    def _take(self) -> str:
        text = "".join(self._partial)
        self._partial.clear()
        self._partial_size = 0
        if self.name in pending:
            pending.remove(self.name)
        return text

    def _send(self, line: str) -> None:
        _erlang.log(self._number, self._level, "", line.removesuffix("\r"))


def install() -> None:
    """Replaces the streams of this interpreter, also those that programs restore."""
    sys.stdout = sys.__stdout__ = Stream(0, "stdout", _NOTICE)  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = Stream(1, "stderr", _WARNING)  # type: ignore[misc, assignment]
    _streams.extend((sys.__stdout__, sys.__stderr__))


_streams: list[Any] = []


def flush() -> None:
    """Sends what stands in either stream without a line end."""
    for stream in _streams:
        stream.flush()
