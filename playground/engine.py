"""Requests in, events out, inside the model's process.

- ``Engine.look`` answers "what could come next"; ``Engine.write`` is a generator that yields one event per token.
- Whatever takes long is a generator that yields after each piece of it, so that others have their turn.
- The model answers once for each prefix; its logits stay in a byte-bounded cache and every setting is tried on them.
- The engine is owned by one thread, except ``look_cached``, which only reads the cache.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from playground import stages
from playground.backends.base import Logits, ModelSequence, PrefillStopped
from playground.cache import LogitsCache
from playground.chain import Draw, after, by_hand, differing, draw, draw_all, luck, trace_chain
from playground.clock import Clock
from playground.errors import ModelError
from playground.events import Ended, Event, Look, Scored, Started
from playground.formula import formula
from playground.prompt import check_room, control_places, read_prompt
from playground.records import TAIL_TOKENS, Extras, Orders, Prompt, SamplingParams, StopReason
from playground.samplers import ORDERS
from playground.samplers.base import StepContext
from playground.scores import MIN_TOKENS, check_ids
from playground.sentences import Sentence
from playground.tokens import TextStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playground.backends.base import LoadedModel, Turns
    from playground.chain import Trace

Steps = Generator[Draw | Ended | int, Logits | None, None]
NOTHING_MORE = Extras()
DIFFERING = 5  # tokens that are named where two orders keep different ones


@dataclass
class Engine:
    """One model, its cache and the two things people ask of it; ``exact_batch`` is what a probe found."""

    model: LoadedModel
    exact_batch: int = 1
    now: Callable[[], float] = time.perf_counter
    cache: LogitsCache = field(default_factory=LogitsCache)

    def look(
        self, prompt: Prompt, params: SamplingParams, keep_going: Callable[[], bool], extras: Extras = NOTHING_MORE
    ) -> Turns[Look]:
        """Return the next-token distribution after a prompt; the model runs only where its logits are not kept.

        ``extras`` is what is asked for beside it.
        """
        ids = read_prompt(self.model, prompt)
        self._notes(params)
        known = self.look_cached(ids, prompt, params, extras)
        if known is not None:
            return known
        row = yield from self._row(ids, keep_going)
        return self._look(row, self._context(ids, prompt, params), params, from_cache=False, extras=extras)

    def look_cached(
        self, ids: tuple[int, ...], prompt: Prompt, params: SamplingParams, extras: Extras = NOTHING_MORE
    ) -> Look | None:
        """Answer from the cache alone; ``ids`` are what the prompt reads as."""
        row = self.cache.get(ids)
        if row is None:
            return None
        return self._look(row, self._context(ids, prompt, params), params, from_cache=True, extras=extras)

    def _look(
        self, row: Logits, context: StepContext, params: SamplingParams, *, from_cache: bool, extras: Extras
    ) -> Look:
        tail = tuple(map(self.model.piece, context.history[-TAIL_TOKENS:]))
        drawn = self.step(row, context, params)
        if extras.given is not None:
            check_ids((extras.given,), self.model.vocab_size)
            drawn = replace(drawn, token_id=extras.given, chosen=True)
        orders = self._orders(row, context, params, drawn.trace)
        counts = _counts(drawn.trace, context, extras.draws)
        found = stages.stages(drawn.trace) if extras.stages or extras.formula else ()
        packed = stages.pack(found) if extras.stages else b""
        numbers = formula(drawn.trace, _shown(found, drawn.token_id, extras.also)).pack() if extras.formula else b""
        return Look(context.history, tail, drawn.record(details=True), from_cache, orders, counts, packed, numbers)

    def _context(self, ids: tuple[int, ...], prompt: Prompt, params: SamplingParams) -> StepContext:
        written = prompt.written
        return StepContext(ids, len(ids) - written, written, params.seed or 0, prompt.final_probs, self.model)

    def _notes(self, params: SamplingParams) -> tuple[str, ...]:
        """Return what a setting does not do with this model.

        Raises:
            SettingError: a setting speaks of a token that this model does not have.
        """
        return tuple(filter(None, (sampler.note(self.model) for sampler in params.chain)))

    def _orders(self, row: Logits, context: StepContext, params: SamplingParams, trace: Trace) -> Orders | None:
        """Say how many tokens each named order keeps, where there is more than one sampler to order."""
        if sum(not sampler.is_neutral for sampler in params.chain) < 2:  # noqa: PLR2004 (one has no order)
            return None
        traces = {
            name: trace if name == params.order else trace_chain(row, params.chain_in(name), context) for name in ORDERS
        }
        differ = differing(*traces.values())
        pieces = tuple(map(self.model.piece, differ[:DIFFERING]))
        return Orders(tuple((name, found.final.size) for name, found in traces.items()), len(differ), pieces)

    def score(self, prompt: Prompt, keep_going: Callable[[], bool]) -> Turns[Scored]:
        """Return how probable the model finds each token of a prompt, given those before it."""
        ids = read_prompt(self.model, prompt)
        if len(ids) < MIN_TOKENS:
            return Scored(ids, (), (), ())
        found = yield from self.model.score(ids, keep_going=keep_going)
        return Scored(
            ids, tuple(found.logprob.tolist()), tuple(found.rank.tolist()), tuple(found.entropy_bits.tolist())
        )

    def logits(self, prompt: Prompt, keep_going: Callable[[], bool]) -> Turns[tuple[tuple[int, ...], Logits]]:
        """Return the ids read and the raw logits after them, (vocab,)."""
        ids = read_prompt(self.model, prompt)
        row = self.cache.get(ids)
        return ids, (yield from self._row(ids, keep_going)) if row is None else row

    def _row(self, ids: tuple[int, ...], keep_going: Callable[[], bool]) -> Turns[Logits]:
        sequence, row = yield from self.read(ids, keep_going)
        self.cache.put(ids, row)
        self.model.drop(sequence)
        return row

    def read(
        self, ids: tuple[int, ...], keep_going: Callable[[], bool], onto: ModelSequence | None = None
    ) -> Turns[tuple[ModelSequence, Logits]]:
        """Read ids, a chunk in each turn; return the sequence, which takes over ``onto``, and the logits, (vocab,)."""
        step = self.model.chunk_tokens
        sequence, row = self.model.prefill(ids[:step], onto=onto, keep_going=keep_going)
        for start in range(step, len(ids), step):
            yield
            sequence, row = self.model.prefill(ids[start : start + step], onto=sequence, keep_going=keep_going)
        return sequence, row

    def step(self, row: Logits, context: StepContext, params: SamplingParams) -> Draw:
        """Return what the settings make of logits, (vocab,), and the token that luck draws.

        Raises:
            ModelError: the logits are not finite.
        """
        try:
            trace = trace_chain(row, params.chain, context, piece=self.model.piece)
        except FloatingPointError as error:
            raise ModelError(
                Sentence("The model returned numbers that are not finite at step {step}.", step=context.position + 1),
                hint="Its file is damaged, or its number format overflows here.",
            ) from error
        dart = luck(context.seed, context.position)
        return Draw(trace, context.position, dart, draw(trace.final, dart))

    def write(self, prompt: Prompt, params: SamplingParams, keep_going: Callable[[], bool]) -> Iterator[Event | None]:
        """Write a text; yields Started, then a Draw per token, then Ended. ``params.seed`` must be set.

        None is yielded while the prompt is read: a turn is over, and there is nothing to say.

        Raises:
            PromptError: the prompt leaves no room for a token.
            ModelError: the model answered nonsense; the steps before it stand.
        """
        clock = Clock(self.now)
        started = self.begin(prompt, params)
        yield started
        try:
            sequence, row = yield from self.read(started.prompt_ids, keep_going)
        except PrefillStopped:
            clock.prefilled = clock.first = clock.since()
            yield Ended(StopReason.STOPPED, clock.timing())
            return
        try:
            yield from self._alone(sequence, self.steps(row, prompt, started.prompt_ids, params, clock, keep_going))
        finally:
            self.model.drop(sequence)

    def begin(self, prompt: Prompt, params: SamplingParams) -> Started:
        """Read and check a prompt, and say what there is to say before a text is written.

        Raises:
            PromptError: the prompt leaves no room for a token.
            SettingError: a setting speaks of a token that this model does not have.
        """
        ids = read_prompt(self.model, prompt)
        check_ids(prompt.chosen, self.model.vocab_size)
        return self.started(ids, check_room(self.model, len(ids), params.max_new_tokens)[1] + self._notes(params))

    def started(self, ids: tuple[int, ...], notes: tuple[str, ...]) -> Started:
        """Return what is said of a prompt that was read."""
        pieces, controls = tuple(map(self.model.piece, ids)), control_places(self.model, ids)
        return Started(ids, pieces, notes, self.model.build, self.exact_batch, controls)

    def _alone(self, sequence: ModelSequence, steps: Steps) -> Iterator[Event]:
        """Decode for one text whenever it asks for logits."""
        row = None
        with suppress(StopIteration):
            while True:
                said = steps.send(row)
                row = self.model.decode([sequence], [said])[0] if isinstance(said, int) else None
                if not isinstance(said, int):
                    yield said

    def _text_so_far(self, context: StepContext, longest: int) -> tuple[TextStream, str]:
        """Return what was written before, where a stop text may have begun in it."""
        stream, text = TextStream(), ""
        if longest:
            for token in context.history[context.prompt_length :]:
                text += stream.feed(self.model.piece(token))
        return stream, text

    def steps(
        self,
        row: Logits,
        prompt: Prompt,
        ids: tuple[int, ...],
        params: SamplingParams,
        clock: Clock,
        keep_going: Callable[[], bool],
    ) -> Steps:
        """Write a text after the ids of a prompt, whose logits are (vocab,); whoever steps decodes.

        Yields Draws, then Ended; between them a token's id, for which the logits after it, (vocab,), are to be sent.
        """
        clock.prefilled = clock.since()
        self.cache.put(ids, row)
        limit = check_room(self.model, len(ids), params.max_new_tokens)[0]
        full = StopReason.CONTEXT if limit < params.max_new_tokens else StopReason.LENGTH
        reason = yield from self._steps(
            row, self._context(ids, prompt, params), params, limit, prompt.chosen, clock, keep_going
        )
        yield Ended(reason or full, clock.timing())

    def _steps(  # noqa: PLR0913, PLR0917 (see above)
        self,
        row: Logits,
        context: StepContext,
        params: SamplingParams,
        limit: int,
        chosen: tuple[int, ...],
        clock: Clock,
        keep_going: Callable[[], bool],
    ) -> Generator[Draw | int, Logits | None, StopReason | None]:
        longest = max(map(len, params.stop), default=0)
        stream, text = self._text_so_far(context, longest)
        for position in range(limit):
            drawn = self.step(row, context, params)
            if position < len(chosen):
                drawn = by_hand(drawn, chosen[position])
            context = after(context, drawn)
            clock.count += 1
            clock.first = clock.first or clock.since()
            yield drawn
            if drawn.token_id in self.model.eos_ids:
                return StopReason.EOS
            fresh = stream.feed(self.model.piece(drawn.token_id)) if longest else ""
            text = text[-longest:] + fresh
            if any(stop in text[max(0, len(text) - len(fresh) - len(stop) + 1) :] for stop in params.stop):
                return StopReason.STOP_TEXT
            if not keep_going():
                return StopReason.STOPPED
            if position + 1 < limit:
                answer = yield drawn.token_id
                row = cast("Logits", answer)
                self.cache.put(context.history, row)
        return None


def _shown(found: tuple[stages.Stage, ...], drawn: int, also: int | None) -> list[int]:
    """Return the tokens that a picture of these stages shows, the drawn one first."""
    bars = [bar.token_id for stage in found for bar in stage.bars]
    return list(dict.fromkeys([drawn, *bars] if also is None else [drawn, also, *bars]))


def _counts(trace: Trace, context: StepContext, draws: int) -> tuple[tuple[int, int], ...]:
    """Draw so often, each time with a luck of its own, and count."""
    if not draws:
        return ()
    lucks = np.array([luck(context.seed, context.position, f"draw {number}") for number in range(draws)])
    tokens, counts = np.unique(draw_all(trace.final, lucks), return_counts=True)
    return tuple(zip(tokens.tolist(), counts.tolist(), strict=True))
