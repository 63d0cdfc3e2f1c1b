"""Runs and looks under ids that cannot be guessed; bounded in number of tokens and in time.

Runs are mutable here and nowhere else: ``LiveRun`` takes the events of one run, ``LiveRun.record`` is the frozen value.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from playground.errors import ModelCrashed, PlaygroundError, RunNotFound, SavedRunError
from playground.failures import failure
from playground.records import Prompt, Run, SamplingParams, StopReason, Timing, TokenStep, without_end
from playground.sentences import Sentence, unpacked_all
from playground.shelf import Gone, Shelf, Stoppable
from playground.tokens import Joiner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playground.process import Answer

MAX_LOOKED, MAX_LOOKS = 200_000, 1_000  # tokens of all kept looks together, and looks
MAX_TOKENS = 30_000  # written and read, of all kept runs together; a written one takes about 3 kB
LARGE_BYTES = 16 * 1024  # a record of so many counts as one more token: files may hold such
GONE = Gone(Sentence("This run is no longer kept."), Sentence("Write it again: the same seed gives the same text."))

NO_PROMPT = Prompt()
Kept = tuple[tuple[TokenStep, SamplingParams], ...]  # tokens of another run, each with the settings that drew it
STEP_FIELDS = tuple(TokenStep.__slots__)


@dataclass(frozen=True, slots=True)
class Looked:
    """A prompt that somebody looked at, as the model read it."""

    model: str
    ids: tuple[int, ...]
    prompt: Prompt = NO_PROMPT  # as it was asked
    given: int | None = None  # the token that came next, where these are the beginning of a longer prompt


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text goes on from.

    Attributes:
        asked: what a person asked for there, in the first place.
        run: the text that it leaves; "" where it was a look.
        position: the first token that is not kept of that.
    """

    asked: Prompt
    run: str = ""
    position: int = 0


