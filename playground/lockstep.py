"""What lies between the panes of a comparison at each place of one common text.

- Every model reads the text of one run, after its own prompt; their processes send whole distributions place by place,
  and each is reduced to a few numbers before the next ones come, so that nothing grows with the text.
- Raw distributions are the models', final ones are what each pane's chain makes of them at that place.
- Only panes whose vocabularies are one can be compared so; of the others a sentence says why not.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.distances import APART, Distance, distance, narrowed
from playground.errors import ModelBusy, PlaygroundError
from playground.numerics import Distribution
from playground.packed import unpack
from playground.records import Extras, Prompt, SamplingParams
from playground.sentences import Sentence
from playground.vocabularies import Agreement, agreement, pieces_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from playground.asker import Models
    from playground.records import Run
    from playground.stream import Stream

AHEAD = 2  # rows that a process may be ahead: one is worked on while the next is computed

Reading = tuple[str, tuple[int, ...]]  # a model and its prompt: panes that share both share the rows


@dataclass(frozen=True, slots=True)
class Pair:
    """Two panes, by their places, that can be compared along the text."""

    one: int
    other: int
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Gap:
    """What lies between two panes at a place.

    Attributes:
        raw: between what the models answered.
        final: between what each pane draws from.
        ignored: the largest share of probability that lay on token ids that are left out.
    """

    raw: Distance
    final: Distance
    ignored: float


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the text, its token, and the gap of each pair; None from where one of the two failed."""

    position: int
    token_id: int
    piece: bytes
    gaps: tuple[Gap | None, ...]


