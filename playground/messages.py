"""What a model's process is asked and what it answers, as plain values."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from playground.chain import Draw
from playground.errors import ModelError, PlaygroundError
from playground.events import Ended, Event, Look, PaneSaid, Replayed, Scored, Started
from playground.failures import sent
from playground.records import Prompt, shallow
from playground.sentences import Sentence, packed_all

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
        case Started():
            return {"event": "started", **shallow(event), "notes": packed_all(event.notes)}
        case Replayed() | Scored():
            return {"event": type(event).__name__.lower(), **shallow(event)}
        case Ended():
            return {"event": "ended", "reason": event.reason.value, "timing": shallow(event.timing)}


def error_answer(error: Exception) -> Message:
    """Return a failure as plain values; what is not ours is logged under a short id."""
    if isinstance(error, PlaygroundError):
        return sent(error)
    if isinstance(error, MemoryError):
        hint = "Unload another model, or set a smaller context_tokens."
        return sent(ModelError("There was not enough memory for it.", hint=hint))
    log_id = secrets.token_hex(3)
    logging.getLogger(__name__).error("%s", log_id, exc_info=error)
    under = Sentence("The log has it under {log_id}.", log_id=log_id)
    return sent(ModelError("Something in the playground broke.", hint=under))