@dataclass
class LiveRun(Stoppable):
    """One run as it grows."""

    run_id: str
    model: str
    params: SamplingParams
    touched: float
    kept: Kept = ()  # what another run wrote, where this one goes on from it
    prompt: Prompt = NO_PROMPT  # as it was sent
    origin: Origin | None = None  # of a text that goes on from another
    prompt_ids: tuple[int, ...] = ()
    prompt_pieces: tuple[bytes, ...] = ()
    controls: tuple[int, ...] = ()  # the places of control tokens in the prompt; a file holds none
    steps: list[TokenStep] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)  # each written token as the strip shows it
    joiner: Joiner = field(default_factory=Joiner)
    surprisal_bits: float = 0.0  # of all written tokens together
    notes: tuple[str, ...] = ()
    build: str = ""
    exact_batch: int = 1
    stop_reason: StopReason | None = None
    timing: Timing | None = None
    error: str = ""
    position: int = 0  # its place among the runs that wait for the model; 0 where it does not wait
    wait_s: float | None = None  # about how long it will wait there, where that is known
    file: str = ""  # the name of the file that it was read from, if it was

    @property
    def asked(self) -> Prompt:
        """What a person asked for, where the model was sent the ids of that and of what was kept."""
        return self.origin.asked if self.origin else self.prompt

    @property
    def over(self) -> bool:
        """Nothing more comes."""
        return self.stop_reason is not None

    @property
    def text_steps(self) -> Sequence[TokenStep]:
        """The steps that are the text."""
        return without_end(self.steps, self.stop_reason)

    @property
    def text_bits(self) -> float:
        """The surprisal of the text, all its tokens together."""
        if self.stop_reason is StopReason.EOS:
            return sum(step.surprisal_bits for step in self.text_steps)
        return self.surprisal_bits

    def closed(self) -> None:
        """Mark a run that nobody listens to any more."""
        self.stopper = None
        self.stop_reason = self.stop_reason or StopReason.STOPPED

    def take(self, message: Answer) -> None:
        """Add one answer of the model's process."""
        match message["event"]:
            case "waiting":
                self.position, self.wait_s = message["position"], message["wait_s"]
            case "started":
                self.position, self.wait_s = 0, None
                prompt = len(message["prompt_ids"]) - len(self.kept)  # which was read, too
                self.prompt_ids = tuple(message["prompt_ids"][:prompt])
                self.prompt_pieces = tuple(message["prompt_pieces"][:prompt])
                self.controls = tuple(place for place in message["controls"] if place < prompt)
                for step, _ in self.kept:
                    self._add(step)
                self.notes = unpacked_all(message["notes"])
                self.build, self.exact_batch = message["build"], message["exact_batch"]
            case "step":
                self._add(read_step(message))
            case "ended":
                self.timing = Timing(**message["timing"])
                self.stop_reason = StopReason(message["reason"])  # the last: others watch for it
            case _:
                self.fail(failure(message))

    def _add(self, step: TokenStep) -> None:
        self.shown.append(self.joiner.feed(step.piece))
        self.surprisal_bits += step.surprisal_bits
        self.steps.append(step)

    def fail(self, error: PlaygroundError) -> None:
        """End the run with a failure; what was written stays."""
        self.error = error.said
        if not self.prompt_ids:
            self.prompt = NO_PROMPT  # it may be as long as it likes: nobody has checked it
        self.stop_reason = StopReason.CRASHED if isinstance(error, ModelCrashed) else StopReason.FAILED

    def params_at(self, position: int) -> SamplingParams:
        """Return the settings under which a token was drawn: those of another run for what is kept of that."""
        return self.kept[position][1] if position < len(self.kept) else self.params

    @property
    def weight(self) -> int:
        """Room it takes, in tokens; a run that wrote nothing counts too."""
        return 1 + len(self.prompt_ids) + sum(1 + len(step.packed) // LARGE_BYTES for step in self.steps)

    def record(self) -> Run:
        """Return the run as it stands."""
        return Run(
            run_id=self.run_id,
            model=self.model,
            params=self.params,
            prompt_ids=self.prompt_ids,
            prompt_pieces=self.prompt_pieces,
            steps=tuple(self.steps),
            notes=self.notes,
            build=self.build,
            exact_batch=self.exact_batch,
            kept_params=tuple(params for _, params in self.kept[: len(self.steps)]),  # none of a run that never began
            stop_reason=self.stop_reason,
            timing=self.timing,
            error=self.error,
        )


def read_step(flat: Answer) -> TokenStep:
    """Read a step from an answer."""
    return TokenStep(*(flat[name] for name in STEP_FIELDS))


class Store:
    """Runs and looks by id, the oldest forgotten first."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Start empty."""
        self._runs = Shelf[LiveRun](MAX_TOKENS, GONE, now)
        self._lent: WeakValueDictionary[str, LiveRun] = WeakValueDictionary()  # to comparisons, which keep them
        self._looks: OrderedDict[str, Looked] = OrderedDict()
        self._lock = threading.Lock()

    def begun(self, model: str, params: SamplingParams, **more: Any) -> LiveRun:  # noqa: ANN401 (as ``new``)
        """Return a run that has not begun, under a new id; it is not kept here."""
        return LiveRun(secrets.token_urlsafe(16), model, params, self._runs.now(), **more)

    def new(
        self,
        model: str,
        params: SamplingParams,
        *,
        kept: Kept = (),
        prompt: Prompt = NO_PROMPT,
        origin: Origin | None = None,
    ) -> LiveRun:
        """Begin a run under a new id, and forget finished runs that are too many or too old."""
        run = self.begun(model, params, kept=kept, prompt=prompt, origin=origin)
        self._runs.put(run.run_id, run)
        return run

    def lend(self, run: LiveRun) -> LiveRun:
        """Let a run be found for as long as a comparison keeps it; return it."""
        self._lent[run.run_id] = run
        return run

    def opened(self, run: Run, file: str) -> LiveRun:
        """Keep a run from a file, which has ended, under a new id; ``file`` is the name of that.

        Raises:
            SavedRunError: it takes more room than there is.
        """
        live = self.read(run, file)
        if live.weight > MAX_TOKENS:
            raise SavedRunError(
                Sentence(
                    "The run in this file takes the room of {weight:,} tokens; at most {most:,} are kept.",
                    weight=live.weight,
                    most=MAX_TOKENS,
                ),
                hint="Choose a shorter one.",
            )
        self._runs.put(live.run_id, live)
        return live

    def read(self, run: Run, file: str) -> LiveRun:
        """Return a run from a file under a new id; it is not kept here."""
        chosen = tuple(step.token_id for step in run.steps if step.chosen)
        prompt = Prompt(ids=run.prompt_ids, written=len(run.kept_params), chosen=chosen)
        kept = tuple(zip(run.steps, run.kept_params, strict=False))
        live = self.begun(run.model, run.params, kept=kept, prompt=prompt)
        for name in ("prompt_ids", "prompt_pieces", "notes", "build", "exact_batch", "timing", "error"):
            setattr(live, name, getattr(run, name))
        for step in run.steps:
            live._add(step)  # noqa: SLF001 (the one class beside it)
        live.file, live.stop_reason = file, run.stop_reason or StopReason.STOPPED
        return live

    def get(self, run_id: str) -> LiveRun:
        """Return a run.

        Raises:
            RunNotFound: it was forgotten or never was.
        """
        return self._lent.get(run_id) or self._runs.get(run_id)

    def keep(self, looked: Looked) -> str:
        """Keep a look, and forget the oldest ones that are too many; return its id."""
        look_id = secrets.token_urlsafe(16)
        with self._lock:
            self._looks[look_id] = looked
            held = sum(len(item.ids) for item in self._looks.values())
            while (held > MAX_LOOKED or len(self._looks) > MAX_LOOKS) and len(self._looks) > 1:
                held -= len(self._looks.popitem(last=False)[1].ids)
        return look_id

    def looked(self, look_id: str) -> Looked:
        """Return a look.

        Raises:
            RunNotFound: it was forgotten or never was.
        """
        with self._lock:
            looked = self._looks.get(look_id)
            if looked is None:
                raise RunNotFound("This look is no longer kept.", hint="Press Look.")
            self._looks.move_to_end(look_id)
            return looked
