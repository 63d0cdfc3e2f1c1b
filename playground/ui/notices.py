"""The page's notice line: what one says, and what a failure says there."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from playground.errors import PlaygroundError
from playground.sentences import Sentence, in_words
from playground.ui.controls import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping


def notice(kind: str, text: str) -> str:
    """Return a message for the notice line; an empty text clears it."""
    return to_json({"kind": kind, "text": text, "field": ""})


CLEAR = notice("", "")


def said(error: Exception, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the notice for a failure, in the words of a language."""
    known = ours(error)
    return {"kind": "error", "text": in_words(known.said, texts), "field": known.field}


def ours(error: Exception) -> PlaygroundError:
    """Return a failure that a person may see; what is not ours is logged under a short id."""
    if isinstance(error, PlaygroundError):
        return error
    log_id = secrets.token_hex(3)
    logging.getLogger(__name__).error("%s", log_id, exc_info=error)
    hint = Sentence("The log has it under {log_id}.", log_id=log_id)
    return PlaygroundError("Something in the playground broke.", hint=hint)
