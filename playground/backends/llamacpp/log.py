"""What llama.cpp says."""

from __future__ import annotations

import ctypes
from collections import deque
from functools import cache

import llama_cpp

from playground.sentences import Sentence

ERROR_LEVEL = 4  # GGML_LOG_LEVEL_ERROR


class NativeLog:
    """The last error lines of llama.cpp. Must outlive every call into the library."""

    def __init__(self) -> None:
        """Install the callback."""
        self.errors: deque[str] = deque(maxlen=8)
        self._callback = llama_cpp.llama_log_callback(self._take)
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _take(self, level: int, text: bytes, _user_data: object) -> None:
        if level == ERROR_LEVEL:
            self.errors.append(text.decode("utf-8", "replace").strip())

    def reason(self) -> str:
        """Return what was logged first, which names the cause; later lines only report that it failed."""
        return self.errors[0].split(": ", 1)[-1] if self.errors else Sentence("llama.cpp gave no reason")


@cache
def native_log() -> NativeLog:
    """Return the one log of this process: a callback that is freed while llama.cpp still has it ends the process."""
    return NativeLog()
