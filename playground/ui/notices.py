"""The page's notice line: what one says, and what a failure says there."""

from __future__ import annotations

import logging
import secrets

from playground.errors import PlaygroundError
from playground.ui.controls import to_json


def notice(kind: str, text: str) -> str:
    """Return a message for the notice line; an empty text clears it."""
    return to_json({"kind": kind, "text": text, "field": ""})


CLEAR = notice("", "")


def said(error: Exception) -> dict[str, str]:
    """Return the notice for a failure; what is not ours is logged under a short id."""
    if isinstance(error, PlaygroundError):
        return {"kind": "error", "text": str(error), "field": error.field}
    log_id = secrets.token_hex(3)
    logging.getLogger(__name__).error("%s", log_id, exc_info=error)
    return {"kind": "error", "text": f"Something in the playground broke. The log has it under {log_id}.", "field": ""}
