"""What a page that follows a run is told while the run grows: server-sent events, ten a second at most.

- An event's id is the number of tokens told so far; a browser whose connection broke sends it and goes on from there.
- Gradio starts a run and reports its end; what comes between goes past it, as each of its messages costs the browser
  more than drawing what is new.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from playground.ui.controls import to_json
from playground.ui.strip import strip_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playground.store import LiveRun
    from playground.ui.explore import Explorer

UPDATE_S = 0.1
FOLLOW_S = 0.4  # a new picture comes less often: drawing one takes a browser some 60 ms of a core that the model wants


async def follow(explorer: Explorer, live: LiveRun, told: int) -> AsyncIterator[str]:
    """Yield an event whenever tokens came, with a picture of the newest one now and then; the last has the end."""
    drawn = -FOLLOW_S
    while True:
        running = live.stop_reason is None
        count = len(live.steps)
        if count > told or not running:
            picture = None
            if running and time.monotonic() - drawn >= FOLLOW_S:
                drawn = time.monotonic()
                picture = explorer.recorded(live, count - 1, follow=True)
            news = to_json({"strip": strip_message(live, told, explorer.texts), "picture": picture})
            yield f"id: {count}\ndata: {news}\n\n"
            told = count
        if not running:
            return
        await asyncio.sleep(UPDATE_S)


def resumed(last_event_id: str | None, live: LiveRun) -> int:
    """Return how many tokens a browser has been told; from a number that cannot be, all are told again.

    >>> from playground.store import Store
    >>> from playground.settings import SamplingParams
    >>> resumed("7", Store().new("toy", SamplingParams()))
    0
    """
    told = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else 0
    return told if told <= len(live.steps) else 0
