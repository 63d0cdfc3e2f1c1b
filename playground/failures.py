"""A failure on its way from a model's process to whoever waits: its kind, its sentences, the setting it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import errors
from playground.errors import PlaygroundError
from playground.sentences import packed, unpacked

if TYPE_CHECKING:
    from playground.frames import Message


def failed(error: PlaygroundError) -> Message:
    """Return a failure as an answer of this process."""
    return {"event": "error", "kind": type(error).__name__, "text": (error.message, error.hint, error.field)}


def sent(error: PlaygroundError) -> Message:
    """Return a failure as an answer to another process, in plain values."""
    return failed(error) | {"text": (packed(error.message), packed(error.hint), error.field)}


def failure(message: Message) -> PlaygroundError:
    """Return the failure that an answer reports."""
    kind: type[PlaygroundError] = getattr(errors, message["kind"], PlaygroundError)
    text, hint, about = message["text"]
    return kind(unpacked(text), hint=unpacked(hint), field=about)


def raised(message: Message) -> Message:
    """Return an answer, or raise the failure that it reports."""
    if message["event"] != "error":
        return message
    raise failure(message)
