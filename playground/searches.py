"""Beam searches as they grow and as records, kept under ids that cannot be guessed; bounded in size and in time."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playground.failures import failure
from playground.hypotheses import BeamStep, Continuation, Ending, Fate, Hypothesis, SearchEnd
from playground.records import Prompt, SamplingParams, Timing
from playground.sentences import Sentence, unpacked_all
from playground.shelf import Gone, Shelf, Stoppable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from playground.beam_settings import BeamParams
    from playground.errors import PlaygroundError
    from playground.process import Answer

MAX_CONTINUATIONS = 200_000  # of all kept searches together; one takes some 300 bytes
GONE = Gone(Sentence("This search is no longer kept."), Sentence("Start it again: it finds the same texts."))


@dataclass(frozen=True)
class Search:
    """A prompt and the tree of a beam search after it.

    Attributes:
        search_id: unguessable; whoever knows it may read the search.
        prompt_ids, prompt_pieces: the prompt as the model read it, chat template and special tokens included.
        params: the settings as they acted, seed included where beams are sampled.
        steps: the last has the hypotheses; none has where the search was broken off.
        notes: what a setting does not do with this model.
        build: names and versions of what computed the logits; "" where it never began.
        exact_batch: so many sequences decoded together get the bits that each gets alone, by the probe at load.
        timing: None while it runs, and where it was broken off; its tokens per second are steps.
        error: why it was broken off, or "".
    """

    search_id: str
    model: str
    params: BeamParams
    prompt_ids: tuple[int, ...] = ()
    prompt_pieces: tuple[bytes, ...] = ()
    steps: tuple[BeamStep, ...] = ()
    notes: tuple[str, ...] = ()
    build: str = ""
    exact_batch: int = 1
    timing: Timing | None = None
    error: str = field(default="", compare=False)

    @property
    def end(self) -> SearchEnd | None:
        """Why it ended; None while it runs, and where it was broken off."""
        return self.steps[-1].end if self.steps else None

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """The texts found, the best first; none before the end."""
        return self.steps[-1].hypotheses if self.steps else ()


@dataclass(frozen=True, slots=True)
class Written:
    """A text that was written token by token after a search's prompt.

    Attributes:
        total: the model's own sum of logprobs, in nats.
        settings: with which it was written, in the flat form, the seed included.
    """

    token_ids: tuple[int, ...]
    pieces: tuple[bytes, ...]
    total: float
    settings: dict[str, Any]


@dataclass
class LiveSearch(Stoppable):
    """One search as it grows.

    Attributes:
        over: nothing more comes.
        heard_s: when somebody who follows it was last told something.
        position: its place among those who wait for the model; 0 where it does not wait.
        wait_s: about how long it will wait there, where that is known.
        paths: other texts after the same prompt, by what wrote them.
        session: whose it is; "" where nobody says.
        chain: the settings of single texts that stood beside it when it began; it leaves out some of them.
    """

    search_id: str
    model: str
    params: BeamParams
    touched: float
    prompt: Prompt
    prompt_ids: tuple[int, ...] = ()
    prompt_pieces: tuple[bytes, ...] = ()
    steps: list[BeamStep] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    build: str = ""
    exact_batch: int = 1
    timing: Timing | None = None
    error: str = ""
    over: bool = False
    heard_s: float = field(default_factory=time.monotonic)
    position: int = 0
    wait_s: float | None = None
    considered: int = 0  # continuations of all steps
    paths: dict[str, Written] = field(default_factory=dict)
    session: str = ""
    chain: SamplingParams = field(default_factory=SamplingParams)

    @property
    def weight(self) -> int:
        """Room it takes, in continuations: those, the tokens of its prompt and of other paths, and one for itself."""
        return 1 + len(self.prompt_ids) + self.considered + sum(len(path.token_ids) for path in self.paths.values())

    def closed(self) -> None:
        """Mark a search of which nothing more comes."""
        self.stopper, self.over = None, True

    def take(self, message: Answer) -> None:
        """Add one answer of the model's process."""
        match message["event"]:
            case "waiting":
                self.position, self.wait_s = message["position"], message["wait_s"]
            case "started":
                self.position, self.wait_s = 0, None
                self.prompt_ids, self.prompt_pieces = tuple(message["prompt_ids"]), tuple(message["prompt_pieces"])
                self.notes = unpacked_all(message["notes"])
                self.build, self.exact_batch = message["build"], message["exact_batch"]
            case "beam_step":
                self.steps.append(read_step(message))
                self.considered += len(self.steps[-1].continuations)
            case "ended":
                self.timing, self.over = Timing(**message["timing"]), True
            case _:
                self.fail(failure(message))

    def fail(self, error: PlaygroundError) -> None:
        """End it with a failure; the tree that grew until then stays."""
        self.error, self.over = error.said, True

    def record(self) -> Search:
        """Return the search as it stands."""
        return Search(
            search_id=self.search_id,
            model=self.model,
            params=self.params,
            prompt_ids=self.prompt_ids,
            prompt_pieces=self.prompt_pieces,
            steps=tuple(self.steps),
            notes=self.notes,
            build=self.build,
            exact_batch=self.exact_batch,
            timing=self.timing,
            error=self.error,
        )


