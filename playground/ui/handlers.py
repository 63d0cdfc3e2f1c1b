"""What happens behind the page's events: settings checked once, the pool asked, records turned into messages.

- ``look`` and ``what_if`` answer with one picture; ``write`` is a generator, at most ten updates a second.
- A failure that a person can see becomes a notice; the picture, the text and everything typed stay.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from playground.errors import PlaygroundError, RunNotFound, SettingError, shown
from playground.pool import LOAD_TIMEOUT_S
from playground.records import Prompt, StopReason
from playground.store import LiveRun, read_step
from playground.ui.controls import read_settings
from playground.ui.picture import Place, picture
from playground.ui.strip import strip_message, to_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from playground.pool import Pool
    from playground.process import Stream
    from playground.records import SamplingParams
    from playground.store import Store

UPDATE_S = 0.1  # the page gets at most ten updates a second
TAIL_PIECES = 24  # for a title
POLL_S = 0.02  # how often a waiting run looks for news
FOLLOW_S = 0.4  # and a new picture less often: drawing one takes a browser some 60 ms of a core that the model wants
LOOK_LENGTH = 1  # a look draws one token at most; the length setting means nothing to it

Focus = dict[str, Any]  # what the picture shows: model, ids, written, and run and position where it is a written token


def notice(kind: str, text: str) -> str:
    """Return a message for the notice line; an empty text clears it."""
    return to_json({"kind": kind, "text": text})


CLEAR = notice("", "")


def said(error: Exception) -> str:
    """Return the notice for a failure; what is not ours is logged under a short id."""
    if isinstance(error, PlaygroundError):
        return notice("error", str(error))
    log_id = secrets.token_hex(3)
    logging.getLogger(__name__).error("%s", log_id, exc_info=error)
    return notice("error", f"Something in the playground broke. The log has it under {log_id}.")


def read_boxes(mode: str, system: object, text: object) -> Prompt:
    """Return the prompt that the boxes describe.

    Raises:
        SettingError: the mode is neither completion nor chat, or a box holds no text.
    """
    system = "" if system is None else system
    if not isinstance(text, str) or not isinstance(system, str):
        raise SettingError(f"The prompt is {shown(text)}; it must be a text.", field="prompt")
    if mode == "completion":
        return Prompt(text=text)
    if mode != "chat":
        raise SettingError(f"Mode is {shown(mode)}; it must be completion or chat.", field="mode")
    turns = (("system", system), ("user", text)) if system.strip() else (("user", text),)
    return Prompt(messages=turns)


@dataclass(frozen=True)
class Handlers:
    """The handlers of one page.

    Attributes:
        pool: the models.
        store: the runs.
        texts: the words of the page's language.
    """

    pool: Pool
    store: Store
    texts: Mapping[str, str]

    def look(self, model: str, mode: str, system: str, text: str, chain: str, seed: str) -> tuple[Any, ...]:
        """Show what could come after the prompt; returns picture, notice, focus."""
        try:
            params = read_settings(chain, seed, LOOK_LENGTH)
            answer = self.pool.ask("look", model, self._prompt(model, mode, system, text), params)
            focus = {"model": model, "ids": answer["ids"], "written": 0}
            return self._shown(answer, focus, params), CLEAR, focus
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return gr.skip(), said(error), gr.skip()

    def _prompt(self, model: object, mode: str, system: object, text: object) -> Prompt:
        if not isinstance(model, str):
            raise SettingError(f"Model is {shown(model)}; it must be a key of models.yaml.", field="model")
        spec = self.pool.catalog.get(model)
        if mode == "chat" and not spec.chat:
            raise SettingError(
                f"{spec.title} is not listed for chat.",
                hint="Use completion, or set “chat: true” in models.yaml where it has a chat template.",
                field="mode",
            )
        return read_boxes(mode, system, text)

    def what_if(self, chain: str, seed: str, focus: Focus | None) -> tuple[Any, ...]:
        """Try other settings on the logits of the place in focus; returns picture, notice."""
        try:
            params = read_settings(chain, seed, LOOK_LENGTH)
            if not focus:
                return gr.skip(), CLEAR
            prompt = Prompt(ids=tuple(focus["ids"]), written=focus["written"])
            answer = self.pool.ask("look", focus["model"], prompt, params)
            return self._shown(answer, focus, params), CLEAR
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return gr.skip(), said(error)

    def _shown(self, answer: Mapping[str, Any], focus: Focus, params: SamplingParams) -> str:
        step = read_step(answer["step"])
        run = self._run_of(focus)
        written = run.steps[focus["position"]] if run else None
        tail = b"".join(answer["tail"])
        place = Place(
            tail=tail,
            model=focus["model"],
            params=params,
            written=written,
            recomputed=bool(run and not answer["from_cache"]),
        )
        return to_json(picture(step, place, self.texts))

    def _run_of(self, focus: Focus) -> LiveRun | None:
        try:
            return self.store.get(focus["run"]) if "run" in focus else None
        except RunNotFound:
            return None

    def select(self, event: gr.EventData) -> tuple[Any, ...]:
        """Show the distribution that a written token was drawn from; returns picture, notice, focus."""
        try:
            run, position = self._clicked(event._data)  # noqa: SLF001 (gradio's own way to an event's data)
            run.chosen = position
            focus = self._focus(run, position)
            return to_json(self._recorded(run, position)), CLEAR, focus
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return gr.skip(), said(error), gr.skip()

    def _clicked(self, data: object) -> tuple[LiveRun, int]:
        where = data if isinstance(data, dict) else {}
        run = self.store.get(str(where.get("run")))
        position = where.get("position")
        if not isinstance(position, int) or not 0 <= position < len(run.steps):
            raise SettingError(
                f"Token {shown(position)} is not in this run; it has {len(run.steps)} tokens.", field="position"
            )
        return run, position

    @staticmethod
    def _focus(run: LiveRun, position: int) -> Focus:
        ids = run.record().ids_before(position)
        return {"model": run.model, "ids": ids, "written": position, "run": run.run_id, "position": position}

    def _recorded(self, run: LiveRun, position: int, *, follow: bool = False) -> dict[str, Any]:
        pieces = (*run.prompt_pieces, *(step.piece for step in run.steps[:position]))
        step = run.steps[position]
        place = Place(
            tail=b"".join(pieces[-TAIL_PIECES:]),
            model=run.model,
            params=run.params,
            recorded=True,
            written=step,
            follow=follow,
        )
        return picture(step, place, self.texts)

    def stop(self, run_id: str | None) -> Any:
        """End the session's run; returns a notice, and the run's last update says that it stopped."""
        with suppress(RunNotFound):
            if run_id and self.store.get(run_id).stop_reason is None:
                self.store.get(run_id).stop()
                return notice("info", self.texts["stopping"])
        return gr.skip()

    async def write(self, *controls: Any) -> AsyncIterator[tuple[Any, ...]]:
        """Write a text; yields strip, picture, notice, focus, run id. Holds no thread while it waits."""
        model, mode, system, text, chain, seed, max_new_tokens = controls
        live: LiveRun | None = None
        try:
            params = read_settings(chain, seed, max_new_tokens).with_some_seed()
            prompt = self._prompt(model, mode, system, text)
            live = self.store.new(model, params)
            async for update in self._loading(live):
                yield update
            answers = await asyncio.to_thread(self.pool.open, "write", model, prompt, params)
            live.opened(answers.stop)
            try:
                async for update in self._growing(live, answers):
                    yield update
            finally:
                answers.close()
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            yield gr.skip(), gr.skip(), said(error), gr.skip(), None
        finally:
            if live:
                live.closed()

    async def _loading(self, live: LiveRun) -> AsyncIterator[tuple[Any, ...]]:
        process = self.pool.start(live.model)
        loading = notice("info", self.texts["loading"].format(title=process.spec.title))
        end = time.monotonic() + LOAD_TIMEOUT_S
        if not process.settled.is_set():
            yield gr.skip(), gr.skip(), loading, gr.skip(), live.run_id
        while not process.settled.is_set() and time.monotonic() < end:  # noqa: ASYNC110 (threads set it, no loop does)
            await asyncio.sleep(POLL_S)

    async def _growing(self, live: LiveRun, answers: Stream) -> AsyncIterator[tuple[Any, ...]]:
        """Yield what is new, ten times a second at most, until the run has ended."""
        told, tick, drawn = 0, time.monotonic(), 0.0
        yield gr.skip(), gr.skip(), notice("info", self.texts["reading"]), gr.skip(), live.run_id
        while live.stop_reason is None:
            await asyncio.sleep(POLL_S)
            for message in answers.ready():
                live.take(message)
            now = time.monotonic()
            if now - tick >= UPDATE_S and len(live.steps) > told and live.stop_reason is None:
                follow = now - drawn >= FOLLOW_S
                yield self._update(live, told, follow=follow)
                tick, drawn, told = now, now if follow else drawn, len(live.steps)
        yield self._last(live, told)

    def _update(self, live: LiveRun, told: int, *, follow: bool) -> tuple[Any, ...]:
        newest = len(live.steps) - 1
        figure = to_json(self._recorded(live, newest, follow=True)) if follow else gr.skip()
        return (
            to_json(strip_message(live, told, self.texts)),
            figure,
            gr.skip() if told else self._notes(live),
            gr.skip(),
            gr.skip(),
        )

    def _notes(self, live: LiveRun) -> str:
        return notice("info", " ".join(live.notes)) if live.notes else CLEAR

    def _last(self, live: LiveRun, told: int) -> tuple[Any, ...]:
        strip = to_json(strip_message(live, told, self.texts)) if live.prompt_ids else gr.skip()
        figure = focus = gr.skip()
        if live.steps:
            newest = len(live.steps) - 1
            figure = to_json(self._recorded(live, newest, follow=True) | {"last": True})
            focus = self._focus(live, newest if live.chosen is None else live.chosen)
        if not live.error:
            return strip, figure, self._notes(live), focus, None
        kept = live.error
        if live.stop_reason is StopReason.CRASHED:
            kept = self.texts["crashed_kept"].format(error=live.error, count=len(live.steps))
        return strip, figure, notice("error", kept), focus, None
