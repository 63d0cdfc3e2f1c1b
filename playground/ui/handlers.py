"""What happens behind the page's events: settings checked once, the pool asked, records turned into messages.

- ``look`` answers with one picture; ``write`` starts a run, names it and reports its end: ``follow`` tells the rest.
- A failure that a person can see becomes a notice; the picture, the text and everything typed stay.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from playground.errors import RunNotFound
from playground.pool import LOAD_TIMEOUT_S
from playground.records import Prompt, SamplingParams, StopReason
from playground.sentences import Sentence, in_all_words, in_words
from playground.ui.boxes import read_boxes
from playground.ui.controls import read_object, read_seed, read_settings, to_json
from playground.ui.explore import LOOK_LENGTH
from playground.ui.notices import CLEAR, notice, said
from playground.ui.strip import strip_message

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

    from playground.pool import Pool
    from playground.store import LiveRun, Store
    from playground.stream import Stream
    from playground.ui.explore import Branch, Explorer

    Asked = tuple[Branch | None, str, Prompt, SamplingParams]  # what it goes on from, model, prompt, settings

POLL_S = 0.02  # how often a waiting run looks for news
PULSE_S = 0.5  # so often something is yielded, or gradio would not notice that the tab is gone


@dataclass(frozen=True)
class Handlers:
    """The handlers of one page.

    Attributes:
        explorer: the pictures, and with it the models, the runs and the words of the page's language.
    """

    explorer: Explorer

    @property
    def pool(self) -> Pool:
        """The models."""
        return self.explorer.pool

    @property
    def store(self) -> Store:
        """The runs."""
        return self.explorer.store

    @property
    def texts(self) -> Mapping[str, str]:
        """The words of the page's language."""
        return self.explorer.texts

    def look(  # noqa: PLR0913, PLR0917 (gradio hands over each control by itself)
        self, model: str, mode: str, system: str, text: str, chain: str, seed: str, history: object = "[]"
    ) -> tuple[Any, ...]:
        """Show what could come after the prompt; returns picture, notice."""
        try:
            params = read_settings(chain, seed, LOOK_LENGTH)
            prompt = read_boxes(self.pool.catalog, model, mode, system, text, history)
            if not text.strip() and any(role == "assistant" for role, _ in prompt.messages):
                return gr.skip(), notice("info", self.texts["chat_next"])
            shown = self.explorer.look(model, prompt, params)
            return to_json(shown | {"asked": [chain, seed]}), CLEAR
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return gr.skip(), to_json(said(error, self.texts))

    def stop(self, run_id: str | None) -> Any:
        """End the session's run; returns a notice, and the run's last update says that it stopped."""
        with suppress(RunNotFound):
            if run_id and self.store.get(run_id).stop_reason is None:
                self.store.get(run_id).stop()
                return notice("info", self.texts["stopping"])
        return gr.skip()

    async def write(  # noqa: PLR0913, PLR0917 (gradio hands over each control by itself)
        self,
        model: str,
        mode: str,
        system: str,
        text: str,
        chain: str,
        seed: str,
        max_new_tokens: object,
        history: object = "[]",
        request: gr.Request | None = None,
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Write a text; yields strip, picture, notice, run id."""

        def asked() -> Asked:
            params = read_settings(chain, seed, max_new_tokens).with_some_seed()
            boxes = read_boxes(self.pool.catalog, model, mode, system, text, history)
            return None, model, boxes, params

        async with aclosing(self._write(asked, request)) as updates:
            async for update in updates:
                yield update

    async def go_on(
        self, chain: str, seed: str, max_new_tokens: object, where: object, request: gr.Request | None = None
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Go on with a text from a place with a chosen token, as ``write``; ``where`` is JSON of both."""

        def asked() -> Asked:
            found = read_object(str(where).encode(), Sentence("Its keys are place and token."))
            branch = self.explorer.branch(found.get("place"), found.get("token"))
            params = read_settings(chain, branch.seed if read_seed(seed) is None else seed, max_new_tokens)
            return branch, branch.model, branch.prompt, params.with_some_seed()

        async with aclosing(self._write(asked, request)) as updates:
            async for update in updates:
                yield update

    async def _write(
        self, asked: Callable[[], Asked], request: gr.Request | None
    ) -> AsyncGenerator[tuple[Any, ...], None]:
        """Write what is asked for; holds no thread while it waits."""
        live: LiveRun | None = None
        try:
            branch, model, prompt, params = asked()
            kept, origin = (branch.kept, branch.origin) if branch else ((), None)
            live = self.store.new(model, params, kept=kept, prompt=prompt, origin=origin)
            async for update in self._loading(live):
                yield update
            session = str(request.session_hash or "") if request else ""
            answers = await asyncio.to_thread(self.pool.open, "write", model, prompt, params, session=session)
            live.opened(answers.stop)
            try:
                async for update in self._growing(live, answers):
                    yield update
            finally:
                threading.Thread(target=answers.close, daemon=True).start()  # it may wait for a busy pipe
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            yield gr.skip(), gr.skip(), to_json(said(error, self.texts)), None
        finally:
            if live:
                live.closed()

    async def _loading(self, live: LiveRun) -> AsyncIterator[tuple[Any, ...]]:
        process = await asyncio.to_thread(self.pool.start, live.model)
        end, told = time.monotonic() + LOAD_TIMEOUT_S, 0.0
        loading: Any = notice("info", self.texts["loading"].format(title=process.spec.title))
        while not process.settled.is_set() and (now := time.monotonic()) < end:
            if now - told >= PULSE_S:
                yield gr.skip(), gr.skip(), loading, live.run_id
                loading, told = gr.skip(), now
            await asyncio.sleep(POLL_S)

    async def _growing(self, live: LiveRun, answers: Stream) -> AsyncIterator[tuple[Any, ...]]:
        """Take what the model's process sends, until the run has ended."""
        tick, noted, place = time.monotonic(), False, 0
        yield to_json({"follow": live.run_id}), gr.skip(), notice("info", self.texts["reading"]), live.run_id
        while live.stop_reason is None:
            await asyncio.sleep(POLL_S)
            for message in answers.ready():
                live.take(message)
            now = time.monotonic()
            if live.position != place:
                place = live.position
                yield gr.skip(), gr.skip(), self._waiting(live), gr.skip()
                tick = now
            elif live.steps and not noted:
                yield gr.skip(), gr.skip(), self._notes(live), gr.skip()
                tick, noted = now, True
            elif now - tick >= PULSE_S:
                yield (gr.skip(),) * 4
                tick = now
        yield self._last(live)

    def _waiting(self, live: LiveRun) -> str:
        """Say how many runs are ahead of one that waits, and about how long that takes."""
        if not live.position:
            return notice("info", self.texts["reading"])
        wait = self.texts["queue_wait"].format(seconds=math.ceil(live.wait_s)) if live.wait_s else ""
        return notice("info", self.texts["queue"].format(position=live.position, wait=wait))

    def _notes(self, live: LiveRun) -> str:
        return notice("info", in_all_words(live.notes, self.texts)) if live.notes else CLEAR

    def _last(self, live: LiveRun) -> tuple[Any, ...]:
        strip = to_json(strip_message(live, 0, self.texts)) if live.prompt_ids else gr.skip()
        figure = gr.skip()
        if live.steps:
            figure = to_json(self.explorer.recorded(live, len(live.steps) - 1, follow=True) | {"last": True})
        if not live.error:
            return strip, figure, self._notes(live), None
        kept = in_words(live.error, self.texts)
        if live.stop_reason is StopReason.CRASHED:
            kept = self.texts["crashed_kept"].format(error=kept, count=len(live.steps))
        return strip, figure, notice("error", kept), None