@dataclass
class Lockstep:
    """Panes that read one text together.

    Attributes:
        pairs: those that can be compared.
        problems: a sentence for each pane, by its place, that cannot, or that failed on the way.
    """

    pool: Models
    runs: Sequence[Run]
    text_of: int
    pairs: tuple[Pair, ...] = ()
    problems: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pool: Models, runs: Sequence[Run], text_of: int) -> Lockstep:
        """Ask the models for their vocabularies, and find out which panes can be compared."""
        found = cls(pool, runs, text_of)
        pieces: dict[str, list[bytes]] = {}
        for place in (text_of, *range(len(runs))):
            try:
                found._ask(place, pieces)
            except PlaygroundError as error:
                found.problems[place] = error.said
        fit = [place for place in range(len(runs)) if place not in found.problems]
        models = [run.model for run in runs]
        pairs = (Pair(a, b, agreement(pieces[models[a]], pieces[models[b]])) for a, b in combinations(fit, 2))
        found.pairs = tuple(pair for pair in pairs if pair.agreement.width)
        return found

    def _ask(self, place: int, pieces: dict[str, list[bytes]]) -> None:
        """Ask a pane's model for its vocabulary, and hold it against the text's.

        Raises:
            PlaygroundError: a sentence on why the pane cannot be compared.
        """
        run, text = self.runs[place], self.runs[self.text_of]
        if not run.prompt_ids:
            raise PlaygroundError("This pane has no prompt that its model has read.")
        if run.model not in pieces:
            pieces[run.model] = pieces_of(self.pool, run.model)
        if text.model not in pieces:
            raise PlaygroundError("The model that wrote the text cannot be asked for its tokens.")
        found = agreement(pieces[text.model], pieces[run.model])
        if not found.width:
            raise PlaygroundError(found.note)
        strange = found.stranger([step.token_id for step in text.steps])
        if strange is None:
            return
        lacks = Sentence("This model has no token {token:,}, which the text has.", token=strange)
        calls = Sentence("This model calls token {token:,}, which the text has, something else.", token=strange)
        raise PlaygroundError(lacks if strange >= found.width else calls)

    def walk(self) -> Generator[Place, None, None]:
        """Yield the places in order; closing it stops the processes' work."""
        with ExitStack() as stack:
            streams: dict[Reading, Iterator[Any]] = {}
            for reading in sorted({self._reading(place) for pair in self.pairs for place in (pair.one, pair.other)}):
                self._open(reading, streams, stack)
            for step in self.runs[self.text_of].steps:
                found: dict[int, tuple[Distribution, Distribution]] = {}
                for reading, stream in streams.items():
                    found |= self._taken(reading, stream)
                if not found:
                    return
                gaps = tuple(self._gap(pair, found) for pair in self.pairs)
                yield Place(step.position, step.token_id, step.piece, gaps)

    def _reading(self, place: int) -> Reading:
        return self.runs[place].model, self.runs[place].prompt_ids

    def _panes(self, reading: Reading) -> list[int]:
        return [place for place in range(len(self.runs)) if self._reading(place) == reading]

    def _open(self, reading: Reading, streams: dict[Reading, Iterator[Any]], stack: ExitStack) -> None:
        """Start reading, and wait for the first row: whoever holds a model's sequence waits only for later models.

        So two comparisons never wait for each other; two prompts of one model would, and the second one is refused.
        """
        text = tuple(step.token_id for step in self.runs[self.text_of].steps)
        chains = tuple(self.runs[place].params.to_dict() for place in self._panes(reading))
        stream: Stream | None = None
        try:
            stream = self.pool.open(
                "rows", reading[0], Prompt(ids=reading[1], chosen=text), SamplingParams(), Extras(chains=chains)
            )
            stack.enter_context(closing(stream))
            stream.process.grant(stream.number, AHEAD)
            rows = self._rows(stream, alone=all(model != reading[0] for model, _ in streams))
            first = next(rows)
        except (PlaygroundError, StopIteration) as error:
            if stream:
                stream.close()  # or it would take a sequence later that nobody reads
            self._fail(reading, error)
            return
        streams[reading] = _again(first, rows)

    def _fail(self, reading: Reading, error: Exception) -> None:
        said = error.said if isinstance(error, PlaygroundError) else Sentence("Its model stopped reading.")
        self.problems |= dict.fromkeys(self._panes(reading), said)

    @staticmethod
    def _rows(stream: Stream, *, alone: bool) -> Iterator[Any]:
        while True:
            message = stream.next()
            if message["event"] == "done":
                return
            if message["event"] == "row":
                stream.process.grant(stream.number, 1)
                yield message
            elif not alone:
                raise ModelBusy(
                    "This model has no second sequence free for the other prompt.",
                    hint="Try again when other texts have ended, or set more sequences in models.yaml.",
                )

    def _taken(self, reading: Reading, rows: Iterator[Any]) -> dict[int, tuple[Distribution, Distribution]]:
        """Return the raw and final distribution of each pane of a reading; nothing once it has failed."""
        try:
            message = next(rows, None)
        except PlaygroundError as error:
            self._fail(reading, error)
            return {}
        if message is None:
            return {}
        row = np.frombuffer(message["row"], np.float32)
        raw = Distribution.of_logits(row)
        finals = [unpack(flat, row) for flat in message["finals"]]
        return {place: (raw, final) for place, final in zip(self._panes(reading), finals, strict=True)}

    @staticmethod
    def _gap(pair: Pair, found: dict[int, tuple[Distribution, Distribution]]) -> Gap | None:
        if pair.one not in found or pair.other not in found:
            return None
        (raw, final), (other_raw, other_final) = found[pair.one], found[pair.other]
        between, ignored = _between(raw, other_raw, pair.agreement)
        return Gap(between, _between(final, other_final, pair.agreement)[0], ignored)


def _again(first: Any, rest: Iterator[Any]) -> Iterator[Any]:  # noqa: ANN401 (a message of a process)
    yield first
    yield from rest


def _between(one: Distribution, other: Distribution, agreed: Agreement) -> tuple[Distance, float]:
    """Return the distance over the ids that mean the same in both, and the larger share that one has on others."""
    (mine, share), (theirs, other_share) = (
        narrowed(distribution, agreed.width, agreed.renamed) for distribution in (one, other)
    )
    found = APART if mine is None or theirs is None else distance(mine, theirs)
    return found, max(share, other_share)
