"""The page in the browser, on gradio."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def gradio_without_stubs() -> Iterator[None]:
    """Import gradio inside this, and it leaves the ``.pyi`` stubs in its own folder as they are.

    It writes one for each of its component classes at every import, which is half of the time that the import takes
    (4.3 s against 2.1 s), and it goes on without where a class has no source file; so its classes seem to have none.
    """
    find = inspect.getfile

    def no_file_for_gradio(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError(thing.__module__)
        return find(thing)

    with mock.patch.object(inspect, "getfile", no_file_for_gradio):
        yield