def read_step(flat: Answer) -> BeamStep:
    """Read a step from an answer."""
    considered = tuple(_continuation(values) for values in flat["continuations"])
    texts = tuple(_hypothesis(values) for values in flat["hypotheses"])
    return BeamStep(flat["position"], considered, flat["end"] and SearchEnd(flat["end"]), texts)


def _continuation(values: Sequence[Any]) -> Continuation:
    named = dict(zip(Continuation.__slots__, values, strict=True))
    ending, fate = named.pop("ending"), named.pop("fate")
    return Continuation(**named, ending=ending and Ending(ending), fate=Fate(fate))


def _hypothesis(values: Sequence[Any]) -> Hypothesis:
    named = dict(zip(Hypothesis.__slots__, values, strict=True))
    ids, pieces, ending = tuple(named.pop("token_ids")), tuple(named.pop("pieces")), Ending(named.pop("ending"))
    return Hypothesis(ids, pieces, **named, ending=ending)


def to_flat(search: Search, paths: Mapping[str, Written] | None = None) -> dict[str, Any]:
    """Return a search as plain values for a file: bytes as hex, a continuation as a list, as ``columns`` names it.

    ``paths`` are other texts after the same prompt, by what wrote them.
    """
    timing = search.timing and {name: getattr(search.timing, name) for name in Timing.__slots__}
    steps = [
        {
            "position": step.position,
            "end": step.end,
            "continuations": [
                [_plain(getattr(item, name)) for name in Continuation.__slots__] for item in step.continuations
            ],
            "hypotheses": [_flat_text(item) for item in step.hypotheses],
        }
        for step in search.steps
    ]
    return {
        "format": "sampling-playground-search",
        "version": 1,
        "model": search.model,
        "build": search.build,
        "exact_batch": search.exact_batch,
        "params": search.params.to_dict(),
        "notes": list(search.notes),
        "timing": timing,
        "error": search.error,
        "prompt": [[token, piece.hex()] for token, piece in zip(search.prompt_ids, search.prompt_pieces, strict=True)],
        "columns": list(Continuation.__slots__),
        "steps": steps,
        "paths": {name: _flat_path(path) for name, path in (paths or {}).items()},
    }


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _flat_path(path: Written) -> dict[str, Any]:
    tokens = [[token, piece.hex()] for token, piece in zip(path.token_ids, path.pieces, strict=True)]
    return {"tokens": tokens, "logprob": path.total, "settings": path.settings}


def _flat_text(item: Hypothesis) -> dict[str, Any]:
    flat = {name: getattr(item, name) for name in Hypothesis.__slots__}
    return flat | {"token_ids": list(item.token_ids), "pieces": [piece.hex() for piece in item.pieces]}


class Searches(Shelf[LiveSearch]):
    """Searches by id, the oldest forgotten first."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Start empty."""
        super().__init__(MAX_CONTINUATIONS, GONE, now)

    def new(self, model: str, params: BeamParams, prompt: Prompt) -> LiveSearch:
        """Begin a search under a new id."""
        live = LiveSearch(secrets.token_urlsafe(16), model, params, self.now(), prompt)
        self.put(live.search_id, live)
        return live
