"""What a model's process is asked and what it answers, as plain values."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from playground.chain import Draw
from playground.errors import PlaygroundError
from playground.events import Ended, Event, Look, PaneSaid, Replayed, Scored, Started
from playground.records import Prompt, shallow

if TYPE_CHECKING:
    from playground.frames import Message


def unpack_prompt(flat: Message) -> Prompt:
    """Read a prompt from a request."""
    turns = tuple((role, content) for role, content in flat["messages"])
    probs, chosen = tuple(flat["final_probs"]), tuple(flat["chosen"])
    return Prompt(flat["text"], turns, tuple(flat["ids"]), flat["written"], probs, chosen)


Said = Event | Look | Scored | Replayed | PaneSaid


def answer(event: Said) -> Message:
    """Return an engine's event as plain values."""
    match event:
        case Draw():
            return {"event": "step", **shallow(event.record())}
        case Look():
            orders = event.orders and shallow(event.orders)
            return {"event": "look", **shallow(event), "step": shallow(event.step), "orders": orders}
        case PaneSaid():
            said = event.said
            inner = error_answer(said) if isinstance(said, PlaygroundError) else answer(said)
            return {"event": "pane", "pane": event.pane, "answer": inner}
        case Replayed() | Scored() | Started():
            return {"event": type(event).__name__.lower(), **shallow(event)}
        case Ended():
            return {"event": "ended", "reason": event.reason.value, "timing": shallow(event.timing)}


def error_answer(error: Exception) -> Message:
    """Return a failure as plain values; what is not ours is logged under a short id."""
    if isinstance(error, PlaygroundError):
        return {"event": "error", "kind": type(error).__name__, "text": (error.message, error.hint, error.field)}
    if isinstance(error, MemoryError):
        text = ("There was not enough memory for it.", "Unload another model, or set a smaller context_tokens.", "")
        return {"event": "error", "kind": "ModelError", "text": text}
    log_id = secrets.token_hex(3)
    logging.getLogger(__name__).error("%s", log_id, exc_info=error)
    text = ("Something in the playground broke.", f"The log has it under {log_id}.", "")
    return {"event": "error", "kind": "ModelError", "text": text}
